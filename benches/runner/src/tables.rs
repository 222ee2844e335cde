//! Prints the report on a terminal: the tables without the charts.

use anstyle::Style;
use harness::terminal::{DIM, heading, sentence, table};
use measure::report::Report;
use measure::report::sections::{self, Section};

use super::write::Written;

/// The sections that are printed on a terminal; the files contain all.
const SHOWN: [&str; 13] = [
    "control",
    "changes",
    "cost",
    "answers",
    "round-trip",
    "revocation",
    "refresh",
    "scale",
    "targets",
    "peers",
    "exchanges",
    "libraries",
    "doubts",
];

pub(crate) fn print(report: &Report, written: &Written) {
    for line in sections::preface(report) {
        sentence(&line, Style::new());
    }
    for Section { id, title, table: figures, .. } in sections::all(report) {
        if !SHOWN.contains(&id) {
            continue;
        }
        heading(&title);
        let header: Vec<&str> = figures.header.iter().map(String::as_str).collect();
        let right_from = match id {
            "doubts" | "answers" => header.len(),
            "targets" => 2,
            "changes" => 3,
            _ => 1,
        };
        harness::out!("{}", table(&header, right_from, figures.rows));
    }
    let folder = written.folder.display();
    heading("The report");
    harness::outln!(" {folder}/report.html      with charts, in one file: open it in a browser");
    harness::outln!(" {folder}/report.md        the same as text");
    harness::outln!(" {folder}/report.json      every figure, including raw rounds and histograms");
    harness::outln!(
        "{DIM} cargo lab bench --url http://127.0.0.1:3000/me also measures a server of yours{DIM:#}"
    );
}
