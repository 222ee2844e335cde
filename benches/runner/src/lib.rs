//! `cargo lab bench`: the full measurement and its report.
//!
//! The measurement is a sequence of parts, each of which adds to one report. However it ends (at the end of the plan, by
//! Ctrl-C, or because a server failed), the results so far are written: `report.json`, `report.md` and `report.html` in
//! `target/authlab/report`.

mod arguments;
mod ceiling;
mod claims;
mod commands;
mod context;
mod crowd;
mod distance;
mod entry;
mod estimate;
mod exchange;
mod issuance;
mod lineup;
mod older;
mod peers;
mod plan;
mod rates;
mod refresh;
mod revocation;
mod scale;
mod stop;
mod tables;
mod targets;
mod timeline;
mod url;
mod write;
pub mod yardstick;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use harness::Failure;
use harness::store;
use kit::Clock;
use measure::compare;
use measure::machine::Machine;
use measure::report::{Report, SCHEMA};
use measure::scale::Prices;

pub use self::arguments::BenchArguments;
use self::context::Bench;
use self::entry::Entry;
use self::lineup::Lineup;
use self::peers::Chosen;
use self::plan::Plan;
use self::stop::Stop;
use self::timeline::Timeline;

/// Carries out the requested measurement, writes the report, and prints it.
///
/// # Errors
/// When an argument is invalid, a server does not start, or the report cannot be written.
pub async fn run(arguments: BenchArguments) -> Result<ExitCode, Failure> {
    // Read both files before measuring: twenty minutes are too long to learn that a file does not exist.
    let older = arguments.compare.as_deref().map(older::read).transpose()?;
    let prices = prices(arguments.prices.as_deref())?;
    let (report, done) = match &arguments.report {
        Some(path) => {
            let mut report = older::read(path)?;
            if let Some(scale) = report.scale.as_mut().filter(|_| arguments.prices.is_some()) {
                scale.prices = prices;
            }
            (report, Ok(()))
        }
        None => measured(&arguments, prices).await?,
    };
    let told = tell(&arguments, report, older)?;
    done.map(|()| told)
}

/// Writes and prints the report, and returns the exit code.
fn tell(arguments: &BenchArguments, mut report: Report, older: Option<Report>) -> Result<ExitCode, Failure> {
    let mut refused = None;
    if let Some(older) = older {
        match compare::between(&older, &report, arguments.other_machine) {
            Ok(changes) => report.changes = Some(changes),
            Err(error) => refused = Some(Failure::from(error)),
        }
    }
    let written = write::all(&report, arguments.into.as_deref())?;
    if arguments.json {
        println!("{}", written.json);
    } else {
        tables::print(&report, &written);
    }
    if let Some(refused) = refused {
        return Err(refused);
    }
    let is_worse = report.changes.as_ref().is_some_and(|changes| changes.regressions().next().is_some());
    Ok(match (is_worse && arguments.fail_on_regression, report.complete) {
        (true, _) => ExitCode::FAILURE,
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::from(130),
    })
}

/// Measures, and returns the report together with the result of the measurement.
async fn measured(
    arguments: &BenchArguments,
    prices: Prices,
) -> Result<(Report, Result<(), Failure>), Failure> {
    let (began, plan) = (Instant::now(), Plan::of(arguments)?);
    let entries = entry::chosen(&arguments.designs, arguments.targets);
    let peers = peers::chosen(arguments.peers.as_deref())?;
    let timeline = Timeline::new(estimate::duration(&plan, arguments, &peers));
    timeline.stage("looking for a Redis");
    let store = store::get(arguments.store.clone()).await?;
    let bench = Bench { plan, store, stop: Stop::on_ctrl_c(), timeline };
    let mut report = blank(&bench);
    let done = measure(&bench, arguments, &entries, &peers, prices, &mut report).await;
    report.took_s = began.elapsed().as_secs_f64();
    report.complete = done.is_ok() && !bench.stop.is_told();
    Ok((report, done))
}

async fn measure(
    bench: &Bench,
    arguments: &BenchArguments,
    entries: &[Entry],
    peers: &Chosen,
    prices: Prices,
    report: &mut Report,
) -> Result<(), Failure> {
    let peers = peers::install(bench, peers, report).await;
    let Some(lineup) =
        bench.stop.unless_told(Lineup::start(bench, arguments, entries, report)).await.transpose()?
    else {
        return Ok(());
    };
    let done = measure_lineup(bench, arguments, &lineup, peers, prices, report).await;
    lineup.leave().await;
    done
}

async fn measure_lineup(
    bench: &Bench,
    arguments: &BenchArguments,
    lineup: &Lineup,
    peers: peers::Ready,
    prices: Prices,
    report: &mut Report,
) -> Result<(), Failure> {
    if arguments.targets {
        peers::measure(bench, lineup, peers, report).await?;
        return targets::measure(bench, lineup, report).await;
    }
    ceiling::measure(bench, lineup, report).await?;
    rates::measure(bench, lineup, report).await?;
    distance::measure(bench, lineup, report).await?;
    revocation::measure(bench, lineup, report).await?;
    refresh::measure(bench, lineup, report).await?;
    crowd::measure(bench, lineup, report).await?;
    peers::measure(bench, lineup, peers, report).await?;
    claims::measure(bench, lineup, report).await?;
    scale::measure(bench, lineup, prices, report).await?;
    targets::measure(bench, lineup, report).await
}

/// The prices for the cost model: the user's own file, or ours.
fn prices(path: Option<&Path>) -> Result<Prices, Failure> {
    let Some(path) = path else { return Ok(Prices::ours()?) };
    let unusable = |why: &dyn std::fmt::Display| Failure::new(format!("{}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| unusable(&error))?;
    Prices::read(&text).map_err(|error| unusable(&error))
}

fn blank(bench: &Bench) -> Report {
    Report {
        schema: SCHEMA,
        begun_unix_s: Clock::system().now_s(),
        took_s: 0.0,
        plan: bench.plan.name.to_owned(),
        complete: false,
        machine: Machine::describe(bench.store.description()),
        subjects: Vec::new(),
        skipped: Vec::new(),
        generator_ceiling: None,
        ceiling: None,
        rates: Vec::new(),
        histograms: Vec::new(),
        concurrency: Vec::new(),
        round_trips: Vec::new(),
        claims: Vec::new(),
        revocation: Vec::new(),
        refresh: None,
        scale: None,
        targets: None,
        changes: None,
        peers: None,
        libraries: None,
    }
}
