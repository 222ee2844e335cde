//! What happened to the accounts of a run: plain data and a sentence.

use std::collections::BTreeMap;

use serde::Serialize;

use super::END_WITH_SERVER;
use crate::accounts::Account;

/// What happened to the accounts that a run created.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Accounts {
    /// The number of accounts that the run created.
    pub created: usize,
    /// The number of accounts that were deleted, by a check or by the cleanup.
    pub deleted: usize,
    /// The number of accounts that remain on the server.
    pub left: usize,
    /// The reasons why accounts remain, each with the number of accounts.
    pub left_because: BTreeMap<String, usize>,
    /// The duration of the cleanup, in milliseconds.
    pub clean_up_ms: u64,
}

impl Accounts {
    /// Counts the accounts before the cleanup.
    pub(super) fn counted(accounts: &[Account]) -> Self {
        let deleted = accounts.iter().filter(|account| account.deleted).count();
        Self { created: accounts.len(), deleted, ..Self::default() }
    }

    /// Adds the accounts of another run on the same server.
    pub fn add(&mut self, other: &Accounts) {
        self.created += other.created;
        self.deleted += other.deleted;
        self.left += other.left;
        for (reason, count) in &other.left_because {
            *self.left_because.entry(reason.clone()).or_default() += count;
        }
        self.clean_up_ms += other.clean_up_ms;
    }

    /// A sentence for the user; `None` when no account was created, or the server deletes all remaining ones when it stops.
    pub fn text(&self) -> Option<String> {
        let Self { created, deleted, left, left_because, clean_up_ms } = self;
        if *created == 0 || left_because.contains_key(END_WITH_SERVER) {
            return None;
        }
        let seconds = *clean_up_ms as f64 / 1000.0;
        let mut text = format!(
            "accounts on the server: {created} created, {deleted} deleted, {left} left (cleanup: {seconds:.1} s)"
        );
        for (reason, count) in left_because {
            text.push_str(&format!("\n  {count} left: {reason}"));
        }
        Some(text)
    }

    pub(super) fn leave(&mut self, count: usize, reason: &str) {
        if count > 0 {
            self.left += count;
            *self.left_because.entry(reason.to_owned()).or_default() += count;
        }
    }
}
