//! What came of a run: plain data, with one writer for people and `serde` for programs.

mod text;

use std::time::Duration;

use serde::Serialize;

use crate::{
    check::{Check, Outcome},
    clean_up::Accounts,
    descriptor::Descriptor,
    target::Target,
};

/// A whole run.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The server that was judged.
    pub base_url: String,
    /// What it claims.
    pub claims: Descriptor,
    /// How many of each outcome.
    pub counts: Counts,
    /// How long the checks took, in milliseconds.
    pub elapsed_ms: u64,
    /// What became of the accounts that the run created on the server.
    pub accounts: Accounts,
    /// Every check, in the order of [`crate::checks`].
    pub results: Vec<CheckResult>,
}

/// How many checks ended in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// The server did as it must.
    pub passed: usize,
    /// It did otherwise.
    pub failed: usize,
    /// It did not say.
    pub undecided: usize,
    /// It says that the part is not written yet.
    pub not_written: usize,
    /// The check does not apply.
    pub skipped: usize,
}

/// One check's result, with all that a report says of it.
#[derive(Debug, Clone, Serialize)]
pub struct CheckResult {
    /// The check's stable id.
    pub id: &'static str,
    /// What must hold.
    pub title: &'static str,
    /// Whether it is something that an attacker tries.
    pub attack: bool,
    /// Whether it passed by something getting in: a weakness that the design states of itself.
    pub weakness: bool,
    /// What an attacker gains where it fails.
    pub gains: &'static str,
    /// Where to read.
    pub read: &'static str,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

impl CheckResult {
    pub(crate) fn new(check: &Check, outcome: Outcome, elapsed: Duration) -> Self {
        let &Check { id, title, attack, weakness, gains, read, .. } = check;
        CheckResult { id, title, attack, weakness, gains, read, outcome, elapsed_ms: milliseconds(elapsed) }
    }

    /// Whether the server did otherwise than it must, did not say, or has not got there yet.
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

    /// Whether anything failed, is undecided or is not written yet.
    pub fn failed(&self) -> bool {
        self.failures().next().is_some()
    }

    /// The results that failed, are undecided or are not written yet.
    pub fn failures(&self) -> impl Iterator<Item = &CheckResult> {
        self.results.iter().filter(|result| result.is_failure())
    }

    /// The report for people: a line for each check, what failed in full, and the sums. `color` writes ANSI styles.
    pub fn text(&self, color: bool) -> String {
        text::report(self, color)
    }

    /// The run told as attacks: what was tried, what got in.
    pub fn attack_text(&self, color: bool) -> String {
        text::attacks(self, color)
    }
}

impl CheckResult {
    /// One line for people, as it is shown while a run goes on.
    pub fn line(&self, color: bool) -> String {
        text::line(self, color)
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
