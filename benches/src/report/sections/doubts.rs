//! The section on figures that should not be believed as they stand, and what to do about it.

use std::collections::BTreeMap;

use super::section::Section;
use crate::report::table::{NONE, Table};
use crate::report::{Doubted, Report};

pub(super) fn section(report: &Report) -> Option<Section> {
    report.ceiling.as_ref()?;
    let doubts = report.doubts();
    if doubts.is_empty() {
        return Some(Section {
            id: "doubts",
            title: "What this report doubts".into(),
            says: vec!["Nothing: the figures passed every check.".into()],
            table: Table::new(["check", "found"]),
            ..Section::default()
        });
    }
    // One line for each kind and design, with the worst case in words: the same doubt at five rates is one doubt.
    let mut kinds: BTreeMap<(String, Option<&str>), Vec<&Doubted<'_>>> = BTreeMap::new();
    for doubted in &doubts {
        kinds.entry((doubted.doubt.name().to_owned(), doubted.design)).or_default().push(doubted);
    }
    let mut table = Table::new(["design", "where", "doubt"]);
    for ((_, design), same) in kinds {
        let mut parts: Vec<&str> = same.iter().map(|doubted| doubted.part.as_str()).collect();
        parts.dedup();
        let worst = same.iter().max_by(|a, b| a.doubt.size().total_cmp(&b.doubt.size()));
        let whole = if parts.len() > 3 {
            format!("{} and {} more", parts[..2].join(", "), parts.len() - 2)
        } else {
            parts.join(", ")
        };
        table.row([
            design.unwrap_or(NONE).to_owned(),
            whole,
            worst.map_or(String::new(), |doubted| doubted.doubt.to_string()),
        ]);
    }
    Some(Section {
        id: "doubts",
        title: "What this report doubts".into(),
        says: vec![
            "A question mark or a hollow point marks a figure that failed one of the report's own checks."
                .into(),
        ],
        table,
        ..Section::default()
    })
}
