//! Runs the program as a process.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program to its end.
pub(crate) fn run(arguments: &[&str]) -> Ended {
    run_with(&[], arguments)
}

/// Runs the program to its end with these environment variables; other variables of the labs are removed.
pub(crate) fn run_with(environment: &[(&str, &str)], arguments: &[&str]) -> Ended {
    let output = command(environment, arguments).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

/// Runs the program to its end with this input on stdin.
pub(crate) fn run_reading(input: &[u8], arguments: &[&str]) -> Ended {
    let mut stdin = tempfile::tempfile().unwrap();
    stdin.write_all(input).unwrap();
    stdin.rewind().unwrap();
    let output = command(&[], arguments).stdin(stdin).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

pub(crate) fn command(environment: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authlab"));
    for setting in [
        "REDIS_URL",
        "AUTHLAB_STORE",
        "AUTHLAB_LISTEN",
        "AUTHLAB_ACCOUNTS",
        "AUTHLAB_ORIGIN",
        "AUTHLAB_LOG",
        "RUST_LOG",
    ] {
        command.env_remove(setting);
    }
    command.envs(environment.iter().copied()).args(arguments);
    command
}

/// A server that runs until this is dropped.
pub(crate) struct Serving {
    pub(crate) url: String,
    child: Child,
    announced: String,
    stdout: BufReader<ChildStdout>,
    stderr: File,
}

/// How a server is told to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Stop {
    /// By SIGTERM, the signal that an operator's tools send.
    #[cfg(unix)]
    Sigterm,
    /// By the end of its stdin.
    EndOfStdin,
}

impl Serving {
    /// Starts `serve` with these arguments on a free port, and waits until it listens.
    pub(crate) fn start(environment: &[(&str, &str)], arguments: &[&str]) -> Self {
        Self::start_command("serve", environment, arguments)
    }

    /// Starts `play` with these arguments on a free port, and waits until it listens.
    pub(crate) fn play(arguments: &[&str]) -> Self {
        Self::start_command("play", &[], arguments)
    }

    fn start_command(command_name: &str, environment: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut all = vec![command_name];
        all.extend(arguments);
        Self::of(environment, &all)
    }

    /// Starts any command that takes `--listen`, on a free port, and waits until it listens.
    pub(crate) fn of(environment: &[(&str, &str)], arguments: &[&str]) -> Self {
        Self::at("127.0.0.1:0", environment, arguments)
    }

    /// Starts any command that takes `--listen`, on this address, and waits until it listens.
    pub(crate) fn at(address: &str, environment: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut all = arguments.to_vec();
        all.extend(["--listen", address, "--until-stdin-ends"]);
        // The log goes to a file: a pipe that no one reads would block the server once it is full.
        let stderr = tempfile::tempfile().unwrap();
        let mut child = command(environment, &all)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr.try_clone().unwrap())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut announced = String::new();
        stdout.read_line(&mut announced).unwrap();
        let url = kit::announcement::url_in(&announced).expect("the server says where it listens");
        Self { url, child, announced, stdout, stderr }
    }

    /// Tells the server to stop, waits until it has, and returns everything that it wrote.
    pub(crate) fn stopped_by(mut self, stop: Stop) -> Ended {
        // Waiting for a child closes its stdin, which would be a second reason to stop.
        let stdin = self.child.stdin.take();
        let _open = match stop {
            #[cfg(unix)]
            Stop::Sigterm => {
                let pid = self.child.id().to_string();
                assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
                stdin
            }
            Stop::EndOfStdin => {
                drop(stdin);
                None
            }
        };
        let code = self.child.wait().unwrap().code();
        let (mut stdout, mut stderr) = (std::mem::take(&mut self.announced), String::new());
        self.stdout.read_to_string(&mut stdout).unwrap();
        self.stderr.rewind().unwrap();
        self.stderr.read_to_string(&mut stderr).unwrap();
        Ended { code, stdout, stderr }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
