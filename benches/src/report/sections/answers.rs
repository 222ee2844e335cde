//! The section on what happened to the requests: the status of each answer, and the cause of each failure.

use super::section::Section;
use crate::figures::{Comparison, DesignFigures, Unserved};
use crate::load::{Outcome, Outcomes};
use crate::report::table::{NONE, Table};
use crate::report::{Report, number};

/// The most kinds of outcome that one cell of the table lists; `report.json` has more.
const MOST_LISTED: usize = 6;

/// What happened to the requests of one server, over all parts of the report.
struct Happened<'a> {
    server: &'a str,
    outcomes: Outcomes,
    warm_up: Outcomes,
    has_figures: bool,
}

pub(super) fn section(report: &Report) -> Option<Section> {
    let all = happened(report);
    if all.is_empty() {
        return None;
    }
    let mut table = Table::new(["server", "figures", "answers and failures", "in the warm-up"]);
    for of in &all {
        let has_figures = if of.has_figures { "yes" } else { NONE };
        table.row([of.server.to_owned(), has_figures.to_owned(), listed(&of.outcomes), listed(&of.warm_up)]);
    }
    Some(Section {
        id: "answers",
        title: "What the servers answered".into(),
        table,
        notes: vec![
            "Over all parts of this report: the number of answers with each status, of requests without an answer, and \
             of connections that could not be opened. A server has no figures in a part in which more than 1 % of its \
             requests failed, because a wrong answer is often the fastest."
                .into(),
        ],
        ..Section::default()
    })
}

/// One sentence for each server that has no figures in a part of the report.
pub(super) fn without_figures(report: &Report) -> Vec<String> {
    let comparisons = report.comparisons().into_iter();
    let each = comparisons.flat_map(|(part, comparison)| {
        comparison.unserved.iter().map(move |unserved| {
            let advice = advice(unserved).map_or(String::new(), |advice| format!(" {advice}"));
            format!("No figures for {} ({part}): {}.{advice}", unserved.design, unserved.why)
        })
    });
    each.collect()
}

/// What to do about the most frequent failure.
fn advice(unserved: &Unserved) -> Option<&'static str> {
    let (most, _) = unserved.outcomes.iter().max_by_key(|(_, times)| *times)?;
    match most {
        Outcome::Answered(401 | 403) => Some("Its credential is missing, wrong or has expired."),
        Outcome::Answered(300..=399) => Some("Measure the URL that it redirects to."),
        Outcome::Answered(404 | 405) => Some("Check the path."),
        Outcome::Answered(429) => {
            Some("It limits the rate of requests: raise that limit for the measurement.")
        }
        Outcome::NotHttp => Some("Check the port: the generator speaks HTTP/1.1 without TLS."),
        _ => None,
    }
}

/// What happened, for each server in the order in which the report first names it.
fn happened(report: &Report) -> Vec<Happened<'_>> {
    let mut all: Vec<Happened<'_>> = Vec::new();
    for (_, comparison) in report.comparisons() {
        for (server, outcomes, warm_up, has_figures) in each(comparison) {
            let place = all.iter().position(|of| of.server == server).unwrap_or_else(|| {
                let nothing = Outcomes::default();
                all.push(Happened { server, outcomes: nothing.clone(), warm_up: nothing, has_figures: true });
                all.len() - 1
            });
            all[place].outcomes.merge(&outcomes);
            all[place].warm_up.merge(warm_up);
            all[place].has_figures &= has_figures;
        }
    }
    all
}

fn each(comparison: &Comparison) -> impl Iterator<Item = (&str, Outcomes, &Outcomes, bool)> {
    let served = comparison
        .designs
        .iter()
        .map(|figures| (figures.design.as_str(), outcomes_of(figures), &figures.warm_up, true));
    let unserved = comparison
        .unserved
        .iter()
        .map(|without| (without.design.as_str(), without.outcomes.clone(), &without.warm_up, false));
    served.chain(unserved)
}

/// The outcomes of a design. A report from before they were kept has its errors in few kinds only; its requests were all
/// expected to be answered with 200.
fn outcomes_of(figures: &DesignFigures) -> Outcomes {
    if !figures.outcomes.is_empty() {
        return figures.outcomes.clone();
    }
    let (mut outcomes, errors) = (Outcomes::default(), &figures.errors);
    outcomes.add(Outcome::Answered(200), figures.answered());
    for (status, times) in &errors.unexpected_status {
        outcomes.add(Outcome::Answered(*status), *times);
    }
    outcomes.add(Outcome::Other("no answer, or a broken one".to_owned()), errors.broken);
    outcomes.add(Outcome::Refused, errors.refused_connections);
    outcomes.add(Outcome::TimedOut, errors.unfinished);
    outcomes.add(Outcome::NotSent, errors.overflowed);
    outcomes
}

/// `200: 41,022 · 401: 12 · connection closed before an answer: 3`, the most frequent kinds only.
fn listed(outcomes: &Outcomes) -> String {
    let frequent = outcomes.frequent(MOST_LISTED);
    let kept = outcomes.iter().filter(|of| frequent.contains(of));
    let written = |what: &str, times: u64| format!("{what}: {}", number::thousands(times as f64));
    let mut each: Vec<String> = kept.map(|(outcome, times)| written(&outcome.to_string(), times)).collect();
    let others = outcomes.total() - frequent.iter().map(|(_, times)| times).sum::<u64>();
    if others > 0 {
        each.push(written("others", others));
    }
    if each.is_empty() { NONE.to_owned() } else { each.join(" · ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_listed_with_statuses_first_and_what_was_not_counted_is_a_dash() {
        let mut outcomes = Outcomes::default();
        outcomes.add(Outcome::TooManyOpenFiles, 1);
        outcomes.add(Outcome::Closed, 3);
        outcomes.add(Outcome::Answered(401), 12);
        outcomes.add(Outcome::Answered(200), 41_022);
        assert_eq!(
            listed(&outcomes),
            "200: 41,022 · 401: 12 · connection closed before an answer: 3 · too many open files (raise `ulimit -n`): 1"
        );
        assert_eq!(listed(&Outcomes::default()), NONE);
    }

    #[test]
    fn a_cell_lists_the_most_frequent_kinds_and_sums_up_the_others() {
        let mut outcomes = Outcomes::default();
        (200..210).for_each(|status| outcomes.add(Outcome::Answered(status), u64::from(status)));
        assert_eq!(
            listed(&outcomes),
            "204: 204 · 205: 205 · 206: 206 · 207: 207 · 208: 208 · 209: 209 · others: 806"
        );
    }
}
