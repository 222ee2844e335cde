//! Builds an exercise in a target directory of its own, so that an editor that builds at the same time does not block
//! it, and is not blocked by it.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use harness::Failure;
use kit::visible::visible;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

use super::cargo_output;

/// The result of a build.
#[derive(Debug)]
pub(crate) enum Built {
    /// The path of the program.
    Program(PathBuf),
    /// The compiler's errors in order, each as the compiler renders it.
    Errors(Vec<String>),
}

/// The two builds of an exercise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// The learner's own build.
    Own,
    /// The build on which the lab's attack succeeds.
    Weak,
}

/// The target directory of a project's exercises.
pub(crate) fn target_dir(root: &Path) -> PathBuf {
    root.join("target/learn")
}

/// Builds a package. `said` is called with each line that cargo prints on stderr. Both builds have the same file name,
/// so run one before you build the other.
pub(crate) async fn build(
    root: &Path,
    target_dir: &Path,
    package: &str,
    which: Which,
    colour: bool,
    said: impl Fn(&str),
) -> Result<Built, Failure> {
    let format = if colour { "json-diagnostic-rendered-ansi" } else { "json" };
    let features: &[&str] = if which == Which::Weak { &["--features", "weak"] } else { &[] };
    let mut child = Command::new("cargo")
        .args(["build", "--locked", "--package", package, "--message-format", format, "--target-dir"])
        .arg(target_dir)
        .args(features)
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Failure::new("`cargo` cannot be started").caused_by(&error))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let mut printed = String::new();
    let (messages, ()) = tokio::join!(read(stdout), async {
        for_each_line(stderr, |line| {
            said(&visible(line.trim()));
            printed.push_str(line);
            printed.push('\n');
        })
        .await;
    });
    let ended = child.wait().await?;
    match messages.program.filter(|_| ended.success()) {
        Some(program) => Ok(Built::Program(program)),
        None if messages.errors.is_empty() => {
            let why = messages.errors_elsewhere.into_iter().chain(cargo_output::errors(&printed));
            Err(failure(package, ended, why.collect()))
        }
        None => Ok(Built::Errors(messages.errors)),
    }
}

/// Why cargo could not build a package although the compiler found no error in its source.
fn failure(package: &str, ended: ExitStatus, why: Vec<String>) -> Failure {
    let why = if why.is_empty() { ended.to_string() } else { why.join("\n") };
    Failure::new(format!("`cargo build -p {package}` failed:\n{why}"))
}

/// What cargo wrote on stdout.
#[derive(Default)]
struct Messages {
    program: Option<PathBuf>,
    /// The compiler's errors about a place in a source file.
    errors: Vec<String>,
    /// The compiler's other errors, such as that of a linker.
    errors_elsewhere: Vec<String>,
}

async fn read(stdout: Option<impl AsyncRead + Unpin>) -> Messages {
    let mut messages = Messages::default();
    for_each_line(stdout, |line| {
        let message: Value = serde_json::from_str(line).unwrap_or_default();
        if let Some(path) = message["executable"].as_str() {
            messages.program = Some(PathBuf::from(path));
        }
        let diagnostic = &message["message"];
        let Some(text) = diagnostic["rendered"].as_str().filter(|_| diagnostic["level"] == "error") else {
            return;
        };
        let text = cargo_output::visible_with_colours(text.trim_end()).into_owned();
        let is_somewhere = diagnostic["spans"].as_array().is_some_and(|spans| !spans.is_empty());
        // An error without a place may sum up others ("aborting due to 2 previous errors").
        if is_somewhere {
            messages.errors.push(text);
        } else if !text.contains("aborting due to") {
            messages.errors_elsewhere.push(text);
        }
    })
    .await;
    messages
}

async fn for_each_line(stream: Option<impl AsyncRead + Unpin>, mut each: impl FnMut(&str)) {
    let Some(stream) = stream else { return };
    let mut lines = BufReader::new(stream).lines();
    // A read error ends the loop like the end of the stream does: the exit code tells how the build ended.
    while let Ok(Some(line)) = lines.next_line().await {
        each(&line);
    }
}
