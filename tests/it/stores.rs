//! The labs' own test suites for stores, against a Redis in a container. The labs' own packages run them against memory
//! and a local Redis.

use std::time::Duration;

use kit::config::RedisTimes;
use lab4_hybrid::store::suite::{self, Factory};
use lab4_hybrid::store::{Policy, Redis};

use crate::containers::RedisContainer;

struct InContainer(RedisContainer);

impl Factory for InContainer {
    type Store = Redis;

    async fn make(&self, policy: Policy, clock: kit::Clock) -> Redis {
        // Long limits, because the machine runs other tests at the same time: the protocol is tested, not the speed.
        let patient = Duration::from_secs(20);
        let times = RedisTimes { response: patient, deadline: patient, ..RedisTimes::default() };
        Redis::connect(&self.0.url, times, policy, clock).await.expect("the container answers")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hybrids_store_holds_in_a_container() {
    let Some(container) = RedisContainer::start().await else { return };
    suite::run_all(&InContainer(container)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sessions_store_holds_in_a_container() {
    let Some(container) = RedisContainer::start().await else { return };
    lab2_session::suite::redis(&container.url).await;
}
