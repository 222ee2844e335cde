//! The two stores under test, each as two servers see it, and how a failover sets it back.

use std::time::Duration;

use kit::config::RedisTimes;
use kit::redis::discovery::Found;
use kit::testing::private_redis;
use kit::{Clock, Redis as Connection};
use lab4_hybrid::store::{Memory, Policy, Redis, Store};
use uuid::Uuid;

/// Where a sequence stores its sessions.
pub(crate) trait Place: Sized {
    /// The store of one server.
    type Store: Store;
    /// The content that a replica had before the last writes.
    type Copy;

    /// Opens two servers over the same, initially empty, sessions.
    async fn open(&self, policy: Policy, clock: Clock) -> [Self::Store; 2];
    /// Copies the current content of a user.
    async fn copy(&self, stores: &[Self::Store; 2], user: Uuid) -> Self::Copy;
    /// Restores a copy.
    async fn restore(&self, stores: &mut [Self::Store; 2], user: Uuid, copy: Self::Copy);
}

/// Long time-outs, for a machine that is compiling at the same time: the tests are about the protocol and not about
/// speed.
pub(crate) fn times() -> RedisTimes {
    let patient = Duration::from_secs(20);
    RedisTimes { response: patient, deadline: patient, ..RedisTimes::default() }
}

/// One process: its two servers are two handles of one store.
pub(crate) struct InMemory;

impl Place for InMemory {
    type Store = Memory;
    type Copy = Memory;

    async fn open(&self, policy: Policy, clock: Clock) -> [Memory; 2] {
        let store = Memory::new(policy, clock);
        [store.clone(), store]
    }

    async fn copy(&self, stores: &[Memory; 2], _: Uuid) -> Memory {
        stores[0].copied()
    }

    async fn restore(&self, stores: &mut [Memory; 2], _: Uuid, copy: Memory) {
        *stores = [copy.clone(), copy];
    }
}

/// A real Redis, and two stores with separate connections that share nothing else.
pub(crate) struct InRedis {
    pub(crate) found: Found,
    hands: Connection,
}

impl InRedis {
    pub(crate) async fn start() -> Option<Self> {
        let found = private_redis().await?;
        let hands = Connection::connect(&found.url, times()).await.unwrap();
        Some(Self { found, hands })
    }

    pub(crate) async fn store(&self, policy: Policy, clock: Clock) -> Redis {
        Redis::connect(&self.found.url, times(), policy, clock).await.unwrap()
    }

    async fn keys(&self, user: Uuid) -> Vec<String> {
        let pattern = format!("auth:{{{}}}:*", user.simple());
        self.hands.query(redis::cmd("KEYS").arg(pattern)).await.unwrap()
    }
}

impl Place for InRedis {
    type Store = Redis;
    /// The name, the remaining TTL in milliseconds, and the value of each key.
    type Copy = Vec<(String, u64, Vec<u8>)>;

    async fn open(&self, policy: Policy, clock: Clock) -> [Redis; 2] {
        self.hands.query::<()>(&redis::cmd("FLUSHALL")).await.unwrap();
        [self.store(policy, clock.clone()).await, self.store(policy, clock).await]
    }

    async fn copy(&self, _: &[Redis; 2], user: Uuid) -> Self::Copy {
        let mut copy = Vec::new();
        for key in self.keys(user).await {
            let mut both = redis::pipe();
            both.cmd("PTTL").arg(&key).cmd("DUMP").arg(&key);
            let (life_ms, value): (u64, Vec<u8>) = self.hands.pipeline(&both).await.unwrap();
            copy.push((key, life_ms, value));
        }
        copy
    }

    async fn restore(&self, _: &mut [Redis; 2], user: Uuid, copy: Self::Copy) {
        let mut all = redis::pipe();
        all.atomic();
        for key in self.keys(user).await {
            all.cmd("DEL").arg(key).ignore();
        }
        for (key, life_ms, value) in copy {
            all.cmd("RESTORE").arg(key).arg(life_ms).arg(value).ignore();
        }
        self.hands.pipeline::<()>(&all).await.unwrap();
    }
}
