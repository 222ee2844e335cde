//! The section on the distance to Redis, which has no effect on a design that does not use Redis.

use super::section::{Section, series_of};
use crate::report::chart::{Axis, Chart, Lines};
use crate::report::table::{DOUBTED, NONE, Table};
use crate::report::{Report, Role, number, rate_rps};

pub(super) fn section(report: &Report) -> Option<Section> {
    let first = &report.round_trips.first()?.comparison;
    let steps = report.round_trips.iter().map(|step| (step.measured_ms, &step.comparison));
    let header = report.round_trips.iter().map(|step| format!("p50 µs at {:.2} ms", step.measured_ms));
    let mut table = Table::new(["design".to_owned()].into_iter().chain(header));
    for figures in &first.designs {
        let cells = report.round_trips.iter().map(|step| match step.comparison.design(&figures.design) {
            Some(figures) => {
                let doubted = if figures.doubts.is_empty() { "" } else { DOUBTED };
                format!("{}{doubted}", number::thousands(figures.p50_us.median))
            }
            None => NONE.to_owned(),
        });
        table.row([figures.design.clone()].into_iter().chain(cells.collect::<Vec<_>>()));
    }
    let chart = Lines {
        x: Axis::linear("round trip to Redis as it was measured, ms"),
        y: Axis::linear("p50 latency, µs"),
        series: series_of(report, steps, |figures| figures.p50_us.median),
        is_labelled: false,
    };
    Some(Section {
        id: "round-trip",
        title: "What the distance to Redis does".into(),
        says: says(report),
        chart: Some(Chart::Lines(chart)),
        table,
        notes: vec![format!(
            "A proxy of ours between server and Redis delays each direction; it costs something itself, so the round trip \
             is the one that a PING through it took. {} requests/s.",
            number::thousands(rate_rps(first))
        )],
    })
}

/// Compares the shortest and the longest round trip.
fn says(report: &Report) -> Vec<String> {
    let (Some(near), Some(far)) = (report.round_trips.first(), report.round_trips.last()) else {
        return Vec::new();
    };
    let sentence = |design: &str| {
        let (from, to) = (near.comparison.design(design)?, far.comparison.design(design)?);
        Some(format!(
            "{design}: half of the requests took {} or less at {:.2} ms to Redis, and {} at {:.2} ms.",
            number::duration_us(from.p50_us.median),
            near.measured_ms,
            number::duration_us(to.p50_us.median),
            far.measured_ms
        ))
    };
    let roles = [Role::LookUp, Role::SignedAndRefreshed];
    roles.into_iter().filter_map(|role| sentence(report.named_by(role)?)).collect()
}
