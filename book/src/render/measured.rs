//! Charts and tables of a report. A block `figures` contains the name of one view. It becomes the same chart as in the
//! report's own pages, in this language; a table of the same figures for readers who cannot see the chart; and a line
//! that says where and when they were measured, because figures mean nothing without it.

mod rows;

use anyhow::bail;
use maud::{Markup, PreEscaped, html};
use mdbook_preprocessor::errors::Result;
use measure::report::chart::Chart;
use measure::report::table::DOUBTED;
use measure::report::{Report, number, rate_rps, sections};

use crate::figures::Figures;
use crate::lang::Lang;
use crate::words::{ChartWords, Words};
use rows::Rows;

/// One view: a chart and its table.
struct View {
    name: &'static str,
    /// The id of the report's section that has the chart.
    section: &'static str,
    words: fn(&Words) -> &ChartWords,
    rows: fn(&Report, Lang) -> Rows,
    /// If the table has one column for each step of a series: the steps, as the columns' headings.
    steps: Option<fn(&Report) -> Vec<String>>,
}

const VIEWS: [View; 8] = [
    View { name: "cost", section: "cost", words: |words| &words.cost, rows: rows::cost, steps: None },
    View {
        name: "frontier",
        section: "revocation",
        words: |words| &words.frontier,
        rows: rows::frontier,
        steps: None,
    },
    View {
        name: "distance",
        section: "round-trip",
        words: |words| &words.distance,
        rows: rows::distance,
        steps: Some(|report| {
            report.round_trips.iter().map(|step| format!("{:.2} ms", step.measured_ms)).collect()
        }),
    },
    View {
        name: "latency",
        section: "latency",
        words: |words| &words.latency,
        rows: rows::latency,
        steps: Some(|report| {
            report.rates.iter().map(|rate| format!("{}/s", number::thousands(rate_rps(rate)))).collect()
        }),
    },
    View { name: "weight", section: "weight", words: |words| &words.weight, rows: rows::weight, steps: None },
    View { name: "peers", section: "peers", words: |words| &words.peers, rows: rows::peers, steps: None },
    View {
        name: "libraries",
        section: "libraries",
        words: |words| &words.libraries,
        rows: rows::libraries,
        steps: None,
    },
    View {
        name: "exchanges",
        section: "exchanges",
        words: |words| &words.exchanges,
        rows: rows::exchanges,
        steps: None,
    },
];

/// Whether the report has figures for the view of this name. An unknown name is an error.
pub(crate) fn is_known(name: &str, figures: &Figures) -> Result<bool> {
    let view = view(name)?;
    Ok(!(view.rows)(&figures.0, Lang::En).is_empty())
}

/// The block as Markdown: the chart is HTML, and the table is a Markdown table.
pub(super) fn write(name: &str, figures: &Figures, lang: Lang) -> Result<String> {
    let (view, report) = (view(name)?, &figures.0);
    let (words, shared) = ((view.words)(lang.words()), lang.words());
    let rows = (view.rows)(report, lang);
    if rows.is_empty() {
        return Ok(format!("*{}: {}*\n", words.title, shared.not_measured));
    }
    let found = sections::all(report).into_iter().find(|section| section.id == view.section);
    let chart = found.and_then(|section| section.chart).map(|chart| relabelled(chart, words));
    let chart = chart.map(|chart| figure(&chart, words, shared));
    let mut out = chart.map(|chart| chart.into_string() + "\n\n").unwrap_or_default();
    out += &table(&columns(view, words, report), &rows, shared.design);
    if rows.iter().flatten().any(|cell| cell.ends_with(DOUBTED)) {
        let doubted = html! { p.provenance { (shared.doubted) } };
        out += &(doubted.into_string() + "\n");
    }
    out += &provenance(figures, lang)?;
    Ok(out)
}

/// A line that says where and when a report was measured.
pub(super) fn provenance(figures: &Figures, lang: Lang) -> Result<String> {
    let said = |name| Ok::<_, anyhow::Error>(figures.named(name, lang)?.unwrap_or_default());
    let (date, machine, store) = (said("date")?, said("machine")?, said("store")?);
    let line = html! { p.provenance { ((lang.words().measured)(&date, &machine, &store, &figures.0.plan)) } };
    Ok(format!("\n{}\n", line.into_string()))
}

fn view(name: &str) -> Result<&'static View> {
    let found = VIEWS.iter().find(|view| view.name == name);
    let Some(view) = found else {
        bail!("no figures are called `{name}`");
    };
    Ok(view)
}

/// The chart with its labels in this language.
fn relabelled(mut chart: Chart, words: &ChartWords) -> Chart {
    match &mut chart {
        Chart::Bars(bars) => {
            let parts = words.axes.iter().take(bars.parts.len());
            bars.parts = parts.map(|part| (*part).to_owned()).collect();
        }
        Chart::Lines(lines) => {
            let [x, y] = words.axes.map(str::to_owned);
            (lines.x.label, lines.y.label) = (x, y);
        }
    }
    chart
}

fn figure(chart: &Chart, words: &ChartWords, shared: &Words) -> Markup {
    let svg = chart.svg(words.title).into_string().replace(">at once<", &format!(">{}<", shared.at_once));
    let svg = svg.replacen("</title>", &format!("</title><desc>{}</desc>", shared.same_figures_below), 1);
    html! {
        figure.measured {
            (PreEscaped(svg))
            (chart.legend())
            figcaption { (words.title) }
        }
    }
}

fn columns(view: &View, words: &ChartWords, report: &Report) -> Vec<String> {
    match view.steps {
        Some(steps) => steps(report).iter().map(|step| format!("{}, {step}", words.columns[0])).collect(),
        None => words.columns.iter().map(|column| (*column).to_owned()).collect(),
    }
}

fn table(columns: &[String], rows: &Rows, design: &str) -> String {
    let mut out = format!("| {design} | {} |\n|---|{}\n", columns.join(" | "), "--:|".repeat(columns.len()));
    for row in rows {
        out += &format!("| {} |\n", row.join(" | "));
    }
    out + "\n"
}
