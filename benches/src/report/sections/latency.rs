//! The section on latency at fixed arrival rates, which do not depend on how the server responds.

use super::section::{Section, question_mark, rows_without_figures, series_of};
use crate::doubt::Doubt;
use crate::figures::{Comparison, DesignFigures};
use crate::report::chart::{Axis, Chart, Lines};
use crate::report::table::Table;
use crate::report::{Report, number, rate_rps};

pub(super) fn section(report: &Report) -> Option<Section> {
    if report.rates.iter().all(Comparison::is_empty) {
        return None;
    }
    let mut table = Table::new([
        "design",
        "asked requests/s",
        "p50 µs",
        "p90 µs",
        "p99 µs",
        "p99.9 µs",
        "longest µs",
        "achieved",
    ]);
    for comparison in &report.rates {
        comparison.designs.iter().for_each(|figures| table.row(row(figures, rate_rps(comparison))));
        table.rows.extend(rows_without_figures(comparison, &table).into_iter().map(|mut row| {
            row[1] = number::thousands(rate_rps(comparison));
            row
        }));
    }
    let steps = report.rates.iter().map(|comparison| (rate_rps(comparison), comparison));
    let chart = Lines {
        x: Axis::linear("requests per second that arrive"),
        y: Axis::log("p99 latency, µs (each step upwards is ten times more)"),
        series: series_of(report, steps, |figures| figures.p99_us.median),
        is_labelled: false,
    };
    Some(Section {
        id: "latency",
        title: "How long a request takes".into(),
        says: Vec::new(),
        chart: Some(Chart::Lines(chart)),
        table,
        notes: vec![
            "Requests arrive on a fixed schedule, and the latency of each counts from the moment when it was due. So \
             when a server stalls, every user who would have waited is counted. The rates are shares of the highest \
             throughput of the slowest design. A hollow point or a question mark marks a doubtful figure."
                .into(),
        ],
    })
}

fn row(figures: &DesignFigures, asked_rps: f64) -> Vec<String> {
    let us = number::thousands;
    let achieved = figures.doubts.iter().find_map(|doubt| match doubt {
        Doubt::BelowAskedRate { achieved } => Some(format!("{:.1} %", achieved * 100.0)),
        _ => None,
    });
    vec![
        figures.design.clone(),
        us(asked_rps),
        us(figures.p50_us.median),
        us(figures.p90_us.median),
        format!("{}{}", us(figures.p99_us.median), question_mark(figures)),
        us(figures.p99_9_us.median),
        us(figures.max_us.median),
        achieved.unwrap_or_else(|| "all".to_owned()),
    ]
}
