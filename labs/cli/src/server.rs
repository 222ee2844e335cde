//! A lab's server as a child process: how the tour and the checker meet real servers.

use std::fmt::Display;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use kit::config::Store;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::design::Design;
use crate::fault::Fault;
use crate::serve::LISTENING;

/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running server. It ends when this is dropped, and also when this program dies without a chance to drop anything:
/// it watches the pipe on its stdin.
pub(crate) struct Server {
    /// Which design it serves.
    pub(crate) design: Design,
    /// Its base URL.
    pub(crate) url: String,
    /// Its process.
    pub(crate) pid: u32,
    _child: Child,
}

impl Server {
    /// Starts a design on a free port and waits until it listens.
    pub(crate) async fn start(design: Design, store: &Store, lab_controls: bool) -> Result<Self, Fault> {
        let arguments: &[&str] = match lab_controls {
            true => &["--accounts", "memory", "--lab-controls"],
            false => &["--accounts", "memory"],
        };
        Self::start_with(design, store, arguments, &[]).await
    }

    /// The same, with more arguments, and with settings in the environment.
    pub(crate) async fn start_with(
        design: Design,
        store: &Store,
        arguments: &[&str],
        settings: &[(&str, &str)],
    ) -> Result<Self, Fault> {
        let store = match store {
            Store::Memory => "memory",
            Store::Redis(url) => url,
        };
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["serve", design.name(), "--listen", "127.0.0.1:0", "--store", store])
            .arg("--until-stdin-ends")
            .args(arguments)
            .env("RUST_LOG", "off")
            // A server of the tour is set up by the tour alone: the settings of a real one are not to leak into it.
            .env_remove("AUTHLAB_ORIGIN")
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let url = announced(&mut child, design).await?;
        let pid = child.id().ok_or_else(|| Fault::new(format!("the {design} server ended at once")))?;
        Ok(Self { design, url, pid, _child: child })
    }
}

/// A server of another program that says in the same way where it listens, and ends with its stdin. It ends when this is
/// dropped.
pub(crate) struct Started {
    /// Its base URL.
    pub(crate) url: String,
    _child: Child,
}

impl Started {
    /// Starts it and waits until it listens.
    pub(crate) async fn start(program: &Path, name: &str) -> Result<Self, Fault> {
        let mut child = Command::new(program)
            .env("RUST_LOG", "off")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| Fault::new(format!("{}: {error}", program.display())))?;
        let url = announced(&mut child, name).await?;
        Ok(Self { url, _child: child })
    }
}

async fn announced(child: &mut Child, design: impl Display) -> Result<String, Fault> {
    let announced = tokio::time::timeout(PATIENCE, announcement(child, &design)).await;
    announced.map_err(|_elapsed| {
        Fault::new(format!("the {design} server did not listen within {} s", PATIENCE.as_secs()))
    })?
}

async fn announcement(child: &mut Child, design: &impl Display) -> Result<String, Fault> {
    let stdout = child.stdout.take().ok_or_else(|| Fault::new("a child process has no stdout"))?;
    let mut lines = BufReader::new(stdout).lines();
    if let Some(line) = lines.next_line().await?
        && let Some(url) = line.strip_prefix(LISTENING)
    {
        return Ok(url.to_owned());
    }
    let mut said = String::new();
    if let Some(stderr) = child.stderr.take() {
        stderr.take(4096).read_to_string(&mut said).await?;
    }
    let said = said.trim().trim_start_matches("error: ");
    Err(Fault::new(format!("the {design} server did not start: {said}")))
}
