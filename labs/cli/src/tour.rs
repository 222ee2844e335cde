//! `cargo lab`: the tour. Three designs, one thief, and what each design costs.
//!
//! First the logout problem is played against each design over real HTTP; then the same `/me` is measured on each. Both
//! results are printed as tables, and stored as JSON in `target/authlab/tour.json`.

mod cost;
mod logout;
mod tables;

use std::process::ExitCode;

use clap::Args;
use harness::Failure;
use harness::design::{DESIGNS, Design};
use harness::output::keep;
use harness::server::Server;
use harness::store::{self, Ready, Wanted};
use harness::terminal::Progress;
use measure::machine::Machine;
use serde::Serialize;

#[derive(Debug, Args)]
pub(crate) struct TourArguments {
    /// Where sessions and refresh tokens are stored: `memory`, `redis` (finds one) or a URL such as
    /// `redis://127.0.0.1:6379` [default: REDIS_URL, else a Redis that is found, else memory]
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<Wanted>,
    /// Print the result as JSON instead of tables
    #[arg(long)]
    pub(crate) json: bool,
}

/// The results of the tour: the contents of `tour.json`.
#[derive(Debug, Serialize)]
pub(crate) struct Tour {
    /// The store of sessions and refresh tokens: `redis 7.0.15 (path)`, or `memory`.
    pub(crate) store: String,
    /// The machine on which the figures were measured.
    pub(crate) machine: Machine,
    /// What the thief could do after the logout, in each design.
    pub(crate) logout: Vec<logout::Verdict>,
    /// The cost of `/me` in each design.
    pub(crate) me: Vec<cost::Cost>,
    /// The rate at which `p50_us` and `p99_us` were measured, the same for all designs, in requests per second.
    pub(crate) latency_at_rps: u64,
    /// The reasons to doubt the measurement's figures.
    pub(crate) doubts: Vec<cost::Doubted>,
}

pub(crate) async fn run(arguments: TourArguments) -> Result<ExitCode, Failure> {
    let progress = Progress::new((Design::compared().count() + DESIGNS.len()) as u64 + cost::STEPS);
    progress.stage("looking for a Redis");
    let store = store::get(arguments.store).await?;
    let tour = take(&store, &progress).await?;
    drop(progress);
    let json = serde_json::to_string_pretty(&tour)?;
    let path = keep("tour.json", &json)?;
    if arguments.json {
        harness::outln!("{json}");
    } else {
        tables::print(&tour, &store, &path);
    }
    Ok(ExitCode::SUCCESS)
}

async fn take(store: &Ready, progress: &Progress) -> Result<Tour, Failure> {
    let mut verdicts = Vec::new();
    for design in Design::compared() {
        progress.stage(format!("{design}: a thief copies the credential, then the user logs out"));
        // The server is used for this design only, because its clock is moved.
        let server = Server::start(design, &store.as_config(), true).await?;
        verdicts.push(logout::live(&server).await?);
        progress.step();
    }
    let mut servers = Vec::new();
    for design in DESIGNS.iter().copied() {
        progress.stage(format!("{design}: starting a server to measure"));
        servers.push(Server::start(design, &store.as_config(), false).await?);
        progress.step();
    }
    let measured = cost::measure(&servers, store, progress).await?;
    Ok(Tour {
        store: store.description().to_owned(),
        machine: Machine::describe(store.description()),
        logout: verdicts,
        me: measured.costs,
        latency_at_rps: measured.latency_at_rps,
        doubts: measured.doubts,
    })
}
