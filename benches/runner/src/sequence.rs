//! The parts of the measurement in their order, and the one place that puts into the report what they found.
//!
//! A part gets what it needs as arguments; what it needs of an earlier part is one of them.

use std::time::Instant;

use harness::{Failure, store};
use kit::Clock;
use kit::visible::visible;
use measure::machine::Machine;
use measure::report::{Histogram, Report, SCHEMA, Summary};
use measure::scale::Prices;

use super::arguments::BenchArguments;
use super::context::Bench;
use super::entry::{self, Entry};
use super::lineup::Lineup;
use super::peers::{self, Chosen};
use super::plan::Plan;
use super::stop::Stop;
use super::timeline::Timeline;
use super::url::Reached;
use super::{ceiling, claims, crowd, distance, estimate, rates, refresh, revocation, scale, targets};

/// Checks that every server at a URL accepts connections, measures, and returns the report together with the result of the measurement.
pub(crate) async fn measure(
    arguments: &BenchArguments,
    prices: Prices,
) -> Result<(Report, Result<(), Failure>), Failure> {
    let (began, plan) = (Instant::now(), Plan::of(arguments)?);
    let entries = entry::chosen(&arguments.designs, arguments.targets);
    let peers = peers::chosen(arguments.peers.as_deref())?;
    let mut reached = Vec::new();
    for url in &arguments.url {
        reached.push(Reached::at(url, arguments).await?);
    }
    let timeline = Timeline::new(estimate::duration(&plan, arguments, &peers));
    timeline.stage("looking for a Redis");
    let store = store::get(arguments.store.clone()).await?;
    let bench = Bench { plan, store, stop: Stop::on_ctrl_c(), timeline };
    let mut report = blank(&bench);
    let done = lineup(&bench, arguments.targets, &entries, reached, &peers, prices, &mut report).await;
    report.took_s = began.elapsed().as_secs_f64();
    report.complete = done.is_ok() && !bench.stop.is_told();
    Ok((report, done))
}

/// Installs the peers, starts the servers, measures them, and leaves the servers at URLs as they were.
async fn lineup(
    bench: &Bench,
    for_targets: bool,
    entries: &[Entry],
    reached: Vec<Reached>,
    peers: &Chosen,
    prices: Prices,
    report: &mut Report,
) -> Result<(), Failure> {
    let (installed, ended) = peers::install(bench, peers).await.parted(&mut report.skipped);
    ended?;
    let (lineup, started) = Lineup::start(bench, entries, reached).await.parted(&mut report.skipped);
    report.subjects = lineup.subjects.clone();
    let done = match started {
        Ok(()) if bench.stop.is_told() => Ok(()),
        Ok(()) if for_targets => only_targets(bench, &lineup, installed, report).await,
        Ok(()) => parts(bench, &lineup, installed, prices, report).await,
        Err(fault) => Err(fault),
    };
    lineup.leave().await;
    done
}

async fn only_targets(
    bench: &Bench,
    lineup: &Lineup,
    installed: peers::Ready,
    report: &mut Report,
) -> Result<(), Failure> {
    beside_peers(bench, lineup, installed, report).await?;
    report.targets = targets::measure(bench, lineup, report.peers.as_ref()).await?;
    Ok(())
}

async fn parts(
    bench: &Bench,
    lineup: &Lineup,
    installed: peers::Ready,
    prices: Prices,
    report: &mut Report,
) -> Result<(), Failure> {
    let (found, ended) = ceiling::measure(bench, lineup).await.parted(&mut report.skipped);
    report.generator_ceiling = found.generator;
    for (subject, resident_bytes) in report.subjects.iter_mut().zip(found.resident_bytes) {
        subject.resident_bytes = resident_bytes;
    }
    report.ceiling = found.comparison;
    ended?;
    // Ctrl-C came before the ceiling was known, which the other parts need.
    let Some(ceiling) = report.ceiling.clone() else { return Ok(()) };

    let (mut rates, ended) = rates::measure(bench, lineup, &ceiling).await.parted(&mut report.skipped);
    report.histograms = rates.iter_mut().flat_map(Histogram::taken_from).collect();
    report.rates = rates;
    ended?;
    let round_trips = distance::measure(bench, lineup, &ceiling).await;
    round_trips.put(&mut report.round_trips, &mut report.skipped)?;
    let revocation = revocation::measure(bench, lineup, &ceiling).await;
    revocation.put(&mut report.revocation, &mut report.skipped)?;
    let refresh = refresh::measure(bench, lineup).await;
    refresh.put(&mut report.refresh, &mut report.skipped)?;
    let concurrency = crowd::measure(bench, lineup).await;
    concurrency.put(&mut report.concurrency, &mut report.skipped)?;
    beside_peers(bench, lineup, installed, report).await?;
    let claims = claims::measure(bench, lineup).await;
    claims.put(&mut report.claims, &mut report.skipped)?;
    let scale = scale::measure(bench, lineup, &ceiling, report.refresh.as_ref(), prices).await;
    scale.put(&mut report.scale, &mut report.skipped)?;
    let summary = Summary::of(report);
    report.targets = targets::measure(bench, lineup, report.peers.as_ref()).await?;
    if let Some(targets) = &mut report.targets {
        targets.add(targets::break_even(summary.break_even));
    }
    report.summary = Some(summary);
    Ok(())
}

/// Measures the peers and the libraries that were asked for.
async fn beside_peers(
    bench: &Bench,
    lineup: &Lineup,
    installed: peers::Ready,
    report: &mut Report,
) -> Result<(), Failure> {
    let (beside, ended) = peers::servers(bench, lineup, installed.servers).await.parted(&mut report.skipped);
    report.subjects.extend(beside.subjects);
    report.peers = beside.peers;
    ended?;
    let measured = peers::exchanges::measure(bench, lineup, installed.exchangers).await;
    let (exchanges, ended) = measured.parted(&mut report.skipped);
    if exchanges.is_some() {
        report.peers.get_or_insert_default().exchanges = exchanges;
    }
    ended?;
    let libraries = peers::time_libraries(bench, installed.libraries).await;
    libraries.put(&mut report.libraries, &mut report.skipped)
}

fn blank(bench: &Bench) -> Report {
    Report {
        schema: SCHEMA,
        begun_unix_s: Clock::system().now_s(),
        took_s: 0.0,
        plan: bench.plan.name.to_owned(),
        complete: false,
        machine: machine(bench.store.description()),
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
        summary: None,
    }
}

/// Describes this machine. The names of its processor and of its system, and the version of its Redis, come from outside.
fn machine(store: &str) -> Machine {
    let machine = Machine::describe(visible(store));
    let shown = |text: String| visible(&text).into_owned();
    Machine {
        cpu_model: shown(machine.cpu_model),
        os: shown(machine.os),
        kernel: shown(machine.kernel),
        git_revision: machine.git_revision.map(shown),
        ..machine
    }
}
