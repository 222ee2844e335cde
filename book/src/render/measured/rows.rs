//! The rows of each view's table.

use measure::figures::{BASELINE, Comparison, DesignFigures};
use measure::report::peers::{Exchanger, LibraryTime};
use measure::report::table::{DOUBTED, NONE};
use measure::report::{Report, Revocation, Subject, number, sections};

use crate::figures::duration;
use crate::lang::Lang;

/// A table's rows.
pub(super) type Rows = Vec<Vec<String>>;

pub(super) fn cost(report: &Report, _: Lang) -> Rows {
    let designs = report.ceiling.iter().flat_map(|comparison| &comparison.designs);
    let row = |figures: &DesignFigures| {
        vec![
            figures.design.clone(),
            number::thousands(figures.throughput_rps.median) + doubt(figures),
            or_none(figures.ratio, |ratio| format!("{:.2}", ratio.median)),
            or_none(figures.server_cpu_us, |cpu| number::short(cpu.median)),
            or_none(figures.store_cpu_us, |cpu| number::short(cpu.median)),
            or_none(figures.store_round_trips, |trips| number::short(trips.median)),
        ]
    };
    designs.map(row).collect()
}

pub(super) fn frontier(report: &Report, lang: Lang) -> Rows {
    let rows = report.revocation.iter().filter(|row| row.design != BASELINE);
    let row = |row: &Revocation| {
        let check = sections::check_us(report, &row.design);
        let works = row.works_for_ms();
        vec![
            row.design.clone(),
            or_none(check, |us| number::short(us.max(0.0))),
            if works <= 0.0 { lang.words().at_once.to_owned() } else { duration(works * 1e3, lang.words()) },
            number::thousands(row.let_in as f64),
        ]
    };
    rows.map(row).collect()
}

pub(super) fn distance(report: &Report, _: Lang) -> Rows {
    let steps: Vec<_> = report.round_trips.iter().map(|step| &step.comparison).collect();
    over_steps(&steps, |figures| figures.p50_us.median)
}

pub(super) fn latency(report: &Report, _: Lang) -> Rows {
    over_steps(&report.rates.iter().collect::<Vec<_>>(), |figures| figures.p99_us.median)
}

/// A table with one row for each design of the first step, and one column for each step.
fn over_steps(steps: &[&Comparison], figure: impl Fn(&DesignFigures) -> f64) -> Rows {
    let Some(first) = steps.first() else { return Vec::new() };
    let cell = |figures: Option<&DesignFigures>| {
        or_none(figures, |figures| number::thousands(figure(figures)) + doubt(figures))
    };
    let row = |design: &str| {
        let cells = steps.iter().map(|step| cell(step.design(design)));
        [design.to_owned()].into_iter().chain(cells).collect()
    };
    first.designs.iter().map(|figures| row(&figures.design)).collect()
}

pub(super) fn weight(report: &Report, _: Lang) -> Rows {
    let subjects = report.subjects.iter().filter(|subject| subject.name != BASELINE);
    let row = |subject: &Subject| {
        vec![
            subject.name.clone(),
            or_none(subject.credential_bytes, |bytes| number::bytes(bytes as f64)),
            or_none(subject.stored_bytes_per_session, number::bytes),
            or_none(subject.store_per_request, |store| number::short(store.commands)),
        ]
    };
    subjects.map(row).collect()
}

pub(super) fn peers(report: &Report, _: Lang) -> Rows {
    let Some(peers) = &report.peers else { return Vec::new() };
    let row = |figures: &DesignFigures| {
        let at_rate = peers.at_rate.as_ref().and_then(|at_rate| at_rate.design(&figures.design));
        vec![
            figures.design.clone(),
            number::thousands(figures.throughput_rps.median) + doubt(figures),
            or_none(figures.server_cpu_us, |cpu| number::short(cpu.median)),
            or_none(figures.store_cpu_us, |cpu| number::short(cpu.median)),
            or_none(at_rate, |figures| number::thousands(figures.p99_us.median) + doubt(figures)),
        ]
    };
    peers.ceiling.iter().flat_map(|ceiling| &ceiling.designs).map(row).collect()
}

pub(super) fn libraries(report: &Report, _: Lang) -> Rows {
    let timed = report.libraries.iter().flat_map(|libraries| &libraries.timed);
    let mut sorted: Vec<_> = timed.collect();
    sorted.sort_by(|one, other| one.ns.median.total_cmp(&other.ns.median));
    let row = |timed: &&LibraryTime| {
        let name = format!("{} {}, {}", timed.library, timed.version, timed.runs_on);
        vec![name, number::thousands(timed.ns.median), number::short(timed.times_ours.median)]
    };
    sorted.iter().map(row).collect()
}

pub(super) fn exchanges(report: &Report, _: Lang) -> Rows {
    let exchanges = report.peers.as_ref().and_then(|peers| peers.exchanges.as_ref());
    let row = |server: &Exchanger| {
        vec![
            server.name.clone(),
            or_none(server.throughput_rps(), |rps| number::thousands(rps.median)),
            or_none(server.server_cpu_us(), |cpu| number::short(cpu.median)),
            or_none(server.store_cpu_us(), |cpu| number::short(cpu.median)),
            or_none(server.p99_us(), |us| number::thousands(us.median)),
        ]
    };
    exchanges.into_iter().flat_map(|exchanges| exchanges.all()).map(row).collect()
}

fn or_none<T>(figure: Option<T>, write: impl Fn(T) -> String) -> String {
    figure.map_or(NONE.to_owned(), write)
}

fn doubt(figures: &DesignFigures) -> &'static str {
    if figures.doubts.is_empty() { "" } else { DOUBTED }
}
