//! The section on changes since an older report.

use super::section::Section;
use crate::changes::{Change, Verdict};
use crate::report::table::{DOUBTED, NONE, Table};
use crate::report::{Report, number};

pub(super) fn section(report: &Report) -> Option<Section> {
    let changes = report.changes.as_ref()?;
    let mut table =
        Table::new(["design", "part", "figure", "old", "new", "change", "95 % between", "verdict"]);
    // Clear changes come first: with a hundred figures, they are what a reader looks for.
    let order = |change: &Change| match change.verdict {
        Verdict::Worse => 0,
        Verdict::Better => 1,
        Verdict::Unknown => 2,
        Verdict::Same => 3,
    };
    let mut rows: Vec<&Change> = changes.rows.iter().collect();
    rows.sort_by_key(|change| order(change));
    rows.iter().for_each(|change| table.row(row(change)));
    let count = |verdict| changes.rows.iter().filter(|row| row.verdict == verdict).count();
    let revision =
        changes.old_git_revision.as_deref().map_or(String::new(), |revision| format!(", {revision}"));
    let mut says = vec![format!(
        "Compared with the report of {}{revision}: {} worse, {} better, {} the same, {} with too few rounds to decide.",
        number::date(changes.old_begun_unix_s),
        count(Verdict::Worse),
        count(Verdict::Better),
        count(Verdict::Same),
        count(Verdict::Unknown)
    )];
    says.extend(changes.machines.iter().map(|differs| {
        format!("Another machine ({differs}): a change may be due to the machine and not to the code.")
    }));
    let notes = vec![
        "A timed figure is worse or better if its whole 95 % confidence interval is beyond the usual variation of such \
         a figure: 5 % for server CPU time and throughput, 10 % for Redis' CPU time and p50, 25 % for p99. The \
         interval is that of Hodges and Lehmann over all pairs of rounds, by the exact distribution of Mann and \
         Whitney's U; it needs four rounds of each report. Counts and bytes have no interval; for them, more than 2 % \
         is a change."
            .to_owned(),
    ];
    Some(Section { id: "changes", title: "What changed".into(), says, table, notes, ..Section::default() })
}

fn row(change: &Change) -> Vec<String> {
    let percent = |share: f64| format!("{}{:.1} %", if share < 0.0 { "−" } else { "+" }, share.abs() * 100.0);
    let doubted = if change.is_doubted { DOUBTED } else { "" };
    let verdict = match change.verdict {
        Verdict::Worse => "worse",
        Verdict::Better => "better",
        Verdict::Same => "same",
        Verdict::Unknown => "too few rounds",
    };
    vec![
        change.design.clone(),
        change.part.clone(),
        change.figure.clone(),
        number::short(change.old),
        format!("{}{doubted}", number::short(change.new)),
        change.change.map_or(NONE.to_owned(), percent),
        change.interval.map_or(NONE.to_owned(), |(from, to)| format!("{} to {}", percent(from), percent(to))),
        verdict.to_owned(),
    ]
}
