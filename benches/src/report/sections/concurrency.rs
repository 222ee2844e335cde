//! The section on more connections: a request costs less when many are served at the same time.

use super::section::{Section, series_of};
use crate::report::chart::{Axis, Chart, Lines};
use crate::report::table::{DOUBTED, NONE, Table};
use crate::report::{Report, connections, number};

pub(super) fn section(report: &Report) -> Option<Section> {
    let first = report.concurrency.first()?;
    let header = report.concurrency.iter().map(|step| format!("µs at {}", connections(step)));
    let mut table = Table::new(["design".to_owned()].into_iter().chain(header));
    for figures in &first.designs {
        let cells = report.concurrency.iter().map(|step| {
            let figures = step.design(&figures.design);
            let doubted = figures.is_some_and(|figures| !figures.doubts.is_empty());
            let cpu = figures.and_then(|figures| figures.server_cpu_us);
            cpu.map_or(NONE.to_owned(), |cpu| {
                format!("{}{}", number::short(cpu.median), if doubted { DOUBTED } else { "" })
            })
        });
        table.row([figures.design.clone()].into_iter().chain(cells.collect::<Vec<_>>()));
    }
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
            "Server CPU time for a request at its ceiling. A process that waits alone is woken for every answer; one with \
             many in flight finds several at once. So a figure from one connection says nothing about a busy server."
                .into(),
        ],
    })
}
