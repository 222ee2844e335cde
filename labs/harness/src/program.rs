//! Asks programs on this machine for their version.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// How long a program may take to print its version.
const PATIENCE: Duration = Duration::from_secs(5);

/// The first line of a program's output, such as its version; `None` if the program is missing, fails, or takes too long.
pub async fn says(program: &str, arguments: &[&str]) -> Option<String> {
    which::which(program).ok()?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.ok()?.ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().map(str::trim).filter(|line| !line.is_empty())?;
    output.status.success().then(|| line.to_owned())
}
