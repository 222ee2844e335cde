//! Limits on guessing passwords (OWASP ASVS 6.3.1) and on sign-ups.
//!
//! Failed logins are counted for an account from one address, for an account from all addresses, and for an address and all
//! accounts. Unknown accounts count alike, because otherwise the limit itself would show which accounts exist. An attempt
//! is counted *before* the password is checked and taken back if it succeeds, so that a hundred simultaneous guesses cannot
//! all use the last free place.
//!
//! An attacker's failures must not lock out the owner. So a device that has logged in to the account before has a counter
//! of its own and no other limit applies to it (OWASP: device cookies); the same holds for a live session that proves its
//! password. For the many users behind one address, a success takes back the failures that its own account had added there:
//! only guesses that never succeeded stay counted.

mod counters;

use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use uuid::Uuid;

use self::counters::{Account, Asked, Counters, Key, Settlement};
use crate::clock::Clock;
use crate::config::LogInLimits;
use crate::email::Email;
use crate::error::Error;

/// The counters of one server, and their limits.
pub(crate) struct Throttle {
    limits: LogInLimits,
    clock: Clock,
    counters: Counters,
}

/// What is known about a login before the password is checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogIn<'a> {
    pub(crate) email: &'a Email,
    /// Whether the account exists.
    pub(crate) is_known: bool,
    /// The device's id, if it has logged in to this account before.
    pub(crate) device: Option<Uuid>,
    pub(crate) address: IpAddr,
}

/// A live session that proves its password.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proof<'a> {
    pub(crate) email: &'a Email,
    pub(crate) user_id: Uuid,
    /// `None` in a scheme without sessions: there, the account from one address counts instead.
    pub(crate) session_id: Option<Uuid>,
    pub(crate) address: IpAddr,
}

/// A running attempt, which counts as failed until it is settled.
#[must_use = "an attempt counts as a failure until it is reported as a success"]
pub(crate) struct Attempt<'a> {
    throttle: &'a Throttle,
    asked: Vec<Asked>,
}

impl Throttle {
    pub(crate) fn new(limits: LogInLimits, clock: Clock) -> Self {
        Self { limits, clock, counters: Counters::new() }
    }

    /// Counts one login attempt, or fails with [`Error::Throttled`] and the time until the next one is allowed.
    pub(crate) async fn log_in(&self, log_in: LogIn<'_>) -> Result<Attempt<'_>, Error> {
        if let Some(device) = log_in.device {
            return self.attempt(vec![(Key::Device(device), Some(self.limits.failures_per_device))]).await;
        }
        let key = account_key(log_in.email);
        let account = if log_in.is_known { Account::Known(key) } else { Account::MadeUp(key) };
        let limits = self.limits;
        self.attempt(vec![
            (Key::Guess(account, log_in.address), Some(limits.failures_per_account_and_address)),
            (Key::Account(account), Some(limits.failures_per_account)),
            (Key::Address(log_in.address), Some(limits.failures_per_address)),
        ])
        .await
    }

    /// Counts one proof of the password by a live session. Its failures count for logins too, so that a copied session
    /// gives its thief no more guesses; but only its own counter can refuse it.
    pub(crate) async fn proof(&self, proof: Proof<'_>) -> Result<Attempt<'_>, Error> {
        let session = match proof.session_id {
            Some(session) => Key::Session(session, None),
            None => Key::Session(proof.user_id, Some(proof.address)),
        };
        let account = Account::Known(account_key(proof.email));
        self.attempt(vec![
            (session, Some(self.limits.failures_per_session)),
            (Key::Guess(account, proof.address), None),
            (Key::Account(account), None),
            (Key::Address(proof.address), None),
        ])
        .await
    }

    /// Counts one sign-up, successful or not: each costs a look-up and most cost a hash.
    pub(crate) async fn sign_up(&self, address: IpAddr) -> Result<(), Error> {
        let asked = vec![(Key::SignUp(address), Some(self.limits.sign_ups_per_address))];
        self.attempt(asked).await.map(|_counted| ())
    }

    async fn attempt(&self, asked: Vec<Asked>) -> Result<Attempt<'_>, Error> {
        let window_ms = self.limits.window_seconds.saturating_mul(1000);
        match self.counters.take(&asked, self.clock.now_ms(), window_ms).await {
            Ok(()) => Ok(Attempt { throttle: self, asked }),
            Err(left_ms) => Err(Error::Throttled { retry_after_s: left_ms.div_ceil(1000) }),
        }
    }
}

impl Attempt<'_> {
    /// Settles an attempt with the right password: the counters of this account, device or session start again from zero.
    /// The address's counter is reduced only by what this account had added; otherwise an attacker could reset it by
    /// logging in to an account of their own.
    pub(crate) async fn succeeded(self) {
        self.throttle.counters.settle(&self.asked, Settlement::Forget).await;
    }

    /// Settles an attempt whose password was not checked, for a reason that the client did not cause.
    pub(crate) async fn withdrawn(self) {
        self.throttle.counters.settle(&self.asked, Settlement::GiveBack).await;
    }
}

fn account_key(email: &Email) -> [u8; 16] {
    let mut key = [0; 16];
    key.copy_from_slice(&digest(&SHA256, email.as_str().as_bytes()).as_ref()[..16]);
    key
}

#[cfg(test)]
mod tests;
