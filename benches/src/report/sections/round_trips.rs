//! The section on the distance to Redis, which has no effect on a design that does not use Redis.

use super::section::{Section, series_of, table_of};
use crate::report::chart::{Axis, Chart, Lines};
use crate::report::{Report, Role, number, rate_rps};

pub(super) fn section(report: &Report) -> Option<Section> {
    let first = &report.round_trips.first()?.comparison;
    let steps = report.round_trips.iter().map(|step| (step.measured_ms, &step.comparison));
    let header = report.round_trips.iter().map(|step| format!("p50 µs at {:.2} ms", step.measured_ms));
    let comparisons = report.round_trips.iter().map(|step| &step.comparison);
    let table = table_of(header, comparisons, |figures| Some(number::thousands(figures.p50_us.median)));
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
            "A proxy between server and Redis delays each direction. The proxy itself takes time too, so the round \
             trip is the measured time of a PING through it. {} requests/s.",
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
