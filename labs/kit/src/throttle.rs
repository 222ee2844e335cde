//! A limit on guessing passwords (OWASP ASVS 6.3.1).
//!
//! Failed attempts are counted for an account from one address, for an account from anywhere, and for an address whatever
//! the account. Unknown accounts count alike, or the limit itself would tell which exist. An attempt is counted *before*
//! the password is checked and taken back if it succeeds, so that a hundred guesses at once cannot all slip through the
//! last free place. Memory is bounded: the keys that were touched longest ago are forgotten first.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use lru::LruCache;

use crate::clock::Clock;
use crate::config::LogInLimits;
use crate::error::Error;

/// How many keys are remembered: some 20 MB at the very most.
const MAX_KEYS: NonZeroUsize = NonZeroUsize::new(200_000).expect("it is not zero");

/// The counters of one server. Clones share them.
#[derive(Clone)]
pub(crate) struct Throttle {
    limits: LogInLimits,
    clock: Clock,
    counters: Arc<Mutex<LruCache<Key, Counter>>>,
}

/// Accounts are remembered by a hash of their address: fixed in size, and no list of addresses in memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    AccountAndAddress([u8; 16], IpAddr),
    Account([u8; 16]),
    Address(IpAddr),
}

#[derive(Clone, Copy)]
struct Counter {
    since_ms: u64,
    failures: u32,
}

/// An attempt that is under way and counted as failed until it says otherwise.
#[must_use = "an attempt that is never told to have succeeded stays counted as a failure"]
pub(crate) struct Attempt<'a> {
    throttle: &'a Throttle,
    keys: [Key; 3],
}

impl Throttle {
    pub(crate) fn new(limits: LogInLimits, clock: Clock) -> Self {
        Self { limits, clock, counters: Arc::new(Mutex::new(LruCache::new(MAX_KEYS))) }
    }

    /// Takes a place for one attempt on an account, or says how long there is none.
    pub(crate) fn attempt(&self, account: &str, address: IpAddr) -> Result<Attempt<'_>, Error> {
        let account = account_key(account);
        let keys = [Key::AccountAndAddress(account, address), Key::Account(account), Key::Address(address)];
        let now_ms = self.clock.now_ms();
        let window_ms = self.limits.window_seconds.saturating_mul(1000);
        let mut counters = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, limit) in keys.iter().zip(self.in_order()) {
            let Some(counter) = counters.get(key) else { continue };
            let ends_ms = counter.since_ms.saturating_add(window_ms);
            if counter.failures >= limit && now_ms < ends_ms {
                return Err(Error::Throttled { retry_after_s: (ends_ms - now_ms).div_ceil(1000) });
            }
        }
        for key in keys {
            let counter = counters.get_or_insert_mut(key, || Counter { since_ms: now_ms, failures: 0 });
            if now_ms >= counter.since_ms.saturating_add(window_ms) {
                *counter = Counter { since_ms: now_ms, failures: 0 };
            }
            counter.failures = counter.failures.saturating_add(1);
        }
        Ok(Attempt { throttle: self, keys })
    }

    fn in_order(&self) -> [u32; 3] {
        let limits = self.limits;
        [limits.failures_per_account_and_address, limits.failures_per_account, limits.failures_per_address]
    }
}

impl Attempt<'_> {
    /// The password was right: the account's counters start afresh. The address only gets its one place back, or an
    /// attacker could wash it clean with an account of their own.
    pub(crate) fn succeeded(self) {
        let mut counters = self.throttle.counters.lock().unwrap_or_else(PoisonError::into_inner);
        for key in self.keys {
            match key {
                Key::Address(_) => give_back(&mut counters, &key),
                Key::AccountAndAddress(..) | Key::Account(_) => {
                    counters.pop(&key);
                }
            }
        }
    }

    /// The password was not looked at, for a reason that is not the caller's.
    pub(crate) fn withdrawn(self) {
        let mut counters = self.throttle.counters.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &self.keys {
            give_back(&mut counters, key);
        }
    }
}

fn give_back(counters: &mut LruCache<Key, Counter>, key: &Key) {
    if let Some(counter) = counters.get_mut(key) {
        counter.failures = counter.failures.saturating_sub(1);
    }
}

fn account_key(account: &str) -> [u8; 16] {
    let mut key = [0; 16];
    key.copy_from_slice(&digest(&SHA256, account.as_bytes()).as_ref()[..16]);
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn throttle(clock: &Clock) -> Throttle {
        Throttle::new(LogInLimits { failures_per_address: 15, ..LogInLimits::default() }, clock.clone())
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn fail(throttle: &Throttle, account: &str, last: u8) -> Result<(), Error> {
        throttle.attempt(account, address(last)).map(|_counted| ())
    }

    #[test]
    fn ten_failures_are_looked_at_and_the_eleventh_waits_for_the_window_to_end() {
        let clock = Clock::system();
        let throttle = throttle(&clock);
        for _ in 0..10 {
            fail(&throttle, "ann", 1).unwrap();
        }
        let Err(Error::Throttled { retry_after_s }) = fail(&throttle, "ann", 1) else { panic!("let in") };
        assert!((899..=900).contains(&retry_after_s));
        fail(&throttle, "ann", 2).unwrap();
        fail(&throttle, "bob", 1).unwrap();
        clock.advance(Duration::from_secs(900));
        fail(&throttle, "ann", 1).unwrap();
    }

    #[test]
    fn a_success_resets_the_account_and_not_the_address() {
        let throttle = throttle(&Clock::system());
        for _ in 0..9 {
            fail(&throttle, "ann", 1).unwrap();
        }
        throttle.attempt("ann", address(1)).unwrap().succeeded();
        for _ in 0..6 {
            fail(&throttle, "ann", 1).unwrap();
        }
        assert!(matches!(fail(&throttle, "bob", 1), Err(Error::Throttled { .. })));
    }

    #[test]
    fn attempts_under_way_hold_their_places() {
        let throttle = throttle(&Clock::system());
        let under_way: Vec<_> = (0..10).map(|_| throttle.attempt("ann", address(1)).unwrap()).collect();
        assert!(fail(&throttle, "ann", 1).is_err());
        for attempt in under_way {
            attempt.withdrawn();
        }
        assert!(fail(&throttle, "ann", 1).is_ok());
    }
}
