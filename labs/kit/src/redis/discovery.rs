//! Finds a Redis for a learner who just wants to run the labs.
//!
//! It tries in this order: the URL that the caller names; a `valkey-server` or `redis-server` on the `PATH`, started
//! privately (own folder, own port, nothing written to disk); the same from a container image through the `docker` command.
//! If all fail, the labs keep their state in memory and say so. Dropping [`Found`] stops a server that was started here.

use std::fmt;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::{ConnectError, Redis};
use crate::config::RedisTimes;
use crate::store_url::without_secrets;

/// The default container image. Pinned, so that the results of two runs can be compared.
pub const DEFAULT_IMAGE: &str = "redis:7.4.7-alpine";

/// The name of a private server's Unix socket, in its folder. The whole path has to be short: the kernel allows about 100
/// bytes.
const SOCKET: &str = "redis.sock";
/// How long a private server may take to answer its first command.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the download of an image may take.
const PULL_PATIENCE: Duration = Duration::from_secs(120);

/// A Redis that answers.
pub struct Found {
    /// The URL of the Redis.
    pub url: String,
    /// The kind, version and origin of the Redis, for a report: `redis 7.0.15 (path)`.
    pub description: String,
    /// The URL of a Unix socket on which the Redis answers too, without TCP; only for a server that was started here from a
    /// program.
    pub socket_url: Option<String>,
    server: Option<Server>,
}

impl fmt::Debug for Found {
    /// Writes the URL without its password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, description, .. } = self;
        f.debug_struct("Found")
            .field("url", &without_secrets(url))
            .field("description", description)
            .finish_non_exhaustive()
    }
}

/// A server that was started here; dropping it ends it.
#[derive(Debug)]
enum Server {
    Process { child: Child, _folder: tempfile::TempDir },
    Container { id: String },
}

impl Found {
    /// The server's process id, if it was started here from a program: reports read its CPU time.
    pub fn pid(&self) -> Option<u32> {
        match &self.server {
            Some(Server::Process { child, .. }) => Some(child.id()),
            _ => None,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        match self {
            Self::Process { child, .. } => {
                let _ = child.kill();
                let _ = child.wait();
            }
            Self::Container { id } => {
                let _ = docker(&["rm", "--force", "--volumes", id], PATIENCE);
            }
        }
    }
}

/// The result of a search.
#[derive(Debug)]
pub enum Search {
    /// A Redis that answers.
    Found(Found),
    /// No Redis was found: one sentence for each place that was tried.
    Missing(Vec<String>),
}

/// Looks for a Redis: at the URL `asked` if there is one, otherwise on the `PATH` and in the container image. It is not an
/// error to find none.
///
/// # Errors
/// The Redis at the URL `asked` does not work.
pub async fn find(asked: Option<&str>, image: &str) -> Result<Search, ConnectError> {
    if let Some(url) = asked {
        let description = format!("{} (url)", probe(url).await?);
        return Ok(Search::Found(Found { url: url.into(), description, socket_url: None, server: None }));
    }
    let mut misses = Vec::new();
    match on_path() {
        Some(program) => match from_program(&program).await {
            Ok(found) => return Ok(Search::Found(found)),
            Err(miss) => misses.push(miss),
        },
        None => misses.push("neither valkey-server nor redis-server is on the PATH".into()),
    }
    match from_docker(image).await {
        Ok(found) => return Ok(Search::Found(found)),
        Err(miss) => misses.push(miss),
    }
    Ok(Search::Missing(misses))
}

/// The path of `valkey-server` or `redis-server` on the `PATH`, if there is one.
pub fn on_path() -> Option<PathBuf> {
    ["valkey-server", "redis-server"].iter().find_map(|name| which::which(name).ok())
}

/// Starts a private server from a program.
///
/// # Errors
/// The server does not start or does not answer. The error is a sentence that says why.
pub async fn from_program(program: &Path) -> Result<Found, String> {
    let shown = program.display();
    // Another program may take the free port before the server does, so there are three attempts.
    let mut last = String::new();
    for _ in 0..3 {
        let folder =
            tempfile::tempdir().map_err(|error| format!("cannot create a folder for {shown}: {error}"))?;
        let port = free_port().map_err(|error| format!("cannot find a free port for {shown}: {error}"))?;
        let child = Command::new(program)
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--maxmemory-policy", "noeviction", "--daemonize", "no"])
            .args(["--unixsocket", SOCKET, "--unixsocketperm", "700"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{shown} cannot be started: {error}"))?;
        let socket_url = format!("redis+unix://{}", folder.path().join(SOCKET).display());
        let mut server = Server::Process { child, _folder: folder };
        let url = format!("redis://127.0.0.1:{port}");
        match until_it_answers(&url, &mut server).await {
            Ok(version) => {
                let description = format!("{version} (path)");
                return Ok(Found { url, description, socket_url: Some(socket_url), server: Some(server) });
            }
            Err(error) => last = format!("{shown} started and cannot be used: {error}"),
        }
    }
    Err(last)
}

/// Starts a container from an image; dropping [`Found`] removes the container.
///
/// # Errors
/// There is no `docker`, or the container does not start or does not answer. The error is a sentence that says why.
pub async fn from_docker(image: &str) -> Result<Found, String> {
    if which::which("docker").is_err() {
        return Err("docker is not on the PATH".into());
    }
    let image = image.to_owned();
    let started = tokio::task::spawn_blocking(move || start_container(&image)).await;
    let (mut server, url) = started.map_err(|error| format!("waiting for docker failed: {error}"))??;
    let version = until_it_answers(&url, &mut server).await?;
    let description = format!("{version} (docker)");
    Ok(Found { url, description, socket_url: None, server: Some(server) })
}

fn start_container(image: &str) -> Result<(Server, String), String> {
    // A quick question first: without a daemon, a pull would take a long time to fail.
    docker(&["version", "--format", "{{.Server.Version}}"], PATIENCE)
        .map_err(|error| format!("no Docker daemon answers ({error})"))?;
    if docker(&["image", "inspect", image], PATIENCE).is_err() {
        docker(&["pull", "--quiet", image], PULL_PATIENCE)
            .map_err(|error| format!("{image} cannot be pulled ({error})"))?;
    }
    let id = docker(&["run", "--detach", "--publish", "127.0.0.1::6379", image], PATIENCE)
        .map_err(|error| format!("{image} does not start ({error})"))?;
    let server = Server::Container { id: id.clone() };
    let published = docker(&["port", &id, "6379/tcp"], PATIENCE)
        .map_err(|error| format!("{image} publishes no port ({error})"))?;
    let address = published.lines().next().unwrap_or_default().trim();
    Ok((server, format!("redis://{address}")))
}

/// Runs `docker` within a time limit: a daemon that hangs must not make this program hang.
fn docker(arguments: &[&str], patience: Duration) -> Result<String, String> {
    let child = Command::new("docker")
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let pid = child.id();
    let (done, waited) = std::sync::mpsc::channel::<std::io::Result<Output>>();
    std::thread::spawn(move || done.send(child.wait_with_output()));
    let Ok(output) = waited.recv_timeout(patience) else {
        let _ = Command::new("kill").arg(pid.to_string()).status();
        return Err(format!("no answer in {} s", patience.as_secs()));
    };
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty());
    Err(last.unwrap_or("it failed without a message").trim().to_owned())
}

fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

async fn probe(url: &str) -> Result<String, ConnectError> {
    let redis = Redis::connect(url, RedisTimes::default()).await?;
    redis.version().await.map_err(|source| ConnectError::NotRedis { url: without_secrets(url), source })
}

/// Asks until there is an answer, the process has ended, or the time is over. The pause between two attempts only spares
/// the CPU.
async fn until_it_answers(url: &str, server: &mut Server) -> Result<String, String> {
    let start = Instant::now();
    loop {
        let error = match probe(url).await {
            Ok(version) => return Ok(version),
            Err(error) => error,
        };
        if let Server::Process { child, .. } = server
            && let Ok(Some(status)) = child.try_wait()
        {
            return Err(format!("it ended at once ({status})"));
        }
        if start.elapsed() > PATIENCE {
            return Err(error.to_string());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
