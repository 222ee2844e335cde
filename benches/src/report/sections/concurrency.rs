//! The section on more connections: a request costs less when many are served at the same time.

use super::section::{Section, series_of, table_of};
use crate::figures::DesignFigures;
use crate::report::chart::{Axis, Chart, Lines};
use crate::report::{Report, connections, number};

pub(super) fn section(report: &Report) -> Option<Section> {
    report.concurrency.first()?;
    let header = report.concurrency.iter().map(|step| format!("µs at {}", connections(step)));
    let cell = |figures: &DesignFigures| Some(number::short(figures.server_cpu_us?.median));
    let table = table_of(header, report.concurrency.iter(), cell);
    let steps = report.concurrency.iter().map(|step| (connections(step) as f64, step));
    let chart = Lines {
        x: Axis::log("connections"),
        y: Axis::linear("server CPU µs for a request"),
        series: series_of(report, steps, |figures| figures.server_cpu_us.map_or(0.0, |cpu| cpu.median)),
        is_labelled: false,
    };
    Some(Section {
        id: "concurrency",
        title: "What a crowd does".into(),
        says: Vec::new(),
        chart: Some(Chart::Lines(chart)),
        table,
        notes: vec![
            "Server CPU time for a request at the highest throughput. With one connection, the process is woken for \
             every request; with many, it finds several at once. So a figure from one connection does not apply to a \
             busy server."
                .into(),
        ],
    })
}
