//! Private Redis servers of a test, started with the program on the `PATH`, each in a folder that is deleted with it.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use kit::Redis as Connection;
use kit::redis::discovery::on_path;
use kit::testing::{Part, found_or_skip};
use redis::FromRedisValue;

use crate::place::times;

/// How long servers may take to start, or to agree.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server. Dropping it stops it.
pub(crate) struct Server {
    pub(crate) port: u16,
    /// The port on which the nodes of a cluster talk to one another.
    bus_port: u16,
    child: Child,
    hands: Connection,
    _folder: tempfile::TempDir,
}

/// The path of `redis-server`, or `None` with a clear message if it is not installed.
pub(crate) fn program() -> Option<PathBuf> {
    found_or_skip(Part::Redis, on_path().ok_or_else(|| "there is no redis-server on the PATH".into()))
}

impl Server {
    /// Starts a server that stores nothing on disk.
    pub(crate) async fn start(program: &Path, clustered: bool) -> Self {
        // Another process may take a free port before the server does; then it tries another one.
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let (port, bus_port) = free_ports();
            let mut command = Command::new(program);
            command.args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
            ]);
            command.args(["--maxmemory-policy", "noeviction", "--repl-diskless-sync-delay", "0"]);
            if clustered {
                command.args(["--cluster-enabled", "yes", "--cluster-port", &bus_port.to_string()]);
                // A node that has not answered for this long counts as lost, and its replica takes over.
                command.args(["--cluster-node-timeout", "2000"]);
            }
            command
                .current_dir(folder.path())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            let mut child = command.spawn().unwrap();
            let start = Instant::now();
            while start.elapsed() < PATIENCE && child.try_wait().unwrap().is_none() {
                if let Ok(hands) = Connection::connect_as_it_is(&url(port), times()).await {
                    return Self { port, bus_port, child, hands, _folder: folder };
                }
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("{} does not start", program.display());
    }

    pub(crate) fn url(&self) -> String {
        url(self.port)
    }

    /// Sends a command, written as in the Redis manual.
    pub(crate) async fn tell<T: FromRedisValue>(&self, command: &str) -> T {
        let mut words = command.split_whitespace();
        let mut all = redis::cmd(words.next().unwrap());
        all.arg(words.collect::<Vec<_>>());
        self.hands.query(&all).await.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Waits until the answer to a command contains all of these words.
    pub(crate) async fn until(&self, command: &str, words: &[&str]) {
        self.until_told(command, |answer| words.iter().all(|word| answer.contains(word))).await;
    }

    /// Waits until the answer to a command is as wanted. The pause only saves CPU time.
    pub(crate) async fn until_told(&self, command: &str, wanted: impl Fn(&str) -> bool) {
        let start = Instant::now();
        loop {
            let answer: String = self.tell(command).await;
            if wanted(&answer) {
                return;
            }
            assert!(start.elapsed() < PATIENCE, "{command} says {answer}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Makes this server a replica of another, and waits until it has all of that server's data.
    pub(crate) async fn follow(&self, primary: &Self) {
        self.tell::<()>(&format!("REPLICAOF 127.0.0.1 {}", primary.port)).await;
        self.until("INFO replication", &["master_link_status:up"]).await;
        primary.until("INFO replication", &["state=online"]).await;
    }
}

impl Server {
    /// Kills the server without a clean shutdown.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A cluster of three masters, with or without a replica of each.
pub(crate) struct Cluster {
    pub(crate) masters: [Server; 3],
    pub(crate) replicas: Vec<Server>,
}

impl Cluster {
    pub(crate) async fn start(program: &Path) -> Self {
        let node = || Server::start(program, true);
        let masters = [node().await, node().await, node().await];
        for (number, master) in masters.iter().enumerate() {
            let (first, last) = (number * 16384 / 3, (number + 1) * 16384 / 3 - 1);
            master.tell::<()>(&format!("CLUSTER ADDSLOTSRANGE {first} {last}")).await;
            master.tell::<()>(&format!("CLUSTER SET-CONFIG-EPOCH {}", number + 1)).await;
        }
        let cluster = Self { masters, replicas: Vec::new() };
        cluster.meet(&cluster.masters[1..]).await;
        cluster.until_whole("cluster_known_nodes:3").await;
        cluster
    }

    /// Starts a cluster with a replica of each master, which has all of the master's data.
    pub(crate) async fn start_with_replicas(program: &Path) -> Self {
        let mut cluster = Self::start(program).await;
        for _ in 0..3 {
            cluster.replicas.push(Server::start(program, true).await);
        }
        cluster.meet(&cluster.replicas).await;
        cluster.until_whole("cluster_known_nodes:6").await;
        for (master, replica) in cluster.masters.iter().zip(&cluster.replicas) {
            let id: String = master.tell("CLUSTER MYID").await;
            replica.tell::<()>(&format!("CLUSTER REPLICATE {id}")).await;
            replica.until("INFO replication", &["master_link_status:up"]).await;
            master.until("INFO replication", &["state=online"]).await;
        }
        // Masters vote for a replica only if they know that it is one.
        for master in &cluster.masters {
            master.until_told("CLUSTER NODES", |nodes| nodes.matches("slave").count() == 3).await;
        }
        cluster
    }

    async fn meet(&self, others: &[Server]) {
        for other in others {
            let meet = format!("CLUSTER MEET 127.0.0.1 {} {}", other.port, other.bus_port);
            self.masters[0].tell::<()>(&meet).await;
        }
    }

    async fn until_whole(&self, known: &str) {
        for node in self.masters.iter().chain(&self.replicas) {
            let whole = ["cluster_state:ok", known, "cluster_size:3", "cluster_slots_ok:16384"];
            node.until("CLUSTER INFO", &whole).await;
        }
    }

    /// The addresses of two of the nodes; the client finds the third by itself.
    pub(crate) fn url(&self) -> String {
        format!("redis+cluster://127.0.0.1:{},127.0.0.1:{}", self.masters[0].port, self.masters[1].port)
    }
}

fn url(port: u16) -> String {
    format!("redis://127.0.0.1:{port}")
}

fn free_ports() -> (u16, u16) {
    let bound = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
    let (one, other) = (bound(), bound());
    (port(&one), port(&other))
}
