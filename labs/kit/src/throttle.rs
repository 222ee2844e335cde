//! A limit on guessing passwords (OWASP ASVS 6.3.1), and one on sign-ups.
//!
//! Failed log-ins are counted for an account from one address, for an account from anywhere, and for an address whatever
//! the account. Unknown accounts count alike, or the limit itself would tell which exist. An attempt is counted *before*
//! the password is checked and taken back if it succeeds, so that a hundred guesses at once cannot all slip through the
//! last free place.
//!
//! What strangers do must not keep the owner out. So a device that has logged in to the account before is counted by
//! itself and not asked about anything else (OWASP: device cookies), and so is a live session that proves its password.
//! For the many people behind one address, a success takes back the failures that its own account had added there: what
//! stays counted are guesses that never led to anything.

mod counters;

use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use uuid::Uuid;

use self::counters::{Account, Asked, Counters, Key, Settlement};
use crate::clock::Clock;
use crate::config::LogInLimits;
use crate::email::Email;
use crate::error::Error;

/// The counters of one server, and what they allow.
pub(crate) struct Throttle {
    limits: LogInLimits,
    clock: Clock,
    counters: Counters,
}

/// Who logs in, as far as that is known before the password is checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LogIn<'a> {
    pub(crate) email: &'a Email,
    /// Whether there is such an account.
    pub(crate) is_known: bool,
    /// The device, if it has logged in to this account before.
    pub(crate) device: Option<Uuid>,
    pub(crate) address: IpAddr,
}

/// A live session that proves its password.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proof<'a> {
    pub(crate) email: &'a Email,
    pub(crate) user_id: Uuid,
    /// None in a scheme without sessions: there an account from one address takes its place.
    pub(crate) session_id: Option<Uuid>,
    pub(crate) address: IpAddr,
}

/// An attempt that is under way and counted as failed until it says otherwise.
#[must_use = "an attempt that is never told to have succeeded stays counted as a failure"]
pub(crate) struct Attempt<'a> {
    throttle: &'a Throttle,
    asked: Vec<Asked>,
}

impl Throttle {
    pub(crate) fn new(limits: LogInLimits, clock: Clock) -> Self {
        Self { limits, clock, counters: Counters::new() }
    }

    /// Takes a place for one log-in, or says how long there is none.
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

    /// Takes a place for one proof of the password by a live session. Its failures count for log-ins too, so that a
    /// copied session gives its thief no more guesses; but only its own counter can refuse it.
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

    /// Takes a place for one sign-up, which stays taken whatever comes of it: each costs a look-up and most cost a hash.
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
    /// The password was right: what was counted for this account, device or session starts afresh. The address only gets
    /// back what this account had added, or an attacker could wash it clean with an account of their own.
    pub(crate) async fn succeeded(self) {
        self.throttle.counters.settle(&self.asked, Settlement::Forget).await;
    }

    /// The password was not looked at, for a reason that is not the caller's.
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
