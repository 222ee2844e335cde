//! Fetches and builds what the workshop needs while there is a network, for example the evening before.

use std::path::Path;
use std::process::Stdio;

use harness::Failure;
use harness::terminal::Progress;
use tokio::process::Command;

use crate::attack;
use crate::build::{self, Built, Which};
use crate::cargo_output;
use crate::course::{Course, Lab};

/// Fetches every crate that this platform needs, then builds both servers of every exercise, and the book.
pub(super) async fn run(course: &Course, target_dir: &Path) -> Result<(), Failure> {
    let progress = Progress::new(2 + course.labs.len() as u64);
    progress.stage("fetching crates");
    let mut fetch = vec!["fetch", "--locked"];
    // If rustc does not name the platform, cargo fetches the crates of all platforms: more than needed, but nothing is
    // missing.
    let platform = super::platform().await;
    fetch.extend(platform.iter().flat_map(|platform| ["--target", platform]));
    cargo(&course.root, &fetch).await?;
    progress.step();
    for lab in &course.labs {
        progress.stage(format!("building the exercise of lab {}", lab.id));
        both(lab, &course.root, target_dir, &progress).await?;
        progress.step();
    }
    progress.stage("building the book");
    cargo(&course.root, &["book", "build"]).await?;
    progress.step();
    Ok(())
}

/// Builds both servers of a lab. The weak one is built first, because both have the same file name and the learner's
/// own must be the one that remains.
async fn both(lab: &Lab, root: &Path, target_dir: &Path, progress: &Progress) -> Result<(), Failure> {
    attack::write_weak_build(lab, root)?;
    for which in [Which::Weak, Which::Own] {
        let said = |line: &str| progress.detail(line);
        let built = build::build(root, target_dir, &lab.package, which, false, said).await?;
        // A half-written exercise need not compile; its dependencies have been built by then.
        if let (Built::Errors(errors), Which::Weak) = (built, which) {
            let first = errors.into_iter().next().unwrap_or_default();
            return Err(Failure::new(format!(
                "the weak build of {} does not compile:\n{first}",
                lab.package
            )));
        }
    }
    Ok(())
}

async fn cargo(root: &Path, arguments: &[&str]) -> Result<(), Failure> {
    let output = Command::new("cargo")
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| Failure::new("`cargo` cannot be started").caused_by(&error))?;
    if output.status.success() {
        return Ok(());
    }
    let why = cargo_output::errors(&String::from_utf8_lossy(&output.stderr));
    let why = why.unwrap_or_else(|| output.status.to_string());
    Err(Failure::new(format!("`cargo {}` failed:\n{why}", arguments.join(" "))))
}
