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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::checks;

    fn failed(status: u16) -> Outcome {
        Outcome::Failed {
            sent: "POST /auth/login?x=1\ncontent-type: application/json".to_owned(),
            expected: "status 200: the password is right".to_owned(),
            received: format!("HTTP {status}"),
            status: Some(status),
            refused: true,
        }
    }

    fn judged(outcome: Outcome, id: &str) -> Outcome {
        outcome.of(checks().iter().find(|check| check.id == id).expect("the check exists"))
    }

    fn reason(outcome: &Outcome) -> &str {
        match outcome {
            Outcome::Undecided { because, .. } => because,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_failure_before_the_test_is_undecided_and_the_same_failure_of_the_test_is_not() {
        let set_up: Verdict = Err(Box::new(failed(401)));
        let told = "the check could not be set up: POST /auth/login was answered with 401, 200 was expected";
        assert_eq!(reason(&set_up.in_set_up().unwrap_err()), told);
        assert_eq!(judged(failed(401), "login.succeeds"), failed(401));
        let skipped: Verdict = Err(Outcome::skipped("`cors` is not claimed"));
        assert_eq!(skipped.in_set_up().unwrap_err(), Outcome::skipped("`cors` is not claimed"));
    }

    #[test]
    fn only_a_check_of_the_throttle_is_decided_by_429() {
        let told = "the server throttles the checker: POST /auth/login was answered with 429";
        assert_eq!(reason(&judged(failed(429), "login.succeeds")), told);
        assert_eq!(judged(failed(429), "throttle.success-resets"), failed(429));
        assert_eq!(judged(failed(401), "login.succeeds"), failed(401));
    }
}
