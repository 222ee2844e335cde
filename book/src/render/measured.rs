//! Charts and tables of a report. A block `figures` contains the name of one view. It becomes the same chart as in the
//! report's own pages, in this language; a table of the same figures for readers who cannot see the chart; and a line
//! that says where and when they were measured, because figures mean nothing without it.

mod words;

use anyhow::bail;
use maud::{Markup, PreEscaped, html};
use mdbook_preprocessor::errors::Result;
use measure::figures::{BASELINE, Comparison, DesignFigures};
use measure::report::chart::Chart;
use measure::report::peers::LibraryTime;
use measure::report::table::{DOUBTED, NONE};
use measure::report::{Report, Revocation, Subject, number, rate_rps, sections};

use crate::Lang;
use crate::figures::{Figures, duration};
use words::{Words, shared};

/// A table's rows.
type Rows = Vec<Vec<String>>;

/// One view: a chart and its table.
struct View {
    name: &'static str,
    /// The id of the report's section that has the chart.
    section: &'static str,
    words: &'static [Words; 2],
    rows: fn(&Report, Lang) -> Rows,
    /// If the table has one column for each step of a series: the steps, as the columns' headings.
    steps: Option<fn(&Report) -> Vec<String>>,
}

const VIEWS: [View; 7] = [
    View { name: "cost", section: "cost", words: &words::COST, rows: cost, steps: None },
    View { name: "frontier", section: "revocation", words: &words::FRONTIER, rows: frontier, steps: None },
    View {
        name: "distance",
        section: "round-trip",
        words: &words::DISTANCE,
        rows: distance,
        steps: Some(|report| {
            report.round_trips.iter().map(|step| format!("{:.2} ms", step.measured_ms)).collect()
        }),
    },
    View {
        name: "latency",
        section: "latency",
        words: &words::LATENCY,
        rows: latency,
        steps: Some(|report| {
            report.rates.iter().map(|rate| format!("{}/s", number::thousands(rate_rps(rate)))).collect()
        }),
    },
    View { name: "weight", section: "weight", words: &words::WEIGHT, rows: weight, steps: None },
    View { name: "peers", section: "peers", words: &words::PEERS, rows: peers, steps: None },
    View { name: "libraries", section: "libraries", words: &words::LIBRARIES, rows: libraries, steps: None },
];

/// Whether the report has figures for the view of this name. An unknown name is an error.
pub(crate) fn is_known(name: &str, figures: &Figures) -> Result<bool> {
    let view = view(name)?;
    Ok(!(view.rows)(&figures.0, Lang::En).is_empty())
}

/// The block as Markdown: the chart is HTML, and the table is a Markdown table.
pub(super) fn write(name: &str, figures: &Figures, lang: Lang) -> Result<String> {
    let (view, report) = (view(name)?, &figures.0);
    let (words, shared) = (&view.words[lang as usize], shared(lang));
    let rows = (view.rows)(report, lang);
    if rows.is_empty() {
        return Ok(format!("*{}: {}*\n", words.title, shared.not_measured));
    }
    let found = sections::all(report).into_iter().find(|section| section.id == view.section);
    let chart = found.and_then(|section| section.chart).map(|chart| relabelled(chart, words));
    let chart = chart.map(|chart| figure(&chart, words, lang));
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
    let (command, plan) = (html! { code { "cargo lab bench" } }, &figures.0.plan);
    let own = |text| html! { a href="measuring.html#own" { (text) } };
    let line = html! {
        p.provenance {
            @match lang {
                Lang::En => {
                    "Measured " (date) " on " (machine) "; " (store) "; " (command) ", plan: " (plan) ". "
                    (own("Show your own figures instead"))
                }
                Lang::Ja => {
                    (date) " に " (machine) "（" (store) "）で測定。" (command) "、計画: " (plan) "。"
                    (own("自分の数字に差し替えるには"))
                }
            }
        }
    };
    Ok(format!("\n{}\n", line.into_string()))
}

/// The text in place of a figure that a reader's own report does not have.
pub(super) fn not_measured(lang: Lang) -> &'static str {
    shared(lang).not_measured
}

fn view(name: &str) -> Result<&'static View> {
    let found = VIEWS.iter().find(|view| view.name == name);
    let Some(view) = found else {
        bail!("no figures are called `{name}`");
    };
    Ok(view)
}

/// The chart with its labels in this language.
fn relabelled(mut chart: Chart, words: &Words) -> Chart {
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

fn figure(chart: &Chart, words: &Words, lang: Lang) -> Markup {
    let shared = shared(lang);
    let svg = chart.svg(words.title).into_string().replace(">at once<", &format!(">{}<", shared.at_once));
    let svg = svg.replacen("</title>", &format!("</title><desc>{}</desc>", shared.below), 1);
    html! {
        figure.measured {
            (PreEscaped(svg))
            (chart.legend())
            figcaption { (words.title) }
        }
    }
}

fn columns(view: &View, words: &Words, report: &Report) -> Vec<String> {
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

fn cost(report: &Report, _: Lang) -> Rows {
    let designs = report.ceiling.iter().flat_map(|comparison| &comparison.designs);
    let row = |figures: &DesignFigures| {
        vec![
            figures.design.clone(),
            number::thousands(figures.throughput_rps.median) + doubt(figures),
            or_none(figures.ratio, |ratio| format!("{:.2}", ratio.median)),
            or_none(figures.server_cpu_us, |cpu| number::short(cpu.median)),
            or_none(figures.store_cpu_us, |cpu| number::short(cpu.median)),
            or_none(figures.store_round_trips, |trips| number::short(trips.median)),
        ]
    };
    designs.map(row).collect()
}

fn frontier(report: &Report, lang: Lang) -> Rows {
    let rows = report.revocation.iter().filter(|row| row.design != BASELINE);
    let row = |row: &Revocation| {
        let check = sections::check_us(report, &row.design);
        let works = row.works_for_ms();
        vec![
            row.design.clone(),
            or_none(check, |us| number::short(us.max(0.0))),
            if works <= 0.0 { shared(lang).at_once.to_owned() } else { duration(works * 1e3, lang) },
            number::thousands(row.let_in as f64),
        ]
    };
    rows.map(row).collect()
}

fn distance(report: &Report, _: Lang) -> Rows {
    let steps: Vec<_> = report.round_trips.iter().map(|step| &step.comparison).collect();
    over_steps(&steps, |figures| figures.p50_us.median)
}

fn latency(report: &Report, _: Lang) -> Rows {
    over_steps(&report.rates.iter().collect::<Vec<_>>(), |figures| figures.p99_us.median)
}

/// A table with one row for each design of the first step, and one column for each step.
fn over_steps(steps: &[&Comparison], figure: impl Fn(&DesignFigures) -> f64) -> Rows {
    let Some(first) = steps.first() else { return Vec::new() };
    let cell = |figures: Option<&DesignFigures>| {
        or_none(figures, |figures| number::thousands(figure(figures)) + doubt(figures))
    };
    let row = |design: &str| {
        let cells = steps.iter().map(|step| cell(step.design(design)));
        [design.to_owned()].into_iter().chain(cells).collect()
    };
    first.designs.iter().map(|figures| row(&figures.design)).collect()
}

fn weight(report: &Report, _: Lang) -> Rows {
    let subjects = report.subjects.iter().filter(|subject| subject.name != BASELINE);
    let row = |subject: &Subject| {
        vec![
            subject.name.clone(),
            or_none(subject.credential_bytes, |bytes| number::bytes(bytes as f64)),
            or_none(subject.stored_bytes_per_session, number::bytes),
            or_none(subject.store_per_request, |store| number::short(store.commands)),
        ]
    };
    subjects.map(row).collect()
}

fn peers(report: &Report, _: Lang) -> Rows {
    let Some(peers) = &report.peers else { return Vec::new() };
    let row = |figures: &DesignFigures| {
        let at_rate = peers.at_rate.as_ref().and_then(|at_rate| at_rate.design(&figures.design));
        vec![
            figures.design.clone(),
            number::thousands(figures.throughput_rps.median) + doubt(figures),
            or_none(figures.server_cpu_us, |cpu| number::short(cpu.median)),
            or_none(figures.store_cpu_us, |cpu| number::short(cpu.median)),
            or_none(at_rate, |figures| number::thousands(figures.p99_us.median) + doubt(figures)),
        ]
    };
    peers.ceiling.iter().flat_map(|ceiling| &ceiling.designs).map(row).collect()
}

fn libraries(report: &Report, _: Lang) -> Rows {
    let timed = report.libraries.iter().flat_map(|libraries| &libraries.timed);
    let mut sorted: Vec<_> = timed.collect();
    sorted.sort_by(|one, other| one.ns.median.total_cmp(&other.ns.median));
    let row = |timed: &&LibraryTime| {
        let name = format!("{} {}, {}", timed.library, timed.version, timed.runs_on);
        vec![name, number::thousands(timed.ns.median), number::short(timed.times_ours.median)]
    };
    sorted.iter().map(row).collect()
}

fn or_none<T>(figure: Option<T>, write: impl Fn(T) -> String) -> String {
    figure.map_or(NONE.to_owned(), write)
}

fn doubt(figures: &DesignFigures) -> &'static str {
    if figures.doubts.is_empty() { "" } else { DOUBTED }
}
