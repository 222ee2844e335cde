//! Tests of the store on a Redis Cluster: all keys of a user are in one slot, so three masters behave like one server.

use std::time::{Duration, Instant};

use kit::Clock;
use kit::redis::Rights;
use lab4_hybrid::store::redis::RIGHTS;
use lab4_hybrid::store::suite::{self, Factory};
use lab4_hybrid::store::{Policy, Redis, Refresh, Store};

use crate::fleet::{Account, Fleet, lets_in};
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
        // -2 means that the key has expired since it was listed; -1 means that it has no TTL.
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

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_the_rights_that_the_book_lists_is_let_into_a_cluster_and_into_no_plain_url() {
    let Some(program) = program() else { return };
    let cluster = Cluster::start(&program).await;
    let rules = format!("{} {}", RIGHTS.rules(), Rights::cluster_rules());
    for master in &cluster.masters {
        master.tell::<()>(&format!("ACL SETUSER authlab reset on >secret {rules}")).await;
    }
    let as_user = |url: String| url.replace("://", "://authlab:secret@");
    let fleet = Fleet::over(&as_user(cluster.url()), Duration::from_secs(600)).await;
    for server in 0..2 {
        let account = Account::new();
        let (session_id, token) = fleet.log_in(server, &account, 0).await.unwrap();
        assert!(lets_in(fleet.show(server, &account, &token, None).await));
        assert!(fleet.stores[server].end(account.id, session_id).await.unwrap());
        fleet.stores[server].ready().await.unwrap();
    }

    let policy = Policy::default();
    let plain = as_user(cluster.masters[0].url());
    let refused = Redis::connect(&plain, times(), policy, Clock::system()).await.err().unwrap().to_string();
    let right = format!("redis+cluster://127.0.0.1:{}", cluster.masters[0].port);
    assert!(refused.contains(&right) && !refused.contains("secret"), "{refused}");
}

/// Presents a token until the store answers. An outage is not a verdict; `away` counts how often the store was down.
async fn verdict(fleet: &Fleet, server: usize, account: &Account, token: &str, away: &mut usize) -> Refresh {
    let start = Instant::now();
    loop {
        match fleet.try_show(server, account, token, Some("the same key each time")).await {
            Ok(verdict) => return verdict,
            Err(error) => {
                assert!(start.elapsed() < Duration::from_secs(60), "the cluster stays away: {error}")
            }
        }
        *away += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_loses_a_master_goes_on_and_forgets_no_ending() {
    let Some(program) = program() else { return };
    let mut cluster = Cluster::start_with_replicas(&program).await;
    let fleet = Fleet::over(&cluster.url(), Duration::from_secs(600)).await;
    let mut people = Vec::new();
    for _ in 0..12 {
        let account = Account::new();
        let (ended, over) = fleet.log_in(0, &account, 0).await.unwrap();
        let (_, alive) = fleet.log_in(1, &account, 0).await.unwrap();
        // The call returns after a replica has confirmed the ending.
        assert!(fleet.stores[0].end(account.id, ended).await.unwrap());
        people.push((account, over, alive));
    }
    for (number, (account, _, alive)) in people.iter().enumerate() {
        assert!(lets_in(fleet.show(number, account, alive, None).await));
    }
    cluster.masters[0].kill();

    let mut away = 0;
    for (number, (account, over, alive)) in people.iter().enumerate() {
        // Both servers accept the token from before the loss and the one after it, so that a client with either can
        // continue.
        for token in [alive, &fleet.after(alive)] {
            let verdict = verdict(&fleet, number, account, token, &mut away).await;
            assert!(lets_in(verdict), "{verdict:?}");
        }
        assert_eq!(verdict(&fleet, number + 1, account, over, &mut away).await, Refresh::Ended);
    }
    let took_over: String = cluster.replicas[0].tell("INFO replication").await;
    assert!(took_over.contains("role:master"), "{took_over}");
    println!("36 verdicts of a cluster that lost a master: none wrong, after {away} calls in vain");
}
