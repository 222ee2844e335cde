//! The reasons for which checks were not made, each with its checks: one reason for a hundred checks is said once.

use super::CheckResult;
use crate::outcome::Outcome;

/// A reason, and the checks that it kept from being made.
pub(super) struct Cause<'a> {
    pub(super) reason: &'a str,
    pub(super) results: Vec<&'a CheckResult>,
}

/// The reasons of the undecided checks, that of the most checks first.
pub(super) fn of_undecided(results: &[CheckResult]) -> Vec<Cause<'_>> {
    grouped(results, |outcome| match outcome {
        Outcome::Undecided { because, .. } => Some(because),
        _ => None,
    })
}

/// The reasons of the skipped checks, that of the most checks first.
fn of_skipped(results: &[CheckResult]) -> Vec<Cause<'_>> {
    grouped(results, |outcome| match outcome {
        Outcome::Skipped { reason } => Some(reason),
        _ => None,
    })
}

fn grouped(results: &[CheckResult], reason_of: impl Fn(&Outcome) -> Option<&String>) -> Vec<Cause<'_>> {
    let mut causes: Vec<Cause<'_>> = Vec::new();
    for result in results {
        let Some(reason) = reason_of(&result.outcome) else { continue };
        match causes.iter_mut().find(|cause| cause.reason == reason) {
            Some(cause) => cause.results.push(result),
            None => causes.push(Cause { reason, results: vec![result] }),
        }
    }
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.results.len()));
    causes
}

/// The sentence for results none of which is decided.
pub(super) fn nothing_decided(results: &[CheckResult]) -> Option<String> {
    if results.iter().any(|result| result.outcome.is_decided()) {
        return None;
    }
    let (mut causes, skipped) = (of_undecided(results), of_skipped(results));
    if causes.is_empty() {
        causes = skipped;
    }
    let first = causes.first()?;
    let others = match causes.len() - 1 {
        0 => String::new(),
        1 => " (and 1 other reason)".to_owned(),
        others => format!(" (and {others} other reasons)"),
    };
    Some(format!("nothing could be checked: {}{others}", first.reason))
}
