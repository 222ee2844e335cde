//! The possible outcomes of a check.

use serde::Serialize;

/// A check, or a part of one, passes by reaching its end; every other outcome is returned with `?`.
pub(crate) type Verdict<T = ()> = Result<T, Box<Outcome>>;

/// The outcome of a check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The server followed the rule.
    Passed,
    /// The server broke the rule.
    Failed {
        /// The request as it was sent.
        sent: String,
        /// The expected response.
        expected: String,
        /// The response that was received.
        received: String,
    },
    /// The server gave no response, or 503. The attack did not succeed, but neither was it refused.
    Undecided {
        /// The request as it was sent.
        sent: String,
        /// What was received instead of a response.
        received: String,
    },
    /// The check does not apply.
    Skipped {
        /// The reason.
        reason: String,
    },
    /// The server says that this part is not written yet: an unfinished function of a workshop, not a wrong one.
    NotWritten {
        /// The text of the server's response.
        text: String,
    },
}

impl Outcome {
    pub(crate) fn failed(
        sent: impl Into<String>,
        expected: impl Into<String>,
        received: impl Into<String>,
    ) -> Box<Self> {
        Box::new(Outcome::Failed { sent: sent.into(), expected: expected.into(), received: received.into() })
    }

    pub(crate) fn skipped(reason: impl Into<String>) -> Box<Self> {
        Box::new(Outcome::Skipped { reason: reason.into() })
    }
}
