//! Builds an exercise, in a target directory of its own: an editor that builds at the same time does not block it, nor it
//! the editor.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use harness::Failure;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

/// What came of a build.
#[derive(Debug)]
pub(crate) enum Built {
    /// The program.
    Program(PathBuf),
    /// What the compiler says, its first error first, as it lays it out.
    Errors(Vec<String>),
}

/// Which of an exercise's two builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// The learner's own.
    Own,
    /// The one that the lab's attack gets in on.
    Weak,
}

/// Where the exercises of a project are built.
pub(crate) fn target_dir(root: &Path) -> PathBuf {
    root.join("target/learn")
}

/// Builds a package. `said` hears what is being compiled. Both builds end up under one name: run the one before the other
/// is built.
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
            Err(Failure::new(format!("`cargo build -p {package}` fails: {last_words}")))
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
        // What has no code is a sum of the others ("aborting due to 2 previous errors"), unless it is a syntax error.
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
    // A stream that breaks off is as good as one that ends: the exit code says what came of it.
    while let Ok(Some(line)) = lines.next_line().await {
        each(&line);
    }
}
