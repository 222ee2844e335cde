//! The results of a run: plain data, with a text format for people and `serde` for programs.

mod causes;
mod text;

use std::time::Duration;

use serde::Serialize;

use crate::{check::Check, clean_up::Accounts, descriptor::Descriptor, outcome::Outcome, target::Target};

/// The results of a whole run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The base URL of the checked server.
    pub base_url: String,
    /// The claims of the server.
    pub claims: Descriptor,
    /// The number of checks per outcome.
    pub counts: Counts,
    /// How long the checks took, in milliseconds.
    pub elapsed_ms: u64,
    /// What happened to the accounts that the run created on the server.
    pub accounts: Accounts,
    /// Every check, in the order of [`crate::checks`].
    pub results: Vec<CheckResult>,
}

/// The number of checks per outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Checks that the server passed.
    pub passed: usize,
    /// Checks that the server failed.
    pub failed: usize,
    /// Checks that could not be made: a step before the test failed, or the server gave no usable response.
    pub undecided: usize,
    /// Checks of a part that the server reports as not written yet.
    pub not_written: usize,
    /// Checks that do not apply.
    pub skipped: usize,
}

/// The result of one check, with everything that a report says about it.
#[derive(Debug, Clone, Serialize)]
pub struct CheckResult {
    /// The check's stable id.
    pub id: &'static str,
    /// The rule in one sentence.
    pub title: &'static str,
    /// Whether the check acts as an attacker.
    pub attack: bool,
    /// Whether the check passed because the attack succeeded: a weakness that the design documents.
    pub weakness: bool,
    /// What an attacker gains if the check fails.
    pub gains: &'static str,
    /// What to read: the section of a standard or an OWASP page.
    pub read: &'static str,
    /// The outcome.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// How long the check took, in milliseconds.
    pub elapsed_ms: u64,
}

impl CheckResult {
    pub(crate) fn new(check: &Check, outcome: Outcome, elapsed: Duration) -> Self {
        let &Check { id, title, attack, weakness, gains, read, .. } = check;
        CheckResult { id, title, attack, weakness, gains, read, outcome, elapsed_ms: milliseconds(elapsed) }
    }

    /// Whether the check failed, is undecided, or is about a part that is not written yet.
    pub fn is_failure(&self) -> bool {
        match self.outcome {
            Outcome::Failed { .. } | Outcome::Undecided { .. } | Outcome::NotWritten { .. } => true,
            Outcome::Passed | Outcome::Skipped { .. } => false,
        }
    }
}

impl Report {
    pub(crate) fn new(
        target: &Target,
        results: Vec<CheckResult>,
        accounts: Accounts,
        elapsed: Duration,
    ) -> Self {
        let mut counts = Counts::default();
        for result in &results {
            match result.outcome {
                Outcome::Passed => counts.passed += 1,
                Outcome::Failed { .. } => counts.failed += 1,
                Outcome::Undecided { .. } => counts.undecided += 1,
                Outcome::NotWritten { .. } => counts.not_written += 1,
                Outcome::Skipped { .. } => counts.skipped += 1,
            }
        }
        Report {
            base_url: target.base_url().to_owned(),
            claims: target.descriptor().clone(),
            counts,
            elapsed_ms: milliseconds(elapsed),
            accounts,
            results,
        }
    }

    /// Whether any check failed, is undecided or is about a part that is not written yet.
    pub fn failed(&self) -> bool {
        self.failures().next().is_some()
    }

    /// The results of checks that failed, are undecided or are about a part that is not written yet.
    pub fn failures(&self) -> impl Iterator<Item = &CheckResult> {
        self.results.iter().filter(|result| result.is_failure())
    }

    /// The sentence for a run that decided nothing: which reason kept the checks from being made. `None` if any check
    /// passed, failed or is about a part that is not written yet.
    pub fn nothing_decided(&self) -> Option<String> {
        causes::nothing_decided(&self.results)
    }

    /// The report as text: one line for each check, the failures in full, and the sums. `color` enables ANSI styles.
    pub fn text(&self, color: bool) -> String {
        text::report(self, color)
    }

    /// The report as a list of attacks: what was tried, and what succeeded. `color` enables ANSI styles.
    pub fn attack_text(&self, color: bool) -> String {
        text::attacks(self, color)
    }
}

impl CheckResult {
    /// The result as one line of text, to show during a run. `color` enables ANSI styles.
    pub fn line(&self, color: bool) -> String {
        text::line(self, color)
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
