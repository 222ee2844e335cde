//! A row of the table: a fault, what must hold, and what was seen.

use std::time::Duration;

use serde::Serialize;

use super::redis_server::Source;

/// What every row is given.
pub(crate) struct Setup {
    pub(crate) source: Source,
    /// The long version: 30 s of pause, 10,000 idle connections.
    pub(crate) full: bool,
}

/// What became of a row.
pub(crate) enum Outcome {
    /// It ran.
    Seen(Vec<Promise>),
    /// It could not run here, and why.
    Skipped(String),
}

/// One thing that must hold.
#[derive(Debug, Serialize)]
pub(crate) struct Promise {
    /// What must hold, with its limit.
    pub(crate) must: String,
    /// What was seen, with its figure.
    pub(crate) seen: String,
    /// Whether it held.
    pub(crate) holds: bool,
    /// Whether it compares two latencies of one run. On a machine that is busy with something else such a ratio may fail
    /// for no fault of the server.
    pub(crate) ratio: bool,
}

impl Promise {
    pub(crate) fn new(must: impl Into<String>, seen: impl Into<String>, holds: bool) -> Self {
        Self { must: must.into(), seen: seen.into(), holds, ratio: false }
    }

    /// That something took no longer than it may.
    pub(crate) fn within(must: &str, took: Option<Duration>, limit: Duration) -> Self {
        let seen = took.map_or("never".to_owned(), |took| format!("{:.2} s", took.as_secs_f64()));
        Self::new(must, seen, took.is_some_and(|took| took <= limit))
    }

    /// Marks it as a comparison of two latencies.
    pub(crate) fn of_a_ratio(self) -> Self {
        Self { ratio: true, ..self }
    }
}

/// Held, failed or skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Verdict {
    /// Every promise held.
    Held,
    /// One did not.
    Failed,
    /// It did not run.
    Skipped,
}

/// One row, as it is kept.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    /// Its stable name.
    pub(crate) id: &'static str,
    /// What was broken.
    pub(crate) fault: &'static str,
    /// What came of it.
    pub(crate) verdict: Verdict,
    /// What had to hold; empty where it was skipped.
    pub(crate) promises: Vec<Promise>,
    /// Why it did not run.
    pub(crate) skipped_because: Option<String>,
    /// How long it took, in seconds.
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
