//! `cargo lab defend`: plays a lab's attack on a build that is weak on purpose, then on the learner's own.

use std::process::ExitCode;

use clap::Args;
use harness::Failure;
use harness::terminal::{self, DIM};

use super::attack::told;
use super::{COLUMNS, WorkshopArguments};

/// Attack and defend: attack a build that is weak on purpose, then yours
///
/// The attack consists of checks that judge the lab anyway. The weak build differs from the lab only in the functions
/// that let the attacker in. Exit code 1 if an attack got in on your build, or your code is not finished.
#[derive(Debug, Args)]
pub struct DefendArguments {
    /// The lab [default: the one of the current step]
    #[arg(value_name = "LAB")]
    lab: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workshop: WorkshopArguments,
}

/// Plays a lab's attack on the weak build and on the learner's, and prints the result. The exit code is 1 if an attack
/// got in on the learner's build, or that build is not finished.
///
/// # Errors
/// There is no such lab, the weak build does not compile, a server does not start, or a file cannot be read or written.
pub async fn run(arguments: DefendArguments) -> Result<ExitCode, Failure> {
    let mut workshop = arguments.workshop.open()?;
    // The learner may attack a lab other than the current one; the current step does not change.
    let id = match &arguments.lab {
        Some(name) => workshop.course.lab(name)?.id.clone(),
        None => workshop.current()?.0.id.clone(),
    };
    let progress = terminal::Progress::new(1);
    progress.stage(workshop.words().building_both_first);
    let task = workshop.attack(workshop.course.lab(&id)?, terminal::stdout_has_colour());
    let battle = task.attack(|line| progress.detail(line)).await?;
    drop(progress);
    workshop.note_battle(&id, &battle)?;
    let lab = workshop.course.lab(&id)?;
    let ended = if battle.is_defended() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    if arguments.json {
        harness::outln!("{}", serde_json::to_string_pretty(&told::as_json(&battle, lab))?);
        return Ok(ended);
    }
    for line in told::lines(&battle, lab, &workshop.course.root, workshop.language, COLUMNS, usize::MAX) {
        harness::outln!("{line}");
    }
    harness::outln!(" {DIM}{}{DIM:#}", workshop.words().next_learn);
    Ok(ended)
}
