//! A row of the table: a fault, what must hold, and what was seen.

use std::time::Duration;

use serde::Serialize;

use super::redis_server::Source;

/// The settings that every row gets.
pub(crate) struct Setup {
    pub(crate) source: Source,
    /// Whether to play the long version: outages of 30 s, and 10,000 idle connections.
    pub(crate) full: bool,
}

/// The result of a row.
pub(crate) enum Outcome {
    /// The row ran: its promises.
    Seen(Vec<Promise>),
    /// The row could not run on this machine: the reason.
    Skipped(String),
}

/// One promise: a condition that must hold.
#[derive(Debug, Serialize)]
pub(crate) struct Promise {
    /// The condition, with its limit.
    pub(crate) must: String,
    /// What was seen, with its figure.
    pub(crate) seen: String,
    /// Whether the promise held.
    pub(crate) holds: bool,
    /// Whether the promise compares two latencies of one run. Such a ratio may fail on a busy machine without a fault
    /// of the server.
    pub(crate) ratio: bool,
}

impl Promise {
    pub(crate) fn new(must: impl Into<String>, seen: impl Into<String>, holds: bool) -> Self {
        Self { must: must.into(), seen: seen.into(), holds, ratio: false }
    }

    /// The promise that an event happened within `limit`. `took` is `None` if it never happened.
    pub(crate) fn within(must: &str, took: Option<Duration>, limit: Duration) -> Self {
        let seen = took.map_or("never".to_owned(), |took| format!("{:.2} s", took.as_secs_f64()));
        Self::new(must, seen, took.is_some_and(|took| took <= limit))
    }

    /// Marks the promise as a comparison of two latencies.
    pub(crate) fn of_a_ratio(self) -> Self {
        Self { ratio: true, ..self }
    }
}

/// The overall result of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// Every promise held.
    Held,
    /// At least one promise did not hold.
    Failed,
    /// The row did not run.
    Skipped,
}

/// One row, as it is stored in the report.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    /// The row's stable id.
    pub(crate) id: &'static str,
    /// What was broken.
    pub(crate) fault: &'static str,
    /// The overall result.
    pub(crate) verdict: Verdict,
    /// The promises; empty if the row was skipped.
    pub(crate) promises: Vec<Promise>,
    /// Why the row did not run.
    pub(crate) skipped_because: Option<String>,
    /// How long the row took, in seconds.
    pub(crate) took_s: f64,
}

impl Row {
    pub(crate) fn new(id: &'static str, fault: &'static str, outcome: Outcome, took: Duration) -> Self {
        let took_s = (took.as_secs_f64() * 10.0).round() / 10.0;
        let (verdict, promises, skipped_because) = match outcome {
            Outcome::Skipped(why) => (Verdict::Skipped, Vec::new(), Some(why)),
            Outcome::Seen(promises) if promises.iter().all(|promise| promise.holds) => {
                (Verdict::Held, promises, None)
            }
            Outcome::Seen(promises) => (Verdict::Failed, promises, None),
        };
        Self { id, fault, verdict, promises, skipped_because, took_s }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(promises: Vec<Promise>) -> Verdict {
        Row::new("id", "fault", Outcome::Seen(promises), Duration::ZERO).verdict
    }

    #[test]
    fn one_broken_promise_fails_a_row() {
        let (kept, broken) = (|| Promise::new("m", "s", true), || Promise::new("m", "s", false));
        assert_eq!(verdict(vec![kept(), kept()]), Verdict::Held);
        assert_eq!(verdict(vec![kept(), broken()]), Verdict::Failed);
    }

    #[test]
    fn what_never_happened_was_not_in_time() {
        let second = Duration::from_secs(1);
        assert!(Promise::within("m", Some(second), second).holds);
        assert!(!Promise::within("m", Some(second * 2), second).holds);
        assert!(!Promise::within("m", None, second).holds);
    }
}
