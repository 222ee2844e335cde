//! The section on the targets and whether they are met.

use super::section::Section;
use crate::figures::Interval;
use crate::report::table::{NONE, Table};
use crate::report::{Report, number};
use crate::targets::{Limit, Outcome, Target, Verdict};

pub(super) fn section(report: &Report) -> Option<Section> {
    let targets = report.targets.as_ref()?;
    let mut table = Table::new(["target", "what", "must be", "is", "95 % interval", "verdict"]);
    targets.rows.iter().for_each(|target| table.row(row(target)));
    let count = |verdict| targets.rows.iter().filter(|target| target.verdict() == verdict).count();
    let says = format!(
        "{} met, {} not met, {} undecided, {} not measured.",
        count(Verdict::Met),
        count(Verdict::NotMet),
        count(Verdict::Undecided),
        count(Verdict::NotMeasured)
    );
    let mut notes = vec![
        "Each target is a ratio within one run: both sides take turns in the same rounds, and each round gives one \
         ratio. The 95 % confidence interval of their median decides. Where the limit is inside of it, the target is \
         undecided: another run may have the opposite result."
            .to_owned(),
    ];
    notes.extend(targets.rows.iter().map(|target| match &target.outcome {
        Outcome::Measured { .. } => format!("{}, {}: {}", target.id, target.what, target.how),
        Outcome::NotMeasured { why } => format!("{}, {}: not measured. {why}", target.id, target.what),
    }));
    Some(Section {
        id: "targets",
        title: "What must hold".into(),
        says: vec![says],
        table,
        notes,
        ..Section::default()
    })
}

fn row(target: &Target) -> Vec<String> {
    let (figure, between) = match &target.outcome {
        Outcome::Measured { figure } => {
            let Interval { low, high } = figure.likely();
            (written(figure.median), format!("{} – {}", written(low), written(high)))
        }
        Outcome::NotMeasured { .. } => (NONE.to_owned(), NONE.to_owned()),
    };
    let verdict = match target.verdict() {
        Verdict::Met => "met",
        Verdict::NotMet => "not met",
        Verdict::Undecided => "undecided",
        Verdict::NotMeasured => "not measured",
    };
    vec![target.id.clone(), target.what.clone(), limit(target.limit), figure, between, verdict.to_owned()]
}

fn limit(limit: Limit) -> String {
    match limit {
        Limit::AtMost(most) => format!("≤ {}", written(most)),
        Limit::AtLeast(least) => format!("≥ {}", written(least)),
        Limit::Exactly(count) => format!("= {count}"),
    }
}

/// A ratio with two decimals; a value of 100 or more, such as bytes, without decimals.
fn written(value: f64) -> String {
    if value.abs() >= 100.0 { number::thousands(value) } else { format!("{value:.2}") }
}
