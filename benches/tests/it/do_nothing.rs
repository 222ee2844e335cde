//! The do-nothing server in a separate process, so that tests can stop it, kill it and measure it from outside.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use measure::load::{Reach, Target};

/// The length of its response body, in bytes.
pub(crate) const BODY_BYTES: u64 = 97;

pub(crate) struct DoNothing {
    child: Child,
    pub(crate) url: String,
}

impl DoNothing {
    /// Starts a server that responds to every request with `status`, and waits until it prints its address.
    pub(crate) fn start(status: u16) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_do-nothing"))
            .arg(status.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the do-nothing server starts");
        let mut url = String::new();
        let stdout = child.stdout.take().expect("its standard output is piped");
        BufReader::new(stdout).read_line(&mut url).expect("it prints its address");
        Self { child, url: url.trim().to_owned() }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn target(&self) -> Target {
        Target::get(&self.url, "/me", Reach::LoopbackOnly).expect("it listens on loopback")
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it has ended");
    }
}

impl Drop for DoNothing {
    fn drop(&mut self) {
        // SIGKILL also ends a stopped process. Killing a process that a test has killed already fails, which is no
        // problem.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
