//! The possible outcomes of a check.

use serde::Serialize;

use crate::check::Check;

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
        /// The status of that response; `None` if the failure is not about one response.
        status: Option<u16>,
        /// Whether the server refused the request, although not as the contract says. An attack that was refused did not
        /// succeed.
        refused: bool,
    },
    /// The rule could not be tested: the server gave no response, was not available, or a step before the test failed.
    Undecided {
        /// The reason in one sentence.
        because: String,
        /// The request as it was sent.
        sent: String,
        /// What was received.
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

/// The topic whose checks are about the status 429.
const THROTTLE: &str = "throttle";

impl Outcome {
    /// A failure that no single response shows.
    pub(crate) fn failed(
        sent: impl Into<String>,
        expected: impl Into<String>,
        received: impl Into<String>,
    ) -> Box<Self> {
        let (sent, expected, received) = (sent.into(), expected.into(), received.into());
        Box::new(Outcome::Failed { sent, expected, received, status: None, refused: false })
    }

    pub(crate) fn skipped(reason: impl Into<String>) -> Box<Self> {
        Box::new(Outcome::Skipped { reason: reason.into() })
    }

    /// Whether the outcome says anything about the server.
    pub fn is_decided(&self) -> bool {
        !matches!(self, Outcome::Undecided { .. } | Outcome::Skipped { .. })
    }

    /// Whether a check that acts as an attacker failed because the attack succeeded.
    pub fn got_in(&self) -> bool {
        matches!(self, Outcome::Failed { refused: false, .. })
    }

    /// The outcome of a check, one of whose steps ended like this. Only the checks of the throttle are about its refusals:
    /// to any other check, a 429 is no answer.
    pub(crate) fn of(self, check: &Check) -> Self {
        match self {
            Outcome::Failed { sent, received, status: Some(429), .. } if check.topic() != THROTTLE => {
                Outcome::Undecided {
                    because: format!(
                        "the server throttles the checker: {} was answered with 429",
                        request_line(&sent)
                    ),
                    sent,
                    received,
                }
            }
            other => other,
        }
    }
}

/// Marks the steps of a check that come before its test.
pub(crate) trait SetUp {
    /// Makes a failure of this step undecided: it says nothing about the rule that the check is for.
    #[must_use]
    fn in_set_up(self) -> Self;
}

impl<T> SetUp for Verdict<T> {
    fn in_set_up(self) -> Self {
        self.map_err(|outcome| match *outcome {
            Outcome::Failed { sent, expected, received, status, .. } => {
                let expected = expected.split(": ").next().unwrap_or_default();
                let expected = expected.strip_prefix("status ").unwrap_or(expected);
                let came = status.map_or_else(|| "otherwise".to_owned(), |status| format!("with {status}"));
                let because = format!(
                    "the check could not be set up: {} was answered {came}, {expected} was expected",
                    request_line(&sent)
                );
                Box::new(Outcome::Undecided { because, sent, received })
            }
            other => Box::new(other),
        })
    }
}

/// The method and the path of a request, from its text.
pub(crate) fn request_line(sent: &str) -> &str {
    let line = sent.lines().next().unwrap_or_default();
    line.split('?').next().unwrap_or_default()
}
