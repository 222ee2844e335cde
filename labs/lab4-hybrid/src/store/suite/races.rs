//! Tests with many concurrent requests. Each round opens its own session, so that rounds do not influence one another.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use super::Factory;
use super::stage::{Stage, lets_in, name, policy};
use crate::store::{Policy, Store};

/// Limits with a window that is longer than the test takes, even on a slow machine.
fn patient() -> Policy {
    Policy { window: Duration::from_secs(600), ..policy() }
}

/// Presents one token from many tasks at once, and counts each verdict.
async fn all_at_once<S: Store>(
    stage: &Arc<Stage<S>>,
    token: &str,
    callers: usize,
) -> HashMap<&'static str, usize> {
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (stage, token) = (Arc::clone(stage), token.to_owned());
        tasks.spawn(async move { name(stage.show(&token).await) });
    }
    let mut verdicts = HashMap::new();
    while let Some(verdict) = tasks.join_next().await {
        *verdicts.entry(verdict.unwrap()).or_default() += 1;
    }
    verdicts
}

pub(super) async fn a_thousand_callers_of_one_token_cause_one_rotation<F: Factory>(factory: &F) {
    let stage = Arc::new(Stage::with(factory, patient()).await);
    let (_, token) = stage.log_in().await;
    let verdicts = all_at_once(&stage, &token, 1000).await;
    assert_eq!(verdicts, HashMap::from([("rotated", 1), ("replayed", 999)]));
    // The successor depends on the token alone, so all thousand responses contain the same one, and it is the current
    // token.
    assert_eq!(name(stage.show(&stage.after(&token)).await), "kept");
}

pub(super) async fn sixteen_racers_never_fork_a_session<F: Factory>(factory: &F) {
    let stage = Arc::new(Stage::with(factory, Policy { sessions_per_user: 1000, ..patient() }).await);
    for _ in 0..200 {
        let (_, token) = stage.log_in().await;
        let verdicts = all_at_once(&stage, &token, 16).await;
        assert_eq!(verdicts, HashMap::from([("rotated", 1), ("replayed", 15)]));
        assert_eq!(name(stage.show(&stage.after(&token)).await), "kept");
    }
}

pub(super) async fn nothing_lives_on_after_an_ending_has_returned<F: Factory>(factory: &F) {
    let mut let_in_before = 0;
    for round in 0..100_u64 {
        let stage = Arc::new(Stage::with(factory, patient()).await);
        let (session_id, token) = stage.log_in().await;
        let (other, _) = stage.log_in().await;
        let racer = {
            let (stage, token) = (Arc::clone(&stage), token.clone());
            tokio::spawn(async move { stage.show(&token).await })
        };
        match round % 3 {
            0 => assert!(stage.store.end(stage.user, session_id).await.unwrap()),
            1 => assert_eq!(stage.store.end_others(stage.user, other).await.unwrap(), 1),
            _ => assert_eq!(stage.store.end_all(stage.user, 1).await.unwrap(), 1),
        }
        // Whichever request was first: neither the token nor a successor that was issued in the race is accepted now.
        for token in [stage.after(&token), token] {
            assert_eq!(name(stage.show(&token).await), "ended");
        }
        let_in_before += usize::from(lets_in(racer.await.unwrap()));
    }
    eprintln!("    of 100 racing refreshes {let_in_before} came before the ending");
}

pub(super) async fn no_log_in_slips_past_an_ending<F: Factory>(factory: &F) {
    let mut stale = 0;
    for _ in 0..100 {
        let stage = Arc::new(Stage::with(factory, policy()).await);
        let racer = {
            let stage = Arc::clone(&stage);
            tokio::spawn(async move { stage.log_in_under(0).await })
        };
        stage.store.end_all(stage.user, 1).await.unwrap();
        match racer.await.unwrap() {
            None => stale += 1,
            Some((_, token)) => assert_eq!(name(stage.show_with(&token, 0, None).await), "ended"),
        }
        assert_eq!(stage.store.list(stage.user, 1).await.unwrap(), []);
    }
    eprintln!("    of 100 racing logins {stale} came after the ending");
}
