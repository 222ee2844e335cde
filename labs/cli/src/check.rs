//! `cargo lab check` and `cargo lab attack`: a lab, or any server, against the contract.

use std::process::ExitCode;

use conformance::{CheckResult, Descriptor, Options, Report, Target};

use crate::arguments::CheckArguments;
use crate::design::Design;
use crate::fault::Fault;
use crate::screen::{self, DIM, Progress};
use crate::server::Server;
use crate::store::{self, Ready, Wanted};

/// The suite as a whole, or its attacks alone and told as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    Checks,
    Attacks,
}

pub(crate) async fn run(arguments: CheckArguments, telling: Telling) -> Result<ExitCode, Fault> {
    if arguments.list {
        list(telling, arguments.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    conformance::are_checks(&arguments.only)?;
    let started = match arguments.lab {
        Some(Design::None) => {
            return Err(Fault::new("`none` has no authentication to check; try session, access or hybrid"));
        }
        Some(lab) => Some(start(lab, arguments.store.clone()).await?),
        None => None,
    };
    let target = match &started {
        Some((server, _store)) => Target::discover(&server.url).await?.reached_directly(),
        None => given(&arguments).await?,
    };
    let options =
        Options { only: arguments.only, attacks_only: telling == Telling::Attacks, ..Options::default() };
    let progress = Progress::new(conformance::checks().len() as u64);
    progress.stage(match &started {
        Some((server, store)) => {
            format!("checking {} on {}, store: {}", server.design, server.url, store.description())
        }
        None => format!("checking {}", target.base_url()),
    });
    let said = |result: &CheckResult| {
        progress.detail(result.id);
        progress.step();
    };
    let report = conformance::run(&target, &options, said).await?;
    drop(progress);
    print(&report, telling, arguments.json)?;
    Ok(if report.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Starts a lab with its clock free to move. Memory unless something else is asked for: a check is about behaviour, and
/// nobody should need a Redis to see it.
async fn start(lab: Design, wanted: Option<Wanted>) -> Result<(Server, Ready), Fault> {
    let store = store::get(Some(wanted.unwrap_or(Wanted::Memory))).await?;
    let server = Server::start(lab, &store.as_config(), true).await?;
    Ok((server, store))
}

async fn given(arguments: &CheckArguments) -> Result<Target, Fault> {
    let url = arguments.url.as_deref().ok_or_else(|| Fault::new("name a lab or a --url"))?;
    if arguments.features.is_empty() {
        return Ok(Target::discover(url).await?);
    }
    let design = arguments.design.as_deref().unwrap_or("unknown");
    Ok(Target::described(url, Descriptor::described(design, arguments.features.iter().copied())).await?)
}

fn print(report: &Report, telling: Telling, json: bool) -> Result<(), Fault> {
    if json {
        println!("{}", serde_json::to_string_pretty(report)?);
        return Ok(());
    }
    let colour = screen::stdout_has_colour();
    let text = match telling {
        Telling::Checks => report.text(colour),
        Telling::Attacks => report.attack_text(colour),
    };
    anstream::println!("{text}");
    Ok(())
}

fn list(telling: Telling, json: bool) -> Result<(), Fault> {
    let wanted = conformance::checks().into_iter().filter(|check| telling == Telling::Checks || check.attack);
    if json {
        let ids: Vec<_> = wanted
            .map(|check| {
                let caught: Vec<_> = check.catches().map(|fault| fault.name).collect();
                serde_json::json!({ "id": check.id, "title": check.title, "catches": caught })
            })
            .collect();
        println!("{}", serde_json::to_string_pretty(&ids)?);
        return Ok(());
    }
    for check in wanted {
        let caught: Vec<_> = check.catches().map(|fault| fault.name).collect();
        anstream::println!("{:<44} {DIM}{}{DIM:#}", check.id, check.title);
        anstream::println!("{:<44} {DIM}caught: {}{DIM:#}", "", caught.join(", "));
    }
    Ok(())
}
