//! The store over a Redis Cluster: all keys of a user are in one slot, so three masters do what one does.

use kit::Clock;
use lab4_hybrid::store::suite::{self, Factory};
use lab4_hybrid::store::{Policy, Redis};

use crate::place::times;
use crate::servers::{Cluster, Server, program};

impl Factory for Cluster {
    type Store = Redis;

    async fn make(&self, policy: Policy, clock: Clock) -> Redis {
        Redis::connect(&self.url(), times(), policy, clock).await.unwrap()
    }
}

async fn keys_of(master: &Server) -> usize {
    let keys: Vec<String> = master.tell("KEYS *").await;
    for key in &keys {
        let ttl_ms: i64 = master.tell(&format!("PTTL {key}")).await;
        // It may have run out since it was listed, which reads as -2; -1 is a key that lives for ever.
        assert_ne!(ttl_ms, -1, "{key} lives for ever");
    }
    keys.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_holds_over_a_cluster_of_three_masters() {
    let Some(program) = program() else { return };
    let cluster = Cluster::start(&program).await;
    suite::run_all(&cluster).await;
    let [one, two, three] = &cluster.masters;
    let keys = [keys_of(one).await, keys_of(two).await, keys_of(three).await];
    assert!(keys.iter().all(|keys| *keys > 100), "the slots of all three were used: {keys:?}");
    println!("three masters hold {keys:?} keys after the suite, each with a TTL");
}
