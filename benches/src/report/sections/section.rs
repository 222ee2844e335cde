//! What every section is made of: its parts, and how a figure of a design is shown in it.

use crate::figures::{BASELINE, Comparison, DesignFigures, Median};
use crate::report::Report;
use crate::report::chart::{Chart, Point, Series};
use crate::report::table::{DOUBTED, NONE, Table};

/// One part of a report.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// The id of the section in links.
    pub id: &'static str,
    /// The heading.
    pub title: String,
    /// Sentences with the results, computed from the figures.
    pub says: Vec<String>,
    /// The chart, if there is one.
    pub chart: Option<Chart>,
    /// The table with the figures.
    pub table: Table,
    /// Notes on how to read the figures.
    pub notes: Vec<String>,
}

/// The number of the colour and marker of a design.
pub(super) fn mark(report: &Report, design: &str) -> usize {
    report.subjects.iter().position(|subject| subject.name == design).unwrap_or(report.subjects.len())
}

/// One series for each design, with one point per comparison.
pub(super) fn series_of<'a>(
    report: &Report,
    steps: impl Iterator<Item = (f64, &'a Comparison)> + Clone,
    figure: impl Fn(&DesignFigures) -> f64,
) -> Vec<Series> {
    let Some((_, first)) = steps.clone().next() else { return Vec::new() };
    let of = |design: &str| {
        let points = steps.clone().filter_map(|(x, comparison)| {
            let figures = comparison.design(design)?;
            Some(Point { x, y: figure(figures), is_doubted: !figures.doubts.is_empty() })
        });
        Series { name: design.to_owned(), mark: mark(report, design), points: points.collect() }
    };
    first.designs.iter().map(|figures| of(&figures.design)).collect()
}

/// A median with half its spread in per cent, and a question mark if it is doubted.
pub(super) fn with_spread(median: Median, write: impl Fn(f64) -> String, is_doubted: bool) -> String {
    let doubted = if is_doubted { DOUBTED } else { "" };
    format!("{} ±{:.0} %{doubted}", write(median.median), median.spread() * 50.0)
}

/// The figure, or a dash if it was not measured.
pub(super) fn or_none<T>(figure: Option<T>, write: impl Fn(T) -> String) -> String {
    figure.map_or(NONE.to_owned(), write)
}

/// CPU time of server and store together, in µs; the store's time is added only if it is known.
pub(super) fn whole_cpu_us(figures: &DesignFigures) -> Option<f64> {
    let server = figures.server_cpu_us?.median;
    Some(server + figures.store_cpu_us.map_or(0.0, |store| store.median))
}

/// CPU time that a design's check adds to a request, server and store together, in µs.
pub fn check_us(report: &Report, design: &str) -> Option<f64> {
    let own = whole_cpu_us(report.at_ceiling(design)?)?;
    Some(own - report.at_ceiling(BASELINE)?.server_cpu_us?.median)
}
