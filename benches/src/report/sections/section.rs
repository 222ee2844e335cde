//! What every section is made of: its parts, and how a figure of a design is shown in it.

use crate::figures::{BASELINE, Comparison, DesignFigures, Median};
use crate::report::Report;
use crate::report::chart::{Bar, Bars, Chart, Point, Series};
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
    let mut designs: Vec<&String> = Vec::new();
    for figures in steps.clone().flat_map(|(_, comparison)| &comparison.designs) {
        if !designs.contains(&&figures.design) {
            designs.push(&figures.design);
        }
    }
    let of = |design: &str| {
        let points = steps.clone().filter_map(|(x, comparison)| {
            let figures = comparison.design(design)?;
            Some(Point { x, y: figure(figures), is_doubted: !figures.doubts.is_empty() })
        });
        Series { name: design.to_owned(), mark: mark(report, design), points: points.collect() }
    };
    designs.into_iter().map(|design| of(design)).collect()
}

/// The question mark after a figure of a design that is doubted; empty for the others.
pub(super) fn question_mark(figures: &DesignFigures) -> &'static str {
    if figures.doubts.is_empty() { "" } else { DOUBTED }
}

/// A table with one row for each design and one column for each step. A figure that is doubted has a question mark.
pub(super) fn table_of<'a>(
    header: impl Iterator<Item = String>,
    steps: impl Iterator<Item = &'a Comparison> + Clone,
    write: impl Fn(&DesignFigures) -> Option<String>,
) -> Table {
    let mut table = Table::new(["design".to_owned()].into_iter().chain(header));
    let named = |step: &'a Comparison| {
        let served = step.designs.iter().map(|figures| &figures.design);
        served.chain(step.unserved.iter().map(|unserved| &unserved.design))
    };
    let mut designs: Vec<&String> = Vec::new();
    for design in steps.clone().flat_map(named) {
        if !designs.contains(&design) {
            designs.push(design);
        }
    }
    for design in designs {
        let cells = steps.clone().map(|step| {
            let figures = step.design(design);
            let cell =
                figures.and_then(|figures| Some(format!("{}{}", write(figures)?, question_mark(figures))));
            cell.unwrap_or_else(|| NONE.to_owned())
        });
        table.row([design.clone()].into_iter().chain(cells));
    }
    table
}

/// A row of dashes for each design that has no figures in a comparison. The preface of the report says why.
pub(super) fn rows_without_figures(comparison: &Comparison, table: &Table) -> Vec<Vec<String>> {
    let dashes = || vec![NONE.to_owned(); table.header.len().saturating_sub(1)];
    let row = |name: &String| [vec![name.clone()], dashes()].concat();
    comparison.unserved.iter().map(|unserved| row(&unserved.design)).collect()
}

/// A bar for the CPU time of each design, server and store apart; `None` when no server's CPU time is known.
pub(super) fn cpu_chart(
    designs: &[DesignFigures],
    label: impl Fn(&DesignFigures) -> String,
) -> Option<Chart> {
    let bar = |figures: &DesignFigures| {
        let store = figures.store_cpu_us.map_or(0.0, |store| store.median);
        Some(Bar { label: label(figures), parts: vec![figures.server_cpu_us?.median, store] })
    };
    let bars: Vec<Bar> = designs.iter().filter_map(bar).collect();
    let parts = vec!["server CPU".into(), "Redis CPU".into()];
    (!bars.is_empty()).then(|| Chart::Bars(Bars { parts, bars, unit: " µs".into() }))
}

/// A median with half its 95 % confidence interval in per cent, and a question mark if it is doubted.
pub(super) fn with_uncertainty(median: Median, write: impl Fn(f64) -> String, is_doubted: bool) -> String {
    let doubted = if is_doubted { DOUBTED } else { "" };
    format!("{} ±{:.0} %{doubted}", write(median.median), median.uncertainty() * 100.0)
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
