//! The story as one table: a fault, what must hold, what was seen, whether it held.

use std::path::Path;

use super::Report;
use super::row::{Row, Verdict};
use crate::screen::{self, BAD, DIM, GOOD, heading, paint, table};

const YES: &str = "holds";
const NO: &str = "BROKEN";
const SKIPPED: &str = "skipped";

pub(crate) fn print(report: &Report, path: &Path) {
    let machine = &report.machine;
    anstream::println!(
        "{DIM}Redis: {} · {} × {}{DIM:#}",
        report.store,
        machine.logical_cpus,
        machine.cpu_model
    );
    heading("What people noticed when something broke");
    let words = [(NO, BAD), (SKIPPED, DIM), (YES, GOOD)];
    anstream::print!("{}", paint(&text(report), &words));
    let count = |verdict| report.rows.iter().filter(|row| row.verdict == verdict).count();
    let (held, failed) = (count(Verdict::Held), count(Verdict::Failed));
    let skipped = count(Verdict::Skipped);
    heading(&format!("{held} faults survived as promised, {failed} not, {skipped} skipped"));
    if failed > 0 && report.rows.iter().any(only_ratios_failed) {
        screen::warn(
            "a comparison of two latencies failed; on a busy machine that says little: run it again",
        );
    }
    if !report.full {
        anstream::println!(" cargo lab faults --full     outages of 30 s, 10,000 idle connections");
    }
    anstream::println!(" cargo lab attack hybrid     what an attacker tries, and what gets in");
    anstream::println!("{DIM} the figures are in {}{DIM:#}", path.display());
}

fn only_ratios_failed(row: &Row) -> bool {
    row.verdict == Verdict::Failed && row.promises.iter().all(|promise| promise.holds || promise.ratio)
}

fn text(report: &Report) -> String {
    let rows = report.rows.iter().flat_map(lines).collect();
    let header = ["fault", "what must hold", "what was seen", ""];
    table(&header, header.len(), rows)
}

/// A line for each promise; the fault's name stands before the first.
fn lines(row: &Row) -> Vec<Vec<String>> {
    if let Some(why) = &row.skipped_because {
        return vec![vec![row.fault.to_owned(), String::new(), why.clone(), SKIPPED.to_owned()]];
    }
    let line = |(index, promise): (usize, &super::row::Promise)| {
        let fault = if index == 0 { row.fault } else { "" };
        let verdict = if promise.holds { YES } else { NO };
        vec![fault.to_owned(), promise.must.clone(), promise.seen.clone(), verdict.to_owned()]
    };
    row.promises.iter().enumerate().map(line).collect()
}
