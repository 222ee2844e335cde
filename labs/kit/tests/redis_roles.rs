//! Which Redis a server starts with, and which one it leaves: replicas, cluster nodes, full ones, and users with few
//! rights.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kit::Redis;
use kit::config::RedisTimes;
use kit::redis::discovery::on_path;
use kit::redis::{ConnectError, Rights, Unfit};
use kit::testing::{Part, found_or_skip};
use redis::{FromRedisValue, RedisResult};
use tokio::net::{TcpListener, TcpStream};

/// Longer than the server may take to find a primary that moved.
const MOVED: Duration = Duration::from_secs(12);
/// How long a server may take to start, or two to agree.
const PATIENCE: Duration = Duration::from_secs(20);

/// Time limits for a machine that compiles something else meanwhile.
fn times() -> RedisTimes {
    let patient = Duration::from_secs(5);
    RedisTimes { response: patient, deadline: patient, ..RedisTimes::default() }
}

/// A Redis of the test's own, with a connection to control it. Dropping this ends it.
struct Server {
    child: Child,
    address: SocketAddr,
    hand: Redis,
    _folder: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    async fn start(settings: &[&str]) -> Option<Self> {
        let missing = || "there is no redis-server on the PATH".to_owned();
        let program = found_or_skip(Part::Redis, on_path().ok_or_else(missing))?;
        let address = StdListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new(program)
            .args(["--port", &address.port().to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--repl-diskless-sync-delay", "0"])
            .args(settings)
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let url = format!("redis://{address}");
        let hand = eventually(PATIENCE, async || Redis::connect_as_it_is(&url, times()).await.ok()).await;
        Some(Self { child, address, hand, _folder: folder })
    }

    fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    async fn tell<T: FromRedisValue>(&self, command: &str) -> T {
        ask(&self.hand, command).await.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    async fn follow(&self, primary: &Self) {
        self.tell::<()>(&format!("REPLICAOF 127.0.0.1 {}", primary.address.port())).await;
        eventually(PATIENCE, async || {
            let info: String = self.tell("INFO replication").await;
            info.contains("master_link_status:up").then_some(())
        })
        .await;
    }
}

async fn ask<T: FromRedisValue>(redis: &Redis, command: &str) -> RedisResult<T> {
    let mut words = command.split(' ');
    let mut all = redis::cmd(words.next().unwrap());
    all.arg(words.collect::<Vec<_>>());
    redis.query(&all).await
}

/// Asks until there is an answer. The pause only spares the CPU.
async fn eventually<T>(patience: Duration, mut answer: impl AsyncFnMut() -> Option<T>) -> T {
    let asked = async {
        loop {
            if let Some(answer) = answer().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(patience, asked).await.expect("it never came")
}

/// An address that leads to one server, and later to another. Open connections stay with their server, as they do when a
/// DNS name or a load balancer changes.
struct Address {
    at: SocketAddr,
    leads_to: Arc<Mutex<SocketAddr>>,
}

impl Address {
    async fn of(server: &Server) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (at, leads_to) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(server.address)));
        let target = Arc::clone(&leads_to);
        tokio::spawn(async move {
            while let Ok((mut near, _peer)) = listener.accept().await {
                let target = *target.lock().unwrap();
                tokio::spawn(async move {
                    let mut far = TcpStream::connect(target).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        Self { at, leads_to }
    }

    fn move_to(&self, server: &Server) {
        *self.leads_to.lock().unwrap() = server.address;
    }
}

async fn problem_of(redis: &Redis) -> Option<String> {
    redis.ready().await.err().map(|not_ready| not_ready.problem)
}

#[tokio::test]
async fn a_server_is_not_started_on_a_replica_and_is_on_its_primary() {
    let Some(primary) = Server::start(&[]).await else { return };
    let replica = Server::start(&[]).await.unwrap();
    replica.follow(&primary).await;
    match Redis::connect(&replica.url(), times()).await.err() {
        Some(ConnectError::Unfit { unfit: Unfit::Replica, url }) => assert_eq!(url, replica.url()),
        other => panic!("{other:?}"),
    }
    Redis::connect(&primary.url(), times()).await.unwrap();
}

#[tokio::test]
async fn a_primary_that_was_made_a_replica_is_left_for_the_one_that_its_address_leads_to() {
    let Some(old) = Server::start(&[]).await else { return };
    let new = Server::start(&[]).await.unwrap();
    let address = Address::of(&old).await;
    let redis = Redis::connect(&format!("redis://{}", address.at), times()).await.unwrap();
    assert_eq!(problem_of(&redis).await, None);
    new.tell::<()>("SET where new").await;
    old.follow(&new).await;

    // The address still leads to the old primary. A write is refused, and from then on reads are too, because they may be
    // old.
    let refused = ask::<()>(&redis, "SET key value").await.unwrap_err();
    assert!(refused.to_string().to_lowercase().contains("read"), "{refused}");
    let refused = ask::<String>(&redis, "GET where").await.unwrap_err();
    assert!(refused.to_string().contains("is a replica;"), "{refused}");
    let problem = eventually(MOVED, async || problem_of(&redis).await).await;
    assert_eq!(problem, "is a replica; the server is looking for the primary at its address");

    address.move_to(&new);
    let answer = eventually(MOVED, async || ask::<String>(&redis, "GET where").await.ok()).await;
    assert_eq!(answer, "new");
    assert_eq!(problem_of(&redis).await, None);
    ask::<()>(&redis, "SET key value").await.unwrap();
    assert_eq!(new.tell::<String>("GET key").await, "value");
}

#[tokio::test]
async fn a_replica_is_left_by_who_only_reads_too() {
    let Some(old) = Server::start(&[]).await else { return };
    let new = Server::start(&[]).await.unwrap();
    let address = Address::of(&old).await;
    let redis = Redis::connect(&format!("redis://{}", address.at), times()).await.unwrap();
    new.tell::<()>("SET where new").await;
    old.follow(&new).await;
    address.move_to(&new);
    old.tell::<()>("REPLICAOF NO ONE").await;
    old.tell::<()>("SET where old").await;
    old.tell::<()>("REPLICAOF 127.0.0.1 1").await;
    eventually(MOVED, async || {
        let answer: Option<String> = ask(&redis, "GET where").await.ok();
        answer.filter(|answer| answer == "new")
    })
    .await;
}

#[tokio::test]
async fn a_replica_that_is_made_the_primary_again_is_found_again() {
    let Some(server) = Server::start(&[]).await else { return };
    let redis = Redis::connect(&server.url(), times()).await.unwrap();
    server.tell::<()>("REPLICAOF 127.0.0.1 1").await;
    eventually(MOVED, async || problem_of(&redis).await).await;
    server.tell::<()>("REPLICAOF NO ONE").await;
    eventually(MOVED, async || redis.ready().await.ok()).await;
    ask::<()>(&redis, "SET key value").await.unwrap();
}

#[tokio::test]
async fn a_cluster_node_is_refused_with_the_right_url_which_then_works() {
    let Some(node) = Server::start(&["--cluster-enabled", "yes"]).await else { return };
    let right = match Redis::connect(&node.url(), times()).await.err() {
        Some(ConnectError::Unfit { unfit: Unfit::ClusterNode(right), .. }) => right,
        other => panic!("{other:?}"),
    };
    assert_eq!(right, format!("redis+cluster://{}", node.address));
    node.tell::<()>("CLUSTER ADDSLOTSRANGE 0 16383").await;
    eventually(PATIENCE, async || {
        let info: String = node.tell("CLUSTER INFO").await;
        info.contains("cluster_state:ok").then_some(())
    })
    .await;
    let redis = Redis::connect(&right, times()).await.unwrap();
    assert_eq!(problem_of(&redis).await, None);
    node.tell::<()>("CONFIG SET maxmemory 1").await;
    assert!(problem_of(&redis).await.unwrap().starts_with("is full"));
}

#[tokio::test]
async fn a_full_redis_is_not_ready_and_says_so_until_there_is_room() {
    let Some(server) = Server::start(&[]).await else { return };
    let redis = Redis::connect(&server.url(), times()).await.unwrap();
    assert_eq!(problem_of(&redis).await, None);
    server.tell::<()>("CONFIG SET maxmemory 1").await;
    let full = "is full: it refuses logins, and still takes refreshes and logouts";
    assert_eq!(problem_of(&redis).await.as_deref(), Some(full));
    server.tell::<()>("CONFIG SET maxmemory 0").await;
    assert_eq!(problem_of(&redis).await, None);
}

#[tokio::test]
async fn a_redis_that_wants_more_replicas_than_it_has_is_not_ready() {
    let Some(server) = Server::start(&["--min-replicas-to-write", "1"]).await else { return };
    let redis = Redis::connect(&server.url(), times()).await.unwrap();
    assert_eq!(problem_of(&redis).await.as_deref(), Some("has too few replicas, and refuses writes"));
    server.tell::<()>("CONFIG SET min-replicas-to-write 0").await;
    assert_eq!(problem_of(&redis).await, None);
}

const RIGHTS: Rights =
    Rights { keys: "auth:*", key: "auth:x", commands: &["GET KEY", "SET KEY x NONSENSE", "TIME"] };

/// Gives a user these rules, and returns the result of a start as this user.
async fn required(server: &Server, rules: &str) -> Result<Redis, ConnectError> {
    server.tell::<()>(&format!("ACL SETUSER app reset on >secret {rules}")).await;
    let url = format!("redis://app:secret@{}", server.address);
    let redis = Redis::connect(&url, times()).await?;
    redis.require(&url, &RIGHTS).await?;
    Ok(redis)
}

#[tokio::test]
async fn a_user_with_exactly_the_rights_that_are_needed_starts_without_info_and_is_ready() {
    let Some(server) = Server::start(&[]).await else { return };
    let redis = required(&server, &RIGHTS.rules()).await.unwrap();
    assert_eq!(problem_of(&redis).await, None);
    let refused = ask::<()>(&redis, "INFO memory").await.unwrap_err();
    assert_eq!(refused.code(), Some("NOPERM"), "{refused}");
    let keys: u64 = server.tell("DBSIZE").await;
    assert_eq!(keys, 0, "trying the rights left something");
}

#[tokio::test]
async fn a_user_with_too_few_rights_is_refused_with_those_that_are_missing() {
    let Some(server) = Server::start(&[]).await else { return };
    let all = RIGHTS.rules();
    let wrong = [
        (format!("{all} -get"), "+get"),
        (format!("{all} -evalsha -time"), "+evalsha +time"),
        (format!("{all} -script"), "+script|load"),
        (format!("{all} resetkeys ~other:*"), "~auth:*"),
        (format!("{all} resetkeys %R~auth:*"), "~auth:*"),
        ("-@all".to_owned(), "+script|load +evalsha +get +set +time ~auth:*"),
    ];
    for (rules, expected) in wrong {
        match required(&server, &rules).await.err() {
            Some(ConnectError::Rights { missing, grant, url }) => {
                assert_eq!(missing, expected, "{rules}");
                assert_eq!(grant, format!("ACL SETUSER app {expected}"));
                assert_eq!(url, server.url());
            }
            other => panic!("{rules}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_user_whose_rights_are_taken_while_the_server_runs_is_not_ready() {
    let Some(server) = Server::start(&[]).await else { return };
    let redis = required(&server, &RIGHTS.rules()).await.unwrap();
    server.tell::<()>("ACL SETUSER app -evalsha").await;
    let problem = problem_of(&redis).await;
    assert_eq!(problem.as_deref(), Some("does not allow its user the commands that are needed"));
}
