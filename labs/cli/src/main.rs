//! The command `cargo lab`.
//!
//! `cargo lab` alone is the tour: three designs, one thief, and what each design costs. Every other command is one part
//! of it. Exit codes: 0 means success, 1 that a check failed or is undecided or that a measured server has no figures, 2 that
//! the command could not be carried out or that nothing could be checked; then one sentence on stderr says why.

mod accept;
mod arguments;
mod backup;
mod check;
mod designs;
mod doctor;
mod misuse;
mod registry;
mod serve;
mod token;
mod tour;

use std::process::ExitCode;

use clap::Parser;
use harness::{Failure, terminal};
use kit::config::LogFormat;

use crate::arguments::{Arguments, Command};
use crate::tour::TourArguments;

/// An allocator that costs less CPU per request than the system's and returns memory after a burst of logins.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    harness::stdout::run(run_command)
}

#[tokio::main]
async fn run_command() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(usage) => return misused(usage),
    };
    let serves = matches!(arguments.command, Some(Command::Serve(_)));
    // The playground runs servers inside this program, and its page shows their requests better than a log.
    if !matches!(arguments.command, Some(Command::Play(_))) {
        kit::log::start();
    }
    let done = match arguments.command {
        // A server handles the signal itself: it finishes the requests under way.
        Some(Command::Serve(arguments)) => serve::run(arguments).await,
        // A measurement that is stopped still writes its results so far.
        Some(Command::Bench(arguments)) => runner::run(arguments).await,
        // A run of checks that is interrupted still deletes the accounts that it created.
        Some(Command::Check(arguments)) => check::run(arguments, check::Telling::Checks).await,
        Some(Command::Attack(arguments)) => check::run(arguments, check::Telling::Attacks).await,
        // For all other commands, Ctrl-C drops the future, and with it every server and container that it started.
        command => tokio::select! {
            done = run(command, arguments.tour) => done,
            _ = tokio::signal::ctrl_c() => return ExitCode::from(130),
        },
    };
    match done {
        Ok(code) => code,
        Err(failure) => {
            complain(serves, &failure.to_string());
            ExitCode::from(2)
        }
    }
}

/// Prints why the command failed: on stderr, or, for a server whose log is JSON, as a line of the log.
fn complain(serves: bool, sentence: &str) {
    match kit::log::format() {
        LogFormat::Json if serves => kit::log::last_line(sentence),
        _ => terminal::complain(sentence),
    }
}

/// Handles a command line that could not be parsed, or that asked for help.
fn misused(usage: clap::Error) -> ExitCode {
    let usage = misuse::without_secrets(usage);
    let serves = std::env::args_os().nth(1).is_some_and(|command| command == "serve");
    if serves && usage.use_stderr() && kit::log::format() == LogFormat::Json {
        let text = usage.to_string();
        kit::log::last_line(text.trim().trim_start_matches("error: "));
        return ExitCode::from(2);
    }
    usage.exit()
}

async fn run(command: Option<Command>, tour: TourArguments) -> Result<ExitCode, Failure> {
    match command {
        None => tour::run(tour).await,
        Some(Command::Serve(arguments)) => serve::run(arguments).await,
        Some(Command::Backup(arguments)) => backup::run(arguments).await,
        Some(Command::Store { command }) => accept::run(command).await,
        Some(Command::Bench(arguments)) => runner::run(arguments).await,
        Some(Command::Check(arguments)) => check::run(arguments, check::Telling::Checks).await,
        Some(Command::Attack(arguments)) => check::run(arguments, check::Telling::Attacks).await,
        Some(Command::Faults(arguments)) => outages::run(arguments).await,
        Some(Command::Yardstick(arguments)) => runner::yardstick::run(arguments).await,
        Some(Command::Learn(arguments)) => workshop::learn(arguments, false).await,
        Some(Command::Watch(arguments)) => workshop::learn(arguments, true).await,
        Some(Command::Hint(arguments)) => workshop::hint(arguments),
        Some(Command::Solution(arguments)) => workshop::solution(arguments),
        Some(Command::Reset(arguments)) => workshop::reset(arguments),
        Some(Command::Progress(arguments)) => workshop::progress(arguments),
        Some(Command::Skip(arguments)) => workshop::skip(arguments),
        Some(Command::Defend(arguments)) => workshop::defend::run(arguments).await,
        Some(Command::Duel(arguments)) => workshop::duel::run(arguments).await,
        Some(Command::Board(arguments)) => workshop::board::run(arguments).await,
        Some(Command::VerifyCourse(arguments)) => workshop::verify_course(arguments).await,
        Some(Command::Play(arguments)) => playground::run(arguments).await,
        Some(Command::Token(arguments)) => token::run(arguments).await,
        Some(Command::Doctor(arguments)) => doctor::run(arguments).await,
        Some(Command::Designs(arguments)) => designs::run(&arguments),
        Some(Command::Registry) => registry::run(),
    }
}
