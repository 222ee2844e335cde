//! Runs the suite of store tests against memory and against a real Redis; the other tests here need a Redis.

use std::time::Duration;

use kit::config::RedisTimes;
use kit::redis::discovery::Found;
use kit::testing::private_redis;
use kit::{Client, ClientKind, Clock, Redis as Connection};

use super::suite::{self, Factory, Stage};
use super::{Memory, Policy, Redis, Refresh, Store, StoreError};
use crate::chain::Keys;

struct InMemory;

impl Factory for InMemory {
    type Store = Memory;

    async fn make(&self, policy: Policy, clock: Clock) -> Memory {
        Memory::new(policy, clock)
    }
}

/// Long time-outs, for a machine that is compiling at the same time: these tests are about the protocol and not about
/// speed.
pub(super) fn times() -> RedisTimes {
    let patient = Duration::from_secs(20);
    RedisTimes { response: patient, deadline: patient, ..RedisTimes::default() }
}

/// A private Redis server, as a factory for stores.
pub(super) struct InRedis(Found);

impl InRedis {
    /// Starts a private Redis, or returns `None` if `redis-server` is not installed, which it reports.
    pub(super) async fn start() -> Option<Self> {
        private_redis().await.map(Self)
    }

    pub(super) fn url(&self) -> &str {
        &self.0.url
    }

    /// A direct connection to the server, whatever its role.
    pub(super) async fn connection(&self) -> Connection {
        Connection::connect_as_it_is(&self.0.url, times()).await.unwrap()
    }
}

impl Factory for InRedis {
    type Store = Redis;

    async fn make(&self, policy: Policy, clock: Clock) -> Redis {
        Redis::connect(&self.0.url, times(), policy, clock).await.unwrap()
    }
}

async fn keys_of(connection: &Connection) -> Vec<String> {
    connection.query(::redis::cmd("KEYS").arg("*")).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_holds_in_memory() {
    suite::run_all(&InMemory).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_holds_in_redis_and_leaves_no_key_without_a_ttl() {
    let Some(server) = InRedis::start().await else { return };
    suite::run_all(&server).await;
    let connection = server.connection().await;
    let keys = keys_of(&connection).await;
    for key in &keys {
        let ttl_ms: i64 = connection.query(::redis::cmd("PTTL").arg(key)).await.unwrap();
        assert!(ttl_ms > 0, "{key} lives for ever");
    }
    eprintln!("  {} keys, each with a TTL", keys.len());
}

#[tokio::test]
async fn a_session_takes_the_same_few_bytes_after_5000_rotations() {
    let Some(server) = InRedis::start().await else { return };
    let stage = Stage::strict(&server).await;
    let (session_id, mut token) = stage.log_in().await;
    let connection = server.connection().await;
    let record = format!("auth:{{{}}}:s:{}", stage.user.simple(), session_id.simple());
    let mut sizes = std::collections::BTreeSet::new();
    for rotation in 1..=5000 {
        let verdict = stage.show_with(&token, 0, Some(&format!("{rotation:064}"))).await;
        assert!(matches!(verdict, Refresh::Rotated { .. }), "{verdict:?} at {rotation}");
        token = stage.after(&token);
        if rotation % 500 == 0 {
            let bytes: u64 =
                connection.query(::redis::cmd("MEMORY").arg("USAGE").arg(&record)).await.unwrap();
            sizes.insert(bytes);
        }
    }
    assert!(sizes.len() == 1 && sizes.iter().all(|bytes| *bytes <= 450), "bytes: {sizes:?}");
    eprintln!("  {sizes:?} bytes after 500, 1000, … 5000 rotations");
}

#[tokio::test]
async fn the_number_of_keys_returns_to_zero() {
    let Some(server) = InRedis::start().await else { return };
    let connection = server.connection().await;
    let moment = Duration::from_millis(100);
    let policy = Policy {
        window: Duration::ZERO,
        idle: Duration::from_secs(3600),
        absolute: Duration::from_secs(2),
        sessions_per_user: 2,
        ended_remembered: moment,
        expired_remembered: moment,
    };
    let stage = Stage::with(&server, policy).await;
    let (one, _) = stage.log_in().await;
    let (_, reused) = stage.log_in().await;
    assert_eq!(keys_of(&connection).await.len(), 3);
    stage.store.end(stage.user, one).await.unwrap();
    stage.show(&reused).await;
    stage.show(&reused).await;
    let (keep, _) = stage.log_in().await;
    stage.log_in().await;
    stage.log_in().await;
    stage.store.end_others(stage.user, keep).await.unwrap();
    stage.store.end_all(stage.user, 1).await.unwrap();
    let left = keys_of(&connection).await;
    assert!(left.iter().all(|key| key.contains(":dead:") || key.ends_with(":epoch")), "{left:?}");
    let waited = tokio::time::timeout(Duration::from_secs(10), async {
        while !keys_of(&connection).await.is_empty() {
            tokio::task::yield_now().await;
        }
    });
    waited.await.expect("a key outlived its time");
}

#[tokio::test]
async fn a_redis_that_forgot_its_scripts_is_taught_them_again() {
    let Some(server) = InRedis::start().await else { return };
    let connection = server.connection().await;
    let forget = async || connection.query::<()>(::redis::cmd("SCRIPT").arg("FLUSH")).await.unwrap();
    let stage = Stage::usual(&server).await;
    forget().await;
    let (session_id, token) = stage.log_in().await;
    forget().await;
    stage.rotate(&token).await;
    forget().await;
    assert!(stage.store.end(stage.user, session_id).await.unwrap());
}

#[tokio::test]
async fn every_operation_is_one_round_trip_of_one_script() {
    let Some(server) = InRedis::start().await else { return };
    let stage = Stage::strict(&server).await;
    let (session_id, token) = stage.log_in().await;
    let token = stage.rotate(&token).await;
    let connection = server.connection().await;
    connection.query::<()>(::redis::cmd("CONFIG").arg("RESETSTAT")).await.unwrap();
    stage.rotate(&token).await;
    stage.store.live(stage.user, session_id, 0).await.unwrap();
    let stats: String = connection.query(::redis::cmd("INFO").arg("commandstats")).await.unwrap();
    let calls = |name: &str| {
        let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{name}:calls=")));
        line.map(|line| line.split(',').next().unwrap().to_owned())
    };
    // The second call is the first one of `live`, whose script Redis had not loaded yet.
    assert_eq!(calls("evalsha").as_deref(), Some("3"), "{stats}");
    assert_eq!(calls("eval"), None, "{stats}");
    assert_eq!(calls("script|load").as_deref(), Some("1"), "{stats}");
}

#[tokio::test]
async fn a_store_that_is_gone_is_an_outage_and_no_verdict() {
    let Some(server) = InRedis::start().await else { return };
    let stage = Stage::usual(&server).await;
    let (session_id, token) = stage.log_in().await;
    drop(server);
    let keys = Keys::derive(&kit::keyring::Keyring::random()).unwrap();
    let foreign = keys.first_token(stage.user, ClientKind::Web).unwrap();
    let foreign = keys.verify(foreign.token.expose()).unwrap();
    assert!(matches!(stage.store.refresh(&foreign, 0, None).await, Err(StoreError::Redis(_))));
    assert!(matches!(stage.store.end(stage.user, session_id).await, Err(StoreError::Redis(_))));
    assert!(matches!(stage.store.end_all(stage.user, 1).await, Err(StoreError::Redis(_))));
    assert!(matches!(stage.store.live(stage.user, session_id, 0).await, Err(StoreError::Redis(_))));
    assert_eq!(stage.store.ready().await.unwrap_err().part, "redis");
    drop(token);
}

/// Makes `replica` a replica of `primary`, and waits until the primary counts it.
pub(super) async fn follow(replica: &InRedis, primary: &InRedis) {
    let (host, port) = primary.0.url.trim_start_matches("redis://").split_once(':').unwrap();
    let (follower, leader) = (replica.connection().await, primary.connection().await);
    follower.query::<()>(::redis::cmd("REPLICAOF").arg(host).arg(port)).await.unwrap();
    // The primary counts a replica only from its first acknowledgement on, which comes after the replica reports that
    // it is up.
    let linked = tokio::time::timeout(Duration::from_secs(20), async {
        loop {
            let info: String = leader.query(::redis::cmd("INFO").arg("replication")).await.unwrap();
            if info.contains("state=online") {
                break;
            }
            tokio::task::yield_now().await;
        }
    });
    linked.await.expect("the replica does not follow");
}

#[tokio::test]
async fn where_there_are_replicas_a_single_ending_waits_for_one() {
    let (Some(primary), Some(replica)) = (InRedis::start().await, InRedis::start().await) else { return };
    follow(&replica, &primary).await;
    let follower = replica.connection().await;
    let policy = Stage::usual(&InMemory).await.policy();
    let times = RedisTimes { response: Duration::from_secs(2), ..times() };
    let store = Redis::connect(&primary.0.url, times, policy, Clock::system()).await.unwrap();
    let stage = Stage::usual(&InMemory).await.over(store);
    let [(one, _), (two, _), (three, _)] = [stage.log_in().await, stage.log_in().await, stage.log_in().await];
    assert!(stage.store.end(stage.user, one).await.unwrap());
    let seen: Option<String> = follower
        .query(::redis::cmd("GET").arg(format!("auth:{{{}}}:dead:{}", stage.user.simple(), one.simple())))
        .await
        .unwrap();
    assert_eq!(seen.as_deref(), Some("ended"));

    drop(replica);
    assert!(matches!(stage.store.end(stage.user, two).await, Err(StoreError::Unconfirmed)));
    // The session is ended on this primary all the same, and a repeated call does not claim that a replica has
    // confirmed it.
    assert_eq!(stage.store.live(stage.user, two, 0).await.unwrap(), None::<Client>);
    assert!(matches!(stage.store.end(stage.user, two).await, Err(StoreError::Unconfirmed)));
    // A login does not wait for a replica, not even when it ends the session that it replaces.
    stage.store.end_replaced(stage.user, three).await.unwrap();
    assert_eq!(stage.store.live(stage.user, three, 0).await.unwrap(), None::<Client>);
    stage.store.end_all(stage.user, 1).await.unwrap();
}
