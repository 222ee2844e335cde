//! One suite of tests, run against every store.
//!
//! [`shared`] tests what every store guarantees; [`on_redis`] tests the content of the Redis database. The tests of
//! this crate run both against memory and against a private `redis-server`. Tests of other crates supply a Redis of
//! their own and call [`redis`].

// Not marked `#[cfg(test)]`, because tests of other packages call this module.
#![allow(clippy::unwrap_used, missing_docs, reason = "a suite of tests, behind a feature")]

pub mod on_redis;
pub mod shared;

use std::sync::Arc;
use std::time::Duration;

use kit::config::RedisTimes;
use kit::{Clock, Redis, User};
use tower_sessions::session::{Id, Record};
use uuid::Uuid;

use crate::holder::{HOLDER, Holder, Limits, moment};
use crate::store::Store;
use crate::store::memory::MemoryStore;
use crate::store::redis::RedisStore;

/// The limits that all checks use. They give a [`Limits::step`] of 10 seconds.
pub const LIMITS: Limits =
    Limits { idle: Duration::from_secs(1_000), absolute: Duration::from_secs(2_500), per_user: 3 };

/// A store, and the clock that it uses.
pub struct Bench<S> {
    pub store: Arc<S>,
    pub clock: Clock,
}

impl Bench<MemoryStore> {
    pub fn memory() -> Self {
        let clock = Clock::system();
        Self { store: Arc::new(MemoryStore::new(LIMITS, clock.clone())), clock }
    }
}

impl Bench<RedisStore> {
    pub fn redis(redis: &Redis) -> Self {
        let clock = Clock::system();
        Self { store: Arc::new(RedisStore::new(redis.clone(), LIMITS, clock.clone())), clock }
    }
}

impl<S: Store> Bench<S> {
    /// The session record that a login of `user` creates.
    pub fn record(&self, user: &User) -> Record {
        let holder = Holder::new(user, self.clock.now_ms(), &LIMITS);
        let expiry_date = moment(holder.over_at_ms(&LIMITS));
        let data = [(HOLDER.to_owned(), serde_json::to_value(holder).unwrap())].into();
        Record { id: Id::default(), data, expiry_date }
    }

    /// Logs a user in and returns the session record.
    pub async fn log_in(&self, user: &User) -> Record {
        let mut record = self.record(user);
        self.store.create(&mut record).await.unwrap();
        record
    }

    pub async fn is_alive(&self, record: &Record) -> bool {
        self.store.load(&record.id).await.unwrap().is_some()
    }
}

/// A new user under an epoch, whom no other check uses.
pub fn somebody(epoch: u64) -> User {
    User { id: Uuid::new_v4(), epoch, ..User::sample() }
}

/// Runs the whole suite against the Redis at a URL. No other client may use that Redis at the same time, because the
/// suite counts commands.
pub async fn redis(url: &str) {
    let redis = Redis::connect(url, RedisTimes::default()).await.unwrap();
    shared::all(|| Bench::redis(&redis)).await;
    on_redis::all(&redis).await;
}

/// Runs the shared checks against the store in memory.
pub async fn memory() {
    shared::all(Bench::memory).await;
}

/// Runs the suite as tests of other crates do: all checks one after the other, in one database.
#[cfg(test)]
#[tokio::test]
async fn the_whole_suite_holds_in_turn_on_one_redis_and_on_memory() {
    memory().await;
    let Some(found) = kit::testing::private_redis().await else { return };
    redis(&found.url).await;
}

/// Defines `all`, which runs the checks one after the other, and one test for each check and store.
macro_rules! shared_checks {
    ($($check:ident)*) => {
        pub async fn all<S: crate::store::Store>(make: impl Fn() -> crate::suite::Bench<S>) {
            $($check(make()).await;)*
        }

        #[cfg(test)]
        mod memory {
            $(#[tokio::test]
            async fn $check() {
                super::$check(crate::suite::Bench::memory()).await;
            })*
        }

        #[cfg(test)]
        mod redis {
            $(#[tokio::test]
            async fn $check() {
                let Some(found) = kit::testing::private_redis().await else { return };
                let redis = kit::Redis::connect(&found.url, Default::default()).await.unwrap();
                super::$check(crate::suite::Bench::redis(&redis)).await;
            })*
        }
    };
}

/// Defines `all`, which runs the checks one after the other on one Redis, and one test for each check.
macro_rules! redis_checks {
    ($($check:ident)*) => {
        pub async fn all(redis: &kit::Redis) {
            $($check(redis).await;)*
        }

        #[cfg(test)]
        mod private {
            $(#[tokio::test]
            async fn $check() {
                let Some(found) = kit::testing::private_redis().await else { return };
                let redis = kit::Redis::connect(&found.url, Default::default()).await.unwrap();
                super::$check(&redis).await;
            })*
        }
    };
}

use {redis_checks, shared_checks};
