//! A Redis that the rows may break. It is started here and writes everything to disk at once, so that a restart loses
//! nothing.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use harness::Failure;
use harness::store::{self, Wanted};
use kit::Redis;
use kit::config::RedisTimes;
use kit::redis::discovery;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// How long a Redis may take to answer after its start.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long one PING may take, and the pause before the next.
const QUESTION: Duration = Duration::from_millis(200);
const PAUSE: Duration = Duration::from_millis(10);
/// Every write is on disk before Redis answers it, so data lost in a restart was never acknowledged.
const DURABLE: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];

/// How a Redis is started: as a program, or in a container.
pub(crate) enum Source {
    Program(PathBuf),
    Container { image: String },
}

/// A Redis that was started here. It ends when this is dropped.
pub(crate) struct RedisServer {
    /// The address where it listens. A container that was restarted has another port.
    pub(crate) address: SocketAddr,
    body: Body,
}

/// A copy of a Redis's files on disk.
pub(crate) struct Disk(TempDir);

enum Body {
    Process { program: PathBuf, folder: TempDir, child: Box<Child> },
    Container(Container),
}

/// The container's id; the container is removed when this is dropped.
struct Container(String);

impl Source {
    /// The program on the `PATH`, or else a container. A Redis at a URL belongs to another person, so it is refused.
    pub(crate) fn find(wanted: Option<Wanted>) -> Result<Self, Failure> {
        match (wanted, discovery::on_path()) {
            (Some(Wanted::Memory), _) => {
                Err(Failure::new("faults need a Redis to break; omit --store to have one started"))
            }
            (Some(Wanted::Url(_)), _) => Err(Failure::new(
                "faults kill, freeze and fill a Redis, so they only touch one that they started themselves; \
                 omit --store, or use --store redis",
            )),
            (_, Some(program)) => Ok(Self::Program(program)),
            (_, None) => Ok(Self::Container { image: store::image() }),
        }
    }

    /// Whether the servers are programs on this machine, which can reach each other.
    pub(crate) fn starts_programs(&self) -> bool {
        matches!(self, Self::Program(_))
    }

    pub(crate) async fn start(&self) -> Result<RedisServer, Failure> {
        let mut server = match self {
            Self::Program(program) => {
                let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
                let folder = tempfile::tempdir()?;
                let child = Box::new(spawn(program, port, &folder)?);
                let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
                RedisServer { address, body: Body::Process { program: program.clone(), folder, child } }
            }
            Self::Container { image } => {
                let run = ["run", "--detach", "--publish", "127.0.0.1::6379", image, "redis-server"];
                let id = docker(&[&run[..], &DURABLE].concat()).await.map_err(|said| {
                    Failure::new(format!(
                        "no Redis to break: there is none on the PATH, and docker says: {said}; `cargo lab doctor` says how to get one"
                    ))
                })?;
                let container = Container(id);
                RedisServer { address: container.published().await?, body: Body::Container(container) }
            }
        };
        server.until_it_answers().await?;
        Ok(server)
    }
}

impl RedisServer {
    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// The name of this Redis in a report, as `redis 7.0.15 (path)`.
    pub(crate) async fn description(&self) -> Result<String, Failure> {
        let from = match self.body {
            Body::Process { .. } => "path",
            Body::Container(_) => "docker",
        };
        Ok(format!("{} ({from})", self.connect().await?.version().await?))
    }

    /// A direct connection that bypasses the proxy, and that stays open when the server's role changes.
    pub(crate) async fn connect(&self) -> Result<Redis, Failure> {
        Ok(Redis::connect_as_it_is(&self.url(), RedisTimes::default()).await?)
    }

    /// Kills the server without a clean shutdown.
    pub(crate) async fn kill(&mut self) -> Result<(), Failure> {
        match &mut self.body {
            Body::Process { child, .. } => Ok(child.kill().await?),
            Body::Container(Container(id)) => docker(&["kill", id]).await.map(drop),
        }
    }

    /// Restarts the server with its data on disk. Returns when it first answered.
    pub(crate) async fn restart(&mut self) -> Result<Instant, Failure> {
        match &mut self.body {
            Body::Process { program, folder, child } => {
                **child = spawn(program, self.address.port(), folder)?
            }
            Body::Container(container) => {
                docker(&["start", &container.0]).await?;
                self.address = container.published().await?;
            }
        }
        self.until_it_answers().await?;
        Ok(Instant::now())
    }

    /// Whether its files on disk can be read and written from here.
    pub(crate) fn has_disk(&self) -> bool {
        matches!(self.body, Body::Process { .. })
    }

    /// A copy of its files on disk.
    pub(crate) fn disk(&self) -> Result<Disk, Failure> {
        let copied = tempfile::tempdir()?;
        copy(self.folder()?, copied.path())?;
        Ok(Disk(copied))
    }

    /// Replaces its files on disk, while it is down, by a copy, or deletes them if `disk` is `None`.
    pub(crate) fn put_on_disk(&mut self, disk: Option<&Disk>) -> Result<(), Failure> {
        let Body::Process { folder, .. } = &mut self.body else { return Err(no_disk()) };
        *folder = tempfile::tempdir()?;
        match disk {
            Some(Disk(copied)) => Ok(copy(copied.path(), folder.path())?),
            None => Ok(()),
        }
    }

    fn folder(&self) -> Result<&Path, Failure> {
        match &self.body {
            Body::Process { folder, .. } => Ok(folder.path()),
            Body::Container(_) => Err(no_disk()),
        }
    }

    /// Freezes the server: connections stay open, and it does not answer.
    pub(crate) async fn pause(&self) -> Result<(), Failure> {
        match &self.body {
            Body::Process { child, .. } => signal("-STOP", child).await,
            Body::Container(Container(id)) => docker(&["pause", id]).await.map(drop),
        }
    }

    /// Lets the server continue; it then runs all commands sent in the meantime.
    pub(crate) async fn resume(&self) -> Result<(), Failure> {
        match &self.body {
            Body::Process { child, .. } => signal("-CONT", child).await,
            Body::Container(Container(id)) => docker(&["unpause", id]).await.map(drop),
        }
    }

    /// Sends PING until the answer is PONG: a Redis that is still reading its file from disk refuses with `LOADING`.
    async fn until_it_answers(&mut self) -> Result<(), Failure> {
        let start = Instant::now();
        loop {
            if let Ok(Ok(true)) = tokio::time::timeout(QUESTION, answers(self.address)).await {
                return Ok(());
            }
            if let Body::Process { child, .. } = &mut self.body
                && let Some(status) = child.try_wait()?
            {
                return Err(Failure::new(format!(
                    "the Redis that was started here ended at once ({status})"
                )));
            }
            if start.elapsed() > PATIENCE {
                return Err(Failure::new(format!("a Redis did not answer within {} s", PATIENCE.as_secs())));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn no_disk() -> Failure {
    Failure::new("the files of a Redis in a container cannot be read or written")
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            fs::create_dir_all(&target)?;
            copy(&entry.path(), &target)?;
        } else if entry.file_type()?.is_file() {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

async fn answers(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"PING\r\n").await?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer).await?;
    Ok(&answer == b"+PONG")
}

fn spawn(program: &PathBuf, port: u16, folder: &TempDir) -> Result<Child, Failure> {
    let child = Command::new(program)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--daemonize", "no"])
        .args(["--maxmemory-policy", "noeviction"])
        .args(DURABLE)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Failure::new(format!("{} cannot be started ({error})", program.display())))?;
    Ok(child)
}

async fn signal(name: &str, child: &Child) -> Result<(), Failure> {
    let pid = child.id().ok_or_else(|| Failure::new("the Redis that was started here has ended"))?;
    let sent = Command::new("kill").args([name, &pid.to_string()]).status().await?;
    if sent.success() { Ok(()) } else { Err(Failure::new(format!("`kill {name} {pid}` failed"))) }
}

impl Container {
    async fn published(&self) -> Result<SocketAddr, Failure> {
        let published = docker(&["port", &self.0, "6379/tcp"]).await?;
        Ok(published.lines().next().unwrap_or_default().trim().parse()?)
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let remove = ["rm", "--force", "--volumes", &self.0];
        let _ = std::process::Command::new("docker").args(remove).stdout(Stdio::null()).status();
    }
}

async fn docker(arguments: &[&str]) -> Result<String, Failure> {
    let run = Command::new("docker").args(arguments).stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(PATIENCE * 6, run).await??;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(
        said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it failed without a message"),
    ))
}
