//! The section on the CPU cost of a request and on the highest throughput.

use super::section::{
    Section, check_us, cpu_chart, or_none, question_mark, rows_without_figures, whole_cpu_us,
    with_uncertainty,
};
use crate::figures::{BASELINE, Comparison, DesignFigures, Resolution, is_different};
use crate::report::table::{NONE, Table};
use crate::report::{Report, Role, connections, number};

pub(super) fn section(report: &Report) -> Option<Section> {
    let comparison = report.ceiling.as_ref().filter(|comparison| !comparison.is_empty())?;
    let mut table = Table::new([
        "design",
        "requests/s",
        "of none",
        "server CPU µs",
        "over none µs",
        "Redis CPU µs",
        "Redis commands",
    ]);
    let seen = comparison.resolution();
    comparison.designs.iter().for_each(|figures| table.row(row(figures, seen)));
    table.rows.extend(rows_without_figures(comparison, &table));
    let connections = connections(comparison);
    let mut notes = vec![format!(
        "{connections} connections, each sending its next request after the last answer; {} rounds of each design, in \
         random order; medians, with half of their 95 % confidence intervals. CPU time is the user and system time that the process takes \
         for one request. On a shared machine it varies least.",
        comparison.rounds
    )];
    if seen.is_some() {
        notes.push("≈ marks a difference to `none` that this run cannot see.".to_owned());
    }
    if let Some(generator) = &report.generator_ceiling {
        notes.push(format!(
            "The load generator reaches {} requests/s against a server that does nothing. No server can be measured above that.",
            number::thousands(generator.throughput_rps.median)
        ));
    }
    Some(Section {
        id: "cost",
        title: "What a request costs".into(),
        says: spread(report),
        chart: cpu_chart(&comparison.designs, |figures| {
            format!("{}{}", figures.design, question_mark(figures))
        }),
        table,
        notes,
    })
}

/// What marks a difference to the baseline that the run cannot see.
const SAME: &str = " ≈";

/// Whether a design's CPU time is no difference to the baseline's that the run can see.
fn costs_the_same(figures: &DesignFigures, seen: Option<Resolution>) -> bool {
    let ratio = figures.server_cpu_ratio.zip(seen.and_then(|seen| seen.server_cpu));
    ratio.is_some_and(|(ratio, seen)| !is_different(ratio, seen))
}

fn row(figures: &DesignFigures, seen: Option<Resolution>) -> Vec<String> {
    let is_doubted = !figures.doubts.is_empty();
    vec![
        figures.design.clone(),
        with_uncertainty(figures.throughput_rps, number::thousands, is_doubted),
        or_none(figures.ratio, |ratio| {
            let same =
                figures.design != BASELINE && seen.is_some_and(|seen| !is_different(ratio, seen.throughput));
            format!("{:.2}{}", ratio.median, if same { SAME } else { "" })
        }),
        or_none(figures.server_cpu_us, |cpu| with_uncertainty(cpu, number::short, false)),
        or_none(figures.server_cpu_over_baseline_us, |over| match figures.design.as_str() {
            BASELINE => NONE.to_owned(),
            _ => format!("{:+.1}{}", over.median, if costs_the_same(figures, seen) { SAME } else { "" }),
        }),
        or_none(figures.store_cpu_us, |cpu| number::short(cpu.median)),
        or_none(figures.store_round_trips, |trips| format!("{:.2}", trips.median)),
    ]
}

/// How much less a request without any check costs than one with the most expensive check.
fn spread(report: &Report) -> Vec<String> {
    let dearest = report
        .ceiling
        .iter()
        .flat_map(|comparison| &comparison.designs)
        .filter_map(|figures| Some((figures.design.as_str(), whole_cpu_us(figures)?)));
    let dearest = dearest.max_by(|a, b| a.1.total_cmp(&b.1));
    let baseline = report.at_ceiling(BASELINE).and_then(whole_cpu_us).filter(|us| *us > 0.0);
    let said = dearest.zip(baseline).map(|((design, us), none)| {
        format!(
            "A request without authentication took {} µs of CPU time, server and Redis together; {design}, the most \
             expensive design here, took {:.1} times as much.",
            number::short(none),
            us / none
        )
    });
    said.into_iter().collect()
}

/// The report's argument in a few sentences.
pub(super) fn headline(report: &Report) -> Vec<String> {
    let mut says = Vec::new();
    let of = |role: Role| check_us(report, report.named_by(role)?);
    let seen = report.ceiling.as_ref().and_then(Comparison::resolution);
    let added = |role: Role| {
        let figures = report.at_ceiling(report.named_by(role)?)?;
        Some(match costs_the_same(figures, seen) {
            true => "no CPU time that this run can see".to_owned(),
            false => format!("{} µs", number::short(of(role)?)),
        })
    };
    // The library's figure stands beside that of this project's own check: a team that copies neither uses the library.
    let stateless = match (added(Role::SignedAndRefreshed), added(Role::Signed)) {
        (Some(strict), Some(library)) => Some(format!(
            "{strict} with this project's own strict check, and {library} with the library jsonwebtoken"
        )),
        (one, other) => one.or(other),
    };
    if let (Some(session), Some(stateless)) = (of(Role::LookUp), stateless) {
        says.push(format!(
            "Looking up a session in Redis added {} µs of CPU time to a request, server and Redis together; checking a \
             signed token added {stateless}.",
            number::short(session),
        ));
    }
    if let (Some(deny), Some(session)) = (of(Role::SignedAndLookedUp), of(Role::LookUp)) {
        let said = if deny > session { "more" } else { "less" };
        says.push(format!(
            "A token that is also looked up in Redis at each request added {} µs: {said} than the plain session, so it \
             gives up the one advantage of the stateless design.",
            number::short(deny)
        ));
    }
    says
}
