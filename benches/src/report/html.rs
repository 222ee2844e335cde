//! The report as one HTML file. It loads nothing, runs no script, and can be read on a phone, in dark mode, on paper,
//! and with a screen reader, for which a table follows each chart.

use super::Report;
use super::chart::Chart;
use super::escape::escaped;
use super::sections::{self, Section};
use super::table::Table;

const STYLE: &str = include_str!("html/style.css");

/// The whole report as an HTML page.
pub fn write(report: &Report) -> String {
    let sections = sections::all(report);
    let links = sections
        .iter()
        .map(|section| format!(r##"<li><a href="#{}">{}</a></li>"##, section.id, escaped(&section.title)));
    let body: String = sections.iter().map(section).collect();
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>
{STYLE}</style>
</head>
<body>
<header>
<h1>{title}</h1>
{preface}{tiles}</header>
<nav aria-label="Parts of this report"><ul>{links}</ul></nav>
<main>
{body}</main>
</body>
</html>
"#,
        title = escaped(sections::TITLE),
        preface = paragraphs(&sections::preface(report)),
        tiles = tiles(report),
        links = links.collect::<String>(),
    )
}

/// One section: its sentences, its chart, the table and the notes, in this order for listening and scrolling. On a wide
/// page the text is beside the chart.
fn section(section: &Section) -> String {
    let title = escaped(&section.title);
    let figure = section.chart.as_ref().map_or(String::new(), |chart| figure(chart, &section.title));
    let class = if section.chart.is_some() { "charted" } else { "plain" };
    let block = |class: &str, lines: &[String]| match lines {
        [] => String::new(),
        lines => format!("<div class=\"{class}\">\n{}</div>\n", paragraphs(lines)),
    };
    format!(
        "<section id=\"{id}\" class=\"{class}\">\n<h2>{title}</h2>\n{says}{figure}{table}{notes}</section>\n",
        id = section.id,
        says = block("says", &section.says),
        table = table(&section.table, &title),
        notes = block("notes", &section.notes),
    )
}

/// The key figures of the report, in large type.
fn tiles(report: &Report) -> String {
    let tiles: String = sections::tiles(report)
        .into_iter()
        .map(|tile| {
            format!(
                "<div class=\"tile\"><dt>{}</dt><dd>{}</dd></div>\n",
                escaped(&tile.what),
                escaped(&tile.figure)
            )
        })
        .collect();
    if tiles.is_empty() { tiles } else { format!("<dl class=\"tiles\">\n{tiles}</dl>\n") }
}

fn paragraphs(lines: &[String]) -> String {
    lines.iter().map(|line| format!("<p>{}</p>\n", escaped(line))).collect()
}

fn figure(chart: &Chart, title: &str) -> String {
    let legend: String = chart
        .legend()
        .into_iter()
        .map(|(mark, name)| format!("<li>{}{}</li>", chart.sign(mark), escaped(name)))
        .collect();
    let legend = if legend.is_empty() { legend } else { format!("<ul class=\"legend\">{legend}</ul>\n") };
    format!("<figure>\n{}\n{legend}</figure>\n", chart.svg(title))
}

/// A table that scrolls on its own when it is wider than the page. It can be reached by keyboard, so it has a name.
fn table(table: &Table, title: &str) -> String {
    let cells = |row: &[String]| -> String {
        let mut cells = row.iter();
        let first = cells.next().map(|cell| format!(r#"<th scope="row">{}</th>"#, escaped(cell)));
        let rest: String = cells.map(|cell| format!("<td>{}</td>", escaped(cell))).collect();
        format!("<tr>{}{rest}</tr>\n", first.unwrap_or_default())
    };
    let header: String =
        table.header.iter().map(|cell| format!(r#"<th scope="col">{}</th>"#, escaped(cell))).collect();
    let rows: String = table.rows.iter().map(|row| cells(row)).collect();
    format!(
        "<div class=\"table\" role=\"region\" tabindex=\"0\" aria-label=\"{title}: figures\">\n<table>\n\
         <thead><tr>{header}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n"
    )
}
