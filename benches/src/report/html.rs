//! The report as one HTML file. It loads nothing, runs no script, and can be read on a phone, in dark mode, on paper,
//! and with a screen reader, for which a table follows each chart.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Report;
use super::chart::Chart;
use super::sections::{self, Section};
use super::table::Table;

const STYLE: &str = include_str!("html/style.css");

/// The content security policy of the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The whole report as an HTML page.
pub fn write(report: &Report) -> String {
    let sections = sections::all(report);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (sections::TITLE) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (sections::TITLE) }
                    (paragraphs(&sections::preface(report)))
                    (tiles(report))
                }
                nav aria-label="Parts of this report" {
                    ul { @for section in &sections { li { a href={ "#" (section.id) } { (section.title) } } } }
                }
                main { @for section in &sections { (self::section(section)) } }
            }
        }
    };
    page.into_string()
}

/// One section: its sentences, its chart, the table and the notes, in this order for listening and scrolling. On a wide
/// page the text is beside the chart.
fn section(section: &Section) -> Markup {
    html! {
        section id=(section.id) class=(if section.chart.is_some() { "charted" } else { "plain" }) {
            h2 { (section.title) }
            @if !section.says.is_empty() { div.says { (paragraphs(&section.says)) } }
            @if let Some(chart) = &section.chart { (figure(chart, &section.title)) }
            (table(&section.table, &section.title))
            @if !section.notes.is_empty() { div.notes { (paragraphs(&section.notes)) } }
        }
    }
}

/// The key figures of the report, in large type.
fn tiles(report: &Report) -> Markup {
    let tiles = sections::tiles(report);
    html! {
        @if !tiles.is_empty() {
            dl.tiles { @for tile in tiles { div.tile { dt { (tile.what) } dd { (tile.figure) } } } }
        }
    }
}

fn paragraphs(lines: &[String]) -> Markup {
    html! { @for line in lines { p { (line) } } }
}

fn figure(chart: &Chart, title: &str) -> Markup {
    html! { figure { (chart.svg(title)) (chart.legend()) } }
}

/// A table that scrolls on its own when it is wider than the page. It can be reached by keyboard, so it has a name.
fn table(table: &Table, title: &str) -> Markup {
    html! {
        div.table role="region" tabindex="0" aria-label={ (title) ": figures" } {
            table {
                thead { tr { @for cell in &table.header { th scope="col" { (cell) } } } }
                tbody { @for row in &table.rows { (self::row(row)) } }
            }
        }
    }
}

fn row(cells: &[String]) -> Markup {
    html! {
        tr {
            @for (index, cell) in cells.iter().enumerate() {
                @if index == 0 { th scope="row" { (cell) } } @else { td { (cell) } }
            }
        }
    }
}
