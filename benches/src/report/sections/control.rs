//! The section on the A/A control: the smallest difference that this run can see.

use super::section::{Section, or_none};
use crate::figures::{Comparison, Ended, Interval, Median};
use crate::report::Report;
use crate::report::table::Table;

pub(super) fn section(report: &Report) -> Option<Section> {
    let parts = parts(report);
    if parts.is_empty() {
        return None;
    }
    let mut table =
        Table::new(["part", "rounds", "throughput", "95 % interval", "server CPU", "95 % interval"]);
    for (part, comparison) in &parts {
        let control = comparison.control.as_ref();
        let throughput = control.and_then(|control| control.ratio);
        let cpu = control.and_then(|control| control.server_cpu_ratio);
        let written = |figure| or_none(figure, |figure: Median| format!("{:.3}", figure.median));
        table.row([
            (*part).to_owned(),
            comparison.rounds.to_string(),
            written(throughput),
            or_none(throughput, interval),
            written(cpu),
            or_none(cpu, interval),
        ]);
    }
    let mut says: Vec<String> =
        parts.iter().filter_map(|(_, comparison)| smallest(comparison)).take(1).collect();
    if parts.iter().any(|(_, comparison)| comparison.is_biased()) {
        says.push(
            "In this run, two equal servers did differ: something on this machine treated one of them better. Repeat \
             the run before you rely on a small difference."
                .to_owned(),
        );
    }
    Some(Section {
        id: "control",
        title: "What this run can see".into(),
        says,
        table,
        notes: parts.iter().filter_map(|(part, comparison)| rounds(part, comparison)).collect(),
        ..Section::default()
    })
}

/// The comparisons that have a control, with their names.
fn parts(report: &Report) -> Vec<(&'static str, &Comparison)> {
    let targets = report.targets.as_ref().and_then(|targets| targets.comparison.as_ref());
    let all = [("the ceiling", report.ceiling.as_ref()), ("the targets", targets)];
    let named = |(part, comparison): (_, Option<_>)| comparison.map(|comparison| (part, comparison));
    all.into_iter()
        .filter_map(named)
        .filter(|(_, comparison): &(_, &Comparison)| comparison.control.is_some())
        .collect()
}

/// What the control says, in a sentence.
pub(super) fn smallest(comparison: &Comparison) -> Option<String> {
    let resolution = comparison.resolution()?;
    let cpu =
        resolution.server_cpu.map_or(String::new(), |cpu| format!(" and {:.1} % of CPU time", cpu * 100.0));
    Some(format!(
        "A/A control: two equal servers without authentication took part in the same rounds. Less than {:.1} % of \
         throughput{cpu} is no difference that this run can see.",
        resolution.throughput * 100.0
    ))
}

/// Why there are as many rounds as there are.
fn rounds(part: &str, comparison: &Comparison) -> Option<String> {
    let why = match comparison.ended? {
        Ended::Precise => "each ratio was as certain as the plan asks for",
        Ended::AllRounds => "the plan has no more, although a ratio may be less certain than it asks for",
        Ended::Stopped => "the run was stopped",
    };
    let repeated = match comparison.repeated {
        0 => String::new(),
        count => format!(
            " {count} turns were repeated, because other programs used more than 5 % of the processors."
        ),
    };
    let place = comparison.cores.as_ref().map_or(String::new(), |cores| {
        let listed = |cores: &[usize]| cores.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
        format!(
            " Servers ran on processor {}, the load generator and Redis on {}.",
            listed(&cores.servers),
            listed(&cores.generator)
        )
    });
    Some(format!("{part}: {} rounds, because {why}.{repeated}{place}", comparison.rounds))
}

fn interval(ratio: Median) -> String {
    let Interval { low, high } = ratio.likely();
    format!("{low:.3} – {high:.3}")
}
