//! The section that compares libraries: the CPU time of each to check the same token.

use super::section::{Section, with_uncertainty};
use crate::report::chart::{Bar, Bars, Chart};
use crate::report::table::Table;
use crate::report::{Report, number};

pub(super) fn section(report: &Report) -> Option<Section> {
    let libraries = report.libraries.as_ref().filter(|libraries| !libraries.timed.is_empty())?;
    let mut table = Table::new(["library", "version", "on", "CPU ns for a check", "times ours"]);
    let mut sorted: Vec<_> = libraries.timed.iter().collect();
    sorted.sort_by(|a, b| a.ns.median.total_cmp(&b.ns.median));
    for timed in &sorted {
        table.row([
            timed.library.clone(),
            timed.version.clone(),
            timed.runs_on.clone(),
            with_uncertainty(timed.ns, number::thousands, false),
            number::short(timed.times_ours.median),
        ]);
    }
    let bars =
        sorted.iter().map(|timed| Bar { label: short(&timed.library), parts: vec![timed.ns.median / 1e3] });
    let chart = Bars { parts: vec!["one check".into()], bars: bars.collect(), unit: " µs".into() };
    Some(Section {
        id: "libraries",
        title: "What checking a token takes, by library".into(),
        says: Vec::new(),
        chart: Some(Chart::Bars(chart)),
        table,
        notes: vec![format!(
            "One HS256 token of {} bytes, checked repeatedly: signature, issuer, audience and expiry, with the \
             algorithm pinned and, unless noted otherwise, the key prepared. All take turns in every round. The time \
             is the CPU time of the process, including the threads of its runtime. A cache returns the result for a \
             token that it has seen, which here is every check; a cache cannot save more than that.",
            libraries.token_bytes
        )],
    })
}

/// The name, shortened to fit beside a bar; the table contains the full name.
fn short(library: &str) -> String {
    const FITS: usize = 20;
    match library.chars().count() > FITS {
        true => library.chars().take(FITS - 1).chain(['…']).collect(),
        false => library.to_owned(),
    }
}
