//! `cargo lab verify-course`: the workshop proves itself, in a copy of the project, so that no learner's work is
//! touched.
//!
//! For each lab: the starter compiles, and every check of every step fails for one reason only, that the step is not
//! written yet; the lab's own solution of a step turns the checks of that step green, and no others; the lab's attack
//! gets in on its weak build, and the solved exercise keeps it out; and `reset` restores the starter and keeps a copy
//! of the learner's code. The tests of the judges prove that each check catches its own fault and no other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use conformance::Outcome;
use harness::Failure;
use harness::terminal;

use super::attack::{self, Own, Way};
use super::build::{self, Built, Which};
use super::course::{Course, Lab, Step};
use super::judge::{self, Finding};
use super::{keep, line_endings, source};

/// The files and folders to copy: the parts of the project's folder that the proofs need.
const PARTS: &[&str] = &["Cargo.toml", "Cargo.lock", "clippy.toml", "labs", "tests", "benches", "book"];

/// One line of the table: one proof of one lab.
struct Row {
    lab: String,
    what: String,
    checks: String,
    wrong: Vec<String>,
    seconds: f64,
}

/// Proves the course, prints a table (or JSON), and returns the exit code: failure if a proof failed.
pub(crate) async fn run(target_dir: Option<PathBuf>, json: bool) -> Result<ExitCode, Failure> {
    let course = Course::find()?;
    let target_dir = target_dir.unwrap_or_else(|| build::target_dir(&course.root));
    let target_dir = std::path::absolute(target_dir)?;
    let copy = course.root.join("target/authlab/course");
    for part in PARTS {
        bring(&course.root.join(part), &copy.join(part))?;
    }
    let copied = Course::read(&copy)?;
    let progress = terminal::Progress::new(course.steps().count() as u64 + 2 * course.labs.len() as u64);
    let mut rows = Vec::new();
    for lab in &copied.labs {
        prove(lab, &copy, &target_dir, &progress, &mut rows).await?;
    }
    drop(progress);
    let failed = rows.iter().any(|row| !row.wrong.is_empty());
    match json {
        true => print_json(&rows)?,
        false => print(&rows),
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn prove(
    lab: &Lab,
    root: &Path,
    target_dir: &Path,
    progress: &terminal::Progress,
    rows: &mut Vec<Row>,
) -> Result<(), Failure> {
    for file in lab.files() {
        bring_text(&lab.exercise(file), &source::starter(lab, file)?)?;
    }
    for written in 0..=lab.steps.len() {
        let began = Instant::now();
        let what = match written.checked_sub(1).and_then(|at| lab.steps.get(at)) {
            None => "the starter".to_owned(),
            Some(step) => {
                let text = line_endings::read(&lab.exercise(&step.file))?;
                bring_text(&lab.exercise(&step.file), &source::solved(lab, step, &text)?)?;
                step.id.clone()
            }
        };
        progress.stage(format!("{}: {what}", lab.id));
        let built =
            build::build(root, target_dir, &lab.package, Which::Own, false, |line| progress.detail(line))
                .await?;
        let (green, of, wrong) = match built {
            Built::Errors(errors) => (0, 0, errors),
            Built::Program(program) => judged(lab, written, &program).await?,
        };
        let seconds = began.elapsed().as_secs_f64();
        rows.push(Row { lab: lab.id.clone(), what, checks: format!("{green} of {of}"), wrong, seconds });
        progress.step();
    }
    progress.stage(format!("{}: the attack", lab.id));
    rows.push(attacked(lab, root, target_dir, progress).await?);
    progress.step();
    rows.push(reset(lab)?);
    Ok(())
}

/// Proves that the attack gets in on the weak build, and on the solved exercise only where the design states the
/// weakness.
async fn attacked(
    lab: &Lab,
    root: &Path,
    target_dir: &Path,
    progress: &terminal::Progress,
) -> Result<Row, Failure> {
    let began = Instant::now();
    let battle = attack::play(lab, root, target_dir, false, &|line: &str| progress.detail(line)).await?;
    let (kept_out, mut wrong) = match &battle.own {
        Own::Errors(errors) => (0, errors.clone()),
        Own::Findings(own) => {
            let open = own.iter().filter(|finding| !finding.way().is_defended());
            let wrong: Vec<String> =
                open.map(|finding| format!("{} {}", finding.id, finding.way().name())).collect();
            (own.len() - wrong.len(), wrong)
        }
    };
    for finding in &battle.weak {
        if !matches!(finding.way(), Way::GotIn | Way::ByDesign) {
            wrong.push(format!("{} on the weak build: {}", finding.id, finding.way().name()));
        }
    }
    let of = lab.attack.checks.len();
    if battle.weak.len() != of {
        wrong.push(format!("{} of {of} attacks were played", battle.weak.len()));
    }
    let seconds = began.elapsed().as_secs_f64();
    let checks = format!("{kept_out} of {of}");
    Ok(Row { lab: lab.id.clone(), what: "the attack".into(), checks, wrong, seconds })
}

/// Plays every check of a lab of which the first `written` steps are written. Returns how many passed, how many were
/// played, and what is wrong.
async fn judged(lab: &Lab, written: usize, program: &Path) -> Result<(usize, usize, Vec<String>), Failure> {
    let checks: Vec<String> = lab.steps.iter().flat_map(|step| step.checks.clone()).collect();
    let findings = judge::play(lab, program, &checks).await?;
    let step_of = |finding: &Finding| lab.steps.iter().position(|step| is_of(finding, step));
    let wrong = findings.iter().filter_map(|finding| {
        let is_written = step_of(finding).is_some_and(|at| at < written);
        let said = match (&finding.outcome, is_written) {
            (Outcome::Passed, true) | (Outcome::NotWritten { .. }, false) => return None,
            (Outcome::Passed, false) => "passes before its step is written".to_owned(),
            (Outcome::NotWritten { text }, true) => format!("is not written: {text}"),
            (Outcome::Skipped { reason }, _) => format!("is skipped: {reason}"),
            (Outcome::Undecided { because, sent, received }, _) => {
                format!("is undecided: {because}\n  sent      {sent}\n  got       {received}")
            }
            (Outcome::Failed { sent, expected, received, .. }, _) => {
                format!("fails\n  sent      {sent}\n  expected  {expected}\n  got       {received}")
            }
        };
        Some(format!("{} {said}", finding.id))
    });
    let wrong: Vec<String> = wrong.collect();
    let missing = checks.len() - findings.len();
    let wrong = match missing {
        0 => wrong,
        _ => wrong.into_iter().chain([format!("{missing} checks were not played")]).collect(),
    };
    Ok((findings.iter().filter(|finding| finding.passed()).count(), findings.len(), wrong))
}

fn is_of(finding: &Finding, step: &Step) -> bool {
    step.checks.iter().any(|check| check == finding.id)
}

/// Proves that `reset` restores the starter and keeps a copy of the earlier contents.
fn reset(lab: &Lab) -> Result<Row, Failure> {
    let began = Instant::now();
    let mut wrong = Vec::new();
    for file in lab.files() {
        let (path, starter) = (lab.exercise(file), source::starter(lab, file)?);
        let before = fs::read_to_string(&path)?;
        let kept = keep::replace(lab, file, &starter)?;
        if line_endings::read(&path)? != starter {
            wrong.push(format!("{} does not have the contents of its starter again", path.display()));
        }
        match kept {
            Some(copy) if fs::read_to_string(&copy)? == before => fs::remove_file(copy)?,
            _ => wrong.push(format!("the earlier contents of {} are lost", path.display())),
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    Ok(Row { lab: lab.id.clone(), what: "reset".into(), checks: String::new(), wrong, seconds })
}

fn print(rows: &[Row]) {
    let cells = rows.iter().map(|row| {
        let verdict = if row.wrong.is_empty() { "as expected" } else { "WRONG" };
        vec![
            row.lab.clone(),
            row.what.clone(),
            row.checks.clone(),
            format!("{:.1}", row.seconds),
            verdict.to_owned(),
        ]
    });
    let table = terminal::table(&["lab", "written", "green", "s", ""], 2, cells.collect());
    harness::out!(
        "{}",
        terminal::paint(&table, &[("as expected", terminal::GOOD), ("WRONG", terminal::BAD)])
    );
    for row in rows {
        for wrong in &row.wrong {
            harness::outln!("\n{} {}: {wrong}", row.lab, row.what);
        }
    }
}

fn print_json(rows: &[Row]) -> Result<(), Failure> {
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            serde_json::json!({
                "lab": row.lab, "written": row.what, "green": row.checks, "wrong": row.wrong, "seconds": row.seconds,
            })
        })
        .collect();
    harness::outln!("{}", serde_json::to_string_pretty(&rows)?);
    Ok(())
}

/// Copies a file or a folder. An equal file is not written again, because cargo rebuilds by the files' times.
fn bring(from: &Path, to: &Path) -> Result<(), Failure> {
    if from.is_dir() {
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            let is_ours =
                !name.to_string_lossy().starts_with('.') && !name.to_string_lossy().contains(".rs.kept-");
            if is_ours && name != "target" {
                bring(&from.join(&name), &to.join(&name))?;
            }
        }
        return Ok(());
    }
    let bytes = fs::read(from)?;
    if fs::read(to).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    fs::create_dir_all(to.parent().unwrap_or(to))?;
    fs::write(to, bytes)?;
    Ok(())
}

fn bring_text(to: &Path, text: &str) -> Result<(), Failure> {
    if !fs::read_to_string(to).is_ok_and(|there| there == text) {
        fs::write(to, text)?;
    }
    Ok(())
}
