//! A lab's server as a child process, with which the tour and the checker test real servers.

use std::process::Stdio;
use std::time::Duration;

use kit::announcement;
use kit::config::Store;
use kit::visible::visible_lines;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::design::Design;
use crate::failure::Failure;

/// How long a server may take until it listens.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server. It ends when this is dropped, and also when this program is killed and drops nothing: the server
/// watches the pipe on its stdin.
pub struct Server {
    /// The design that it serves.
    pub design: Design,
    /// Its base URL.
    pub url: String,
    /// Its process id.
    pub pid: u32,
    // Dropped in this order: the server ends before its accounts are deleted.
    _process: Process,
    _accounts: Option<TempDir>,
}

/// A child process of this program that listens on a URL.
pub struct Process {
    /// Its base URL.
    pub url: String,
    /// Its process id.
    pub pid: u32,
    _child: Child,
}

impl Server {
    /// Starts a design's server on a free port, with accounts in memory, and waits until it listens.
    ///
    /// # Errors
    /// The server does not start or does not listen in time.
    pub async fn start(design: Design, store: &Store, lab_controls: bool) -> Result<Self, Failure> {
        let arguments: &[&str] = match lab_controls {
            true => &["--accounts", "memory", "--lab-controls"],
            false => &["--accounts", "memory"],
        };
        Self::start_with(design, store, arguments, &[]).await
    }

    /// Starts a design's server like [`Self::start`], with these arguments instead, and with settings as environment
    /// variables.
    ///
    /// # Errors
    /// The server does not start or does not listen in time.
    pub async fn start_with(
        design: Design,
        store: &Store,
        arguments: &[&str],
        settings: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let process = Process::start(command(design, store, arguments, settings)?, design.name).await?;
        Ok(Self { design, url: process.url.clone(), pid: process.pid, _process: process, _accounts: None })
    }

    /// Starts a design's server with its accounts in a file, as in production, and with settings as environment
    /// variables. The file is deleted with the server.
    ///
    /// # Errors
    /// The server does not start or does not listen in time, or the file cannot be created.
    pub async fn start_with_accounts_in_a_file(
        design: Design,
        store: &Store,
        settings: &[(&str, &str)],
    ) -> Result<Self, Failure> {
        let folder = TempDir::new()?;
        let file = folder.path().join("accounts.sqlite");
        let file =
            file.to_str().ok_or_else(|| Failure::new("the folder for temporary files is not UTF-8"))?;
        let server = Self::start_with(design, store, &["--accounts", file], settings).await?;
        Ok(Self { _accounts: Some(folder), ..server })
    }
}

/// The command that starts the server. It passes the store in the environment: the URL may contain a password, and every
/// user of this machine can see a command line.
fn command(
    design: Design,
    store: &Store,
    arguments: &[&str],
    settings: &[(&str, &str)],
) -> std::io::Result<Command> {
    let store = match store {
        Store::Memory => "memory",
        Store::Redis(url) => url,
    };
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["serve", design.name, "--listen", "127.0.0.1:0", "--until-stdin-ends"])
        .args(arguments)
        .env("AUTHLAB_STORE", store)
        .envs(settings.iter().copied());
    Ok(command)
}

impl Process {
    /// Starts a command that announces its URL on the first line of stdout, and that ends when its stdin ends.
    ///
    /// # Errors
    /// The command does not start, ends, or does not announce its URL in time.
    pub async fn start(mut command: Command, name: &str) -> Result<Self, Failure> {
        command
            .env("RUST_LOG", "off")
            // Only the tour configures its servers: an operator's exported settings must not affect them.
            .env_remove("AUTHLAB_ORIGIN")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // A terminal sends Ctrl-C to every process of its foreground group. The program that started a server must end it,
        // so the server gets a group of its own.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let url =
            tokio::time::timeout(PATIENCE, announcement(&mut child, name)).await.map_err(|_elapsed| {
                Failure::new(format!("the {name} server did not listen within {} s", PATIENCE.as_secs()))
            })??;
        let pid = child.id().ok_or_else(|| Failure::new(format!("the {name} server ended at once")))?;
        Ok(Self { url, pid, _child: child })
    }
}

async fn announcement(child: &mut Child, name: &str) -> Result<String, Failure> {
    let stdout = child.stdout.take().ok_or_else(|| Failure::new("a child process has no stdout"))?;
    let mut lines = BufReader::new(stdout).lines();
    if let Some(line) = lines.next_line().await?
        && let Some(url) = announcement::url_in(&line)
    {
        return Ok(url);
    }
    let mut said = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        stderr.take(4096).read_to_end(&mut said).await?;
    }
    let said = reason(&String::from_utf8_lossy(&said));
    Err(Failure::new(format!("the {name} server did not start: {}", visible_lines(&said))))
}

/// Why a server ended, from its last line on stderr, which is a JSON object if `AUTHLAB_LOG` asks for JSON.
fn reason(said: &str) -> String {
    let last = said.lines().last().and_then(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    match last.as_ref().and_then(|line| line["message"].as_str()) {
        Some(message) => message.to_owned(),
        None => said.trim().trim_start_matches("error: ").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::design::HYBRID;

    #[test]
    fn the_url_of_a_store_is_on_no_command_line() {
        let store = Store::Redis("redis://u:hunter2@db.example".to_owned());
        let command = command(HYBRID, &store, &["--accounts", "memory"], &[]).unwrap();
        let command = command.as_std();
        assert!(!command.get_args().any(|argument| argument.to_string_lossy().contains("hunter2")));
        let given =
            command.get_envs().find(|(name, _)| *name == "AUTHLAB_STORE").and_then(|(_, value)| value);
        assert_eq!(given, Some("redis://u:hunter2@db.example".as_ref()));
    }

    #[test]
    fn a_server_that_did_not_start_gives_its_reason_in_either_format() {
        assert_eq!(reason("error: cannot listen\n"), "cannot listen");
        assert_eq!(reason("{\"level\":\"ERROR\",\"message\":\"cannot listen\"}\n"), "cannot listen");
        assert_eq!(reason(""), "");
    }
}
