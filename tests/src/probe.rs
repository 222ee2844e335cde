//! Whether the server tells one request from another.
//!
//! A proxy without a server behind it, a wrong base URL and a limit on requests have one thing in common: every request
//! is answered with the same error. Such answers say nothing about the contract, and some of them even look like the
//! refusal that a check requires. So three requests are sent first to which every server of the contract gives
//! different statuses.

use serde_json::json;

use crate::{
    call::Call,
    outcome::{Outcome, request_line},
    requests::log_in_with,
    stage::Stage,
};

/// The status of a part that is not written yet, in a learner's server.
const NOT_WRITTEN: u16 = 501;

/// The outcome of every check of a server that answers each request with the same error; `None` for other servers.
pub(crate) async fn same_error_for_all(stage: &Stage) -> Option<Outcome> {
    let calls = [Call::get("/me"), Call::get("/health/live"), log_in_with(&json!({}))];
    let mut answers = Vec::new();
    for call in calls {
        // A server that does not respond is reported by each check, with the network's error.
        answers.push(stage.client.send(call).await.ok()?);
    }
    let last = answers.last()?;
    let is_error = last.status >= 300 && last.status != NOT_WRITTEN;
    if !is_error || answers.iter().any(|answer| answer.status != last.status) {
        return None;
    }
    let asked: Vec<_> = answers.iter().map(|answer| request_line(&answer.sent)).collect();
    let because = format!("the server answered every request with {}: {}", last.status, asked.join(", "));
    Some(*last.undecided(because))
}
