//! `cargo lab registry`: every name that a page of the book may use, for `book/registry.json`.
//!
//! The book's builder reads that file and no source of another member; `tests/it/registry.rs` holds the file equal to this
//! command's output.

use std::process::ExitCode;

use clap::CommandFactory;
use harness::Failure;
use serde::Serialize;

use crate::arguments::Arguments;
use crate::designs::Registered;

/// What can be named on the command line.
#[derive(Serialize)]
struct Registry {
    designs: Vec<Registered>,
    commands: Vec<String>,
    /// The ids of the contract's checks: `topic.name`.
    checks: Vec<&'static str>,
    /// The rows of `cargo lab faults`.
    faults: Vec<&'static str>,
}

pub(crate) fn run() -> Result<ExitCode, Failure> {
    let commands = Arguments::command();
    let visible = commands.get_subcommands().filter(|command| !command.is_hide_set());
    let registry = Registry {
        designs: Registered::all(),
        commands: visible.map(|command| command.get_name().to_owned()).collect(),
        checks: conformance::checks().iter().map(|check| check.id).collect(),
        faults: outages::rows().collect(),
    };
    harness::outln!("{}", serde_json::to_string_pretty(&registry)?);
    Ok(ExitCode::SUCCESS)
}
