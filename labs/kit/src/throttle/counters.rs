//! The throttle's counters: how many attempts each key has made in its window, in bounded memory.
//!
//! This module can be replaced by counters that several servers share. [`Counters::take`] and [`Counters::settle`] are one
//! step each, so that a store can do each in one script, and they are `async` although counters in memory never wait. No
//! other code reads or writes a counter.
//!
//! Each kind of key has a table of its own; when a table is full, its least recently touched entry is dropped. So a client
//! that invents e-mail addresses only displaces the counters of invented addresses.

use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use lru::LruCache;
use uuid::Uuid;

/// A hash of an account's address: fixed in size, and it keeps no list of addresses in memory.
pub(super) type AccountKey = [u8; 16];

/// What attempts are counted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// Guesses at one account from one address.
    Guess(Account, IpAddr),
    /// Guesses at one account from all addresses.
    Account(Account),
    /// Guesses from one address at any account.
    Address(IpAddr),
    /// Guesses from a device that has logged in to the account before.
    Device(Uuid),
    /// Guesses from one session, or in a scheme without sessions, from one address at the account's id.
    Session(Uuid, Option<IpAddr>),
    /// Sign-ups from one address.
    SignUp(IpAddr),
}

/// An account that exists, or an e-mail address without an account. Both count alike, in separate tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Account {
    Known(AccountKey),
    MadeUp(AccountKey),
}

/// The maximum number of entries in each table, about 100 bytes each: 27 MB if all tables are full.
const TABLES: [usize; 8] = [50_000, 50_000, 25_000, 25_000, 50_000, 25_000, 25_000, 20_000];

impl Key {
    /// The index of its table in [`TABLES`].
    fn table(&self) -> usize {
        match self {
            Self::Guess(Account::Known(_), _) => 0,
            Self::Account(Account::Known(_)) => 1,
            Self::Guess(Account::MadeUp(_), _) => 2,
            Self::Account(Account::MadeUp(_)) => 3,
            Self::Address(_) => 4,
            Self::Device(_) => 5,
            Self::Session(..) => 6,
            Self::SignUp(_) => 7,
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Counter {
    since_ms: u64,
    attempts: u32,
    /// For a [`Key::Guess`]: the start of the address's window in which it last counted there, and how often it did. A
    /// success takes back exactly that number, so that an attacker's own success cannot erase guesses at other accounts.
    at_address: (u64, u32),
}

/// A key that an attempt is counted for, and the key's limit. `None`: it is counted without a limit.
pub(super) type Asked = (Key, Option<u32>);

/// How an attempt ended, for its counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settlement {
    /// The password was right: the counters of the guess, account, device or session are deleted. The address's counter is
    /// reduced by what guesses at this one account had added, because those were mistakes of the user who knows the
    /// password.
    Forget,
    /// The password was not checked, for a reason that the client did not cause: each counter is reduced by one.
    GiveBack,
}

/// All counters of one server.
pub(super) struct Counters {
    tables: Mutex<[LruCache<Key, Counter>; TABLES.len()]>,
}

impl Counters {
    pub(super) fn new() -> Self {
        Self::bounded(TABLES)
    }

    fn bounded(bounds: [usize; TABLES.len()]) -> Self {
        let table = |bound| {
            // A table grows as it fills; created with its bound, it would allocate all its memory at once.
            let mut table = LruCache::unbounded();
            table.resize(NonZeroUsize::new(bound).unwrap_or(NonZeroUsize::MIN));
            table
        };
        Self { tables: Mutex::new(bounds.map(table)) }
    }

    /// Counts an attempt for every key, or for none if one of them has reached its limit: then the error is the number of
    /// milliseconds left in that key's window.
    pub(super) async fn take(&self, asked: &[Asked], now_ms: u64, window_ms: u64) -> Result<(), u64> {
        self.with(|tables| tables.take(asked, now_ms, window_ms))
    }

    /// Settles an attempt that [`take`](Self::take) has counted.
    pub(super) async fn settle(&self, asked: &[Asked], how: Settlement) {
        self.with(|tables| tables.settle(asked, how));
    }

    fn with<T>(&self, work: impl FnOnce(&mut Tables<'_>) -> T) -> T {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut Tables(&mut tables))
    }
}

struct Tables<'a>(&'a mut [LruCache<Key, Counter>; TABLES.len()]);

impl Tables<'_> {
    fn get(&mut self, key: &Key) -> Option<&mut Counter> {
        self.0[key.table()].get_mut(key)
    }

    fn take(&mut self, asked: &[Asked], now_ms: u64, window_ms: u64) -> Result<(), u64> {
        for (key, most) in asked {
            let (Some(most), Some(counter)) = (most, self.get(key)) else { continue };
            let ends_ms = counter.since_ms.saturating_add(window_ms);
            if counter.attempts >= *most && now_ms < ends_ms {
                return Err(ends_ms - now_ms);
            }
        }
        for (key, _) in asked {
            let fresh = Counter { since_ms: now_ms, attempts: 0, at_address: (0, 0) };
            let counter = self.0[key.table()].get_or_insert_mut(*key, || fresh);
            if now_ms >= counter.since_ms.saturating_add(window_ms) {
                *counter = Counter { at_address: counter.at_address, ..fresh };
            }
            counter.attempts = counter.attempts.saturating_add(1);
        }
        if let Some((guess, address)) = guess_and_address(asked)
            && let Some(window) = self.get(&address).map(|counter| counter.since_ms)
            && let Some(counter) = self.get(&guess)
        {
            let before = if counter.at_address.0 == window { counter.at_address.1 } else { 0 };
            counter.at_address = (window, before.saturating_add(1));
        }
        Ok(())
    }

    fn settle(&mut self, asked: &[Asked], how: Settlement) {
        if let Some((guess, address)) = guess_and_address(asked) {
            self.give_back_to_address(&guess, &address, how);
        }
        for (key, _) in asked {
            match (key, how) {
                (Key::Address(_), _) => {}
                (_, Settlement::Forget) => {
                    self.0[key.table()].pop(key);
                }
                (_, Settlement::GiveBack) => {
                    if let Some(counter) = self.get(key) {
                        counter.attempts = counter.attempts.saturating_sub(1);
                    }
                }
            }
        }
    }

    fn give_back_to_address(&mut self, guess: &Key, address: &Key, how: Settlement) {
        let Some(window) = self.get(address).map(|counter| counter.since_ms) else { return };
        let Some(counter) = self.get(guess).filter(|counter| counter.at_address.0 == window) else { return };
        let back = if how == Settlement::Forget { counter.at_address.1 } else { counter.at_address.1.min(1) };
        counter.at_address.1 -= back;
        if let Some(counter) = self.get(address) {
            counter.attempts = counter.attempts.saturating_sub(back);
        }
    }
}

/// The guess whose failures also count at an address, and that address.
fn guess_and_address(asked: &[Asked]) -> Option<(Key, Key)> {
    let find = |wanted: fn(&Key) -> bool| asked.iter().map(|(key, _)| *key).find(wanted);
    Some((find(|key| matches!(key, Key::Guess(..)))?, find(|key| matches!(key, Key::Address(_)))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW_MS: u64 = 900_000;

    fn account(name: u8) -> AccountKey {
        [name; 16]
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    async fn attempts(counters: &Counters, key: Key) -> u32 {
        counters.with(|tables| tables.get(&key).map_or(0, |counter| counter.attempts))
    }

    #[tokio::test]
    async fn made_up_accounts_push_out_made_up_accounts_and_leave_real_ones_counted() {
        let counters = Counters::bounded([4; TABLES.len()]);
        let real = Key::Account(Account::Known(account(255)));
        counters.take(&[(real, Some(10))], 0, WINDOW_MS).await.unwrap();
        for name in 0..100 {
            let made_up = Account::MadeUp(account(name));
            let asked = [(Key::Account(made_up), Some(10)), (Key::Guess(made_up, address(1)), Some(10))];
            counters.take(&asked, 0, WINDOW_MS).await.unwrap();
        }
        assert_eq!(attempts(&counters, real).await, 1);
        assert_eq!(attempts(&counters, Key::Account(Account::MadeUp(account(99)))).await, 1);
        assert_eq!(attempts(&counters, Key::Account(Account::MadeUp(account(95)))).await, 0);
    }

    #[tokio::test]
    async fn a_refused_attempt_is_counted_nowhere() {
        let counters = Counters::new();
        let (full, open) = (Key::Device(Uuid::from_u128(1)), Key::Address(address(1)));
        counters.take(&[(full, Some(1))], 0, WINDOW_MS).await.unwrap();
        let refused = counters.take(&[(open, Some(9)), (full, Some(1))], 1_000, WINDOW_MS).await;
        assert_eq!(refused, Err(899_000));
        assert_eq!(attempts(&counters, open).await, 0);
    }

    #[tokio::test]
    async fn an_address_gets_back_the_failures_of_this_window_only_and_each_of_them_once() {
        let counters = Counters::new();
        let own = Account::Known(account(1));
        let shared = Key::Address(address(1));
        let guess = [(Key::Guess(own, address(1)), Some(10)), (shared, Some(100))];
        // The address's window begins at 0 s, that of the account's own failures at 899 s.
        counters.take(&[(shared, Some(100))], 0, WINDOW_MS).await.unwrap();
        for _ in 0..3 {
            counters.take(&guess, 899_000, WINDOW_MS).await.unwrap();
        }
        assert_eq!(attempts(&counters, shared).await, 4);
        // The address's next window: five failures of other accounts, and then two simultaneous attempts that succeed.
        for _ in 0..5 {
            counters.take(&[(shared, Some(100))], 900_000, WINDOW_MS).await.unwrap();
        }
        counters.take(&guess, 900_000, WINDOW_MS).await.unwrap();
        counters.take(&guess, 900_000, WINDOW_MS).await.unwrap();
        assert_eq!(attempts(&counters, shared).await, 7);
        counters.settle(&guess, Settlement::Forget).await;
        assert_eq!(attempts(&counters, shared).await, 5);
        counters.settle(&guess, Settlement::Forget).await;
        assert_eq!(attempts(&counters, shared).await, 5);
    }
}
