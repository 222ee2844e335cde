//! Builds an exercise in a target directory of its own, so that an editor that builds at the same time does not block
//! it, and is not blocked by it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use harness::Failure;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

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
        .map_err(|error| Failure::new(format!("`cargo` cannot be started: {error}")))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let mut last_words = String::new();
    let (messages, ()) = tokio::join!(read(stdout), async {
        for_each_line(stderr, |line| {
            said(line.trim());
            last_words = line.trim().to_owned();
        })
        .await;
    });
    let built = child.wait().await?;
    let (program, errors) = messages;
    match program.filter(|_| built.success()) {
        Some(program) => Ok(Built::Program(program)),
        None if errors.is_empty() => {
            Err(Failure::new(format!("`cargo build -p {package}` failed: {last_words}")))
        }
        None => Ok(Built::Errors(errors)),
    }
}

async fn read(stdout: Option<impl AsyncRead + Unpin>) -> (Option<PathBuf>, Vec<String>) {
    let (mut program, mut errors) = (None, Vec::new());
    for_each_line(stdout, |line| {
        let message: Value = serde_json::from_str(line).unwrap_or_default();
        if let Some(path) = message["executable"].as_str() {
            program = Some(PathBuf::from(path));
        }
        let diagnostic = &message["message"];
        // An error without a span sums up others ("aborting due to 2 previous errors"), so it is left out.
        if diagnostic["level"] == "error"
            && !diagnostic["spans"].as_array().is_none_or(Vec::is_empty)
            && let Some(text) = diagnostic["rendered"].as_str()
        {
            errors.push(text.trim_end().to_owned());
        }
    })
    .await;
    (program, errors)
}

async fn for_each_line(stream: Option<impl AsyncRead + Unpin>, mut each: impl FnMut(&str)) {
    let Some(stream) = stream else { return };
    let mut lines = BufReader::new(stream).lines();
    // A read error ends the loop like the end of the stream does: the exit code tells how the build ended.
    while let Ok(Some(line)) = lines.next_line().await {
        each(&line);
    }
}
