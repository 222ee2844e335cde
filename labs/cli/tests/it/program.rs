//! The program itself, run as a process.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs it to its end.
pub(crate) fn run(arguments: &[&str]) -> Ended {
    run_with(&[], arguments)
}

/// Runs it to its end with settings in its environment, and no others of ours.
pub(crate) fn run_with(environment: &[(&str, &str)], arguments: &[&str]) -> Ended {
    let output = command(environment, arguments).stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

pub(crate) fn command(environment: &[(&str, &str)], arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authlab"));
    for setting in
        ["REDIS_URL", "AUTHLAB_STORE", "AUTHLAB_LISTEN", "AUTHLAB_ACCOUNTS", "AUTHLAB_ORIGIN", "RUST_LOG"]
    {
        command.env_remove(setting);
    }
    command.envs(environment.iter().copied()).args(arguments);
    command
}

/// A server that runs until this is dropped.
pub(crate) struct Serving {
    pub(crate) url: String,
    child: Child,
}

impl Serving {
    /// Starts `serve` with these arguments on a free port, and waits until it listens.
    pub(crate) fn start(environment: &[(&str, &str)], arguments: &[&str]) -> Self {
        Self::start_command("serve", environment, arguments)
    }

    /// Starts the playground in the same way.
    pub(crate) fn play(arguments: &[&str]) -> Self {
        Self::start_command("play", &[], arguments)
    }

    fn start_command(command_name: &str, environment: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut all = vec![command_name];
        all.extend(arguments);
        Self::of(environment, &all)
    }

    /// Starts any command that listens where `--listen` says, on a free port, and waits until it does.
    pub(crate) fn of(environment: &[(&str, &str)], arguments: &[&str]) -> Self {
        let mut all = arguments.to_vec();
        all.extend(["--listen", "127.0.0.1:0", "--until-stdin-ends"]);
        let mut child = command(environment, &all)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url =
            line.trim().strip_prefix("listening on ").expect("the server says where it listens").to_owned();
        Self { url, child }
    }

    /// Asks it to stop as an operator does, and says with what code it ended.
    #[cfg(unix)]
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
