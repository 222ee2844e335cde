//! The outcomes of checks that the server's limits keep from being made.

use crate::{
    descriptor::Limits,
    exchange::Exchange,
    outcome::{Outcome, request_line},
};

/// The outcome for a server that allows fewer signups than a run needs: the check is undecided, not failed.
pub(super) fn sign_ups(refused: &Exchange, limits: Limits) -> Box<Outcome> {
    let window = limits.window_seconds;
    // The time of `Retry-After` differs from refusal to refusal; one reason for all checks is shown once.
    let (limit, then) = match limits.sign_ups_per_address {
        Some(most) => (
            format!("{most} signups from one address in {window} s (`sign_ups_per_address` in /lab)"),
            format!("in {window} s"),
        ),
        None => ("a limited number of signups from one address".to_owned(), "later".to_owned()),
    };
    refused.undecided(format!(
        "the server allows {limit}, and this run has used them up: raise the limit for the run, or try again {then}"
    ))
}

/// The outcome for a server whose clock cannot be moved past the window of its throttle. The contract's own throttle makes
/// the check impossible here, as the clock does; any other limit leaves it undecided.
pub(super) fn address(refused: &Exchange) -> Box<Outcome> {
    if refused.has("code", "throttled") {
        return Outcome::skipped(
            "the server throttles the checker's address, and its clock cannot be moved: try again later",
        );
    }
    let line = request_line(&refused.sent);
    refused
        .undecided(format!("{line} was answered with 429, in front of the server or by it: try again later"))
}
