//! The section on the cost of more claims in a token: every request carries them, and every check decodes them.

use super::section::{Section, series_of, table_of};
use crate::report::chart::{Axis, Chart, Lines};
use crate::report::{Report, number};

pub(super) fn section(report: &Report) -> Option<Section> {
    report.claims.first()?;
    let header = report.claims.iter().map(|step| format!("µs at {}", number::bytes(step.token_bytes as f64)));
    let comparisons = report.claims.iter().map(|step| &step.comparison);
    let table = table_of(header, comparisons, |figures| Some(number::short(figures.server_cpu_us?.median)));
    let steps = report.claims.iter().map(|step| (step.token_bytes as f64, &step.comparison));
    let chart = Lines {
        x: Axis::linear("bytes of the access token"),
        y: Axis::linear("server CPU µs for a request"),
        series: series_of(report, steps, |figures| figures.server_cpu_us.map_or(0.0, |cpu| cpu.median)),
        is_labelled: false,
    };
    Some(Section {
        id: "claims",
        title: "What more claims cost".into(),
        chart: Some(Chart::Lines(chart)),
        table,
        notes: vec![
            "Server CPU time for a request at the highest throughput, with a list of roles in the token. Both designs \
             ignore a claim that they do not know, but must still hash, decode and parse it. The cookie of a session \
             does not grow with the data that is stored for the session."
                .into(),
        ],
        ..Section::default()
    })
}
