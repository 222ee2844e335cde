//! A design that did not do the work, and therefore has no figures.

use serde::{Deserialize, Serialize};

use crate::load::{Errors, Outcome, Outcomes};

/// The most failures that the reason names; the outcomes have all of them.
const MOST_NAMED: usize = 4;

/// A design of which more than one request in a hundred failed. It has no figures, because the fastest answer is often
/// the wrong one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unserved {
    /// The name of the design.
    pub design: String,
    /// Why there are no figures, as the end of a sentence.
    pub why: String,
    /// What happened to its requests, over all rounds.
    pub outcomes: Outcomes,
    /// What happened to the requests of its warm-up.
    #[serde(default)]
    pub warm_up: Outcomes,
}

/// Whether at most one request in a hundred failed. When a machine stalls for a moment, a few requests fail, and a doubt
/// reports them; beyond one in a hundred, the server is failing or its credential has expired.
pub(super) fn is_served(failed: u64, answered: u64) -> bool {
    failed <= failed.saturating_add(answered) / 100
}

/// Why a design has no figures: what it did instead of answering as expected.
pub(super) fn why(errors: &Errors, answered: u64, expected: u16, outcomes: &Outcomes) -> String {
    let instead = outcomes.frequent(usize::MAX).into_iter().map(|(outcome, _)| outcome);
    let instead =
        instead.filter(|outcome| ![Outcome::Answered(expected), Outcome::NotSent].contains(outcome));
    let mut instead: Vec<String> = instead.map(Outcome::to_string).collect();
    if instead.len() > MOST_NAMED {
        instead.truncate(MOST_NAMED);
        instead.push("and others".to_owned());
    }
    let instead = instead.join(", ");
    if answered == 0 {
        return format!("no request was answered with {expected}; instead: {instead}");
    }
    let share = 100.0 * errors.failed() as f64 / (errors.failed() + answered) as f64;
    format!(
        "{share:.1} % of the requests were not answered with {expected}, and at most 1 % may fail; instead: {instead}"
    )
}
