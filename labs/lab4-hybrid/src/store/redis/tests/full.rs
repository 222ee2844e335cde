//! Tests with a Redis whose memory is full.

use super::*;
use crate::store::tests::{follow, times};

/// Limits Redis' memory, so that no command gets any more; `0` removes the limit.
async fn fill(server: &InRedis, limit_bytes: &str) {
    by_hand(&server.connection().await, &["CONFIG", "SET", "maxmemory", limit_bytes]).await;
}

fn is_full<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> bool {
    match answer {
        Err(StoreError::Redis(error)) => error.code() == Some("OOM"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_full_redis_opens_no_session_and_lets_refreshes_and_endings_through() {
    let Some(server) = InRedis::start().await else { return };
    let stage = Stage::strict(&server).await;
    let [(kept, token), (one, _), (other, _), (reused, copied)] =
        [stage.log_in().await, stage.log_in().await, stage.log_in().await, stage.log_in().await];
    stage.rotate(&copied).await;
    fill(&server, "1").await;

    let first = stage.first_token();
    assert!(is_full(stage.try_open(&first, 0).await));
    assert!(stage.store.ready().await.unwrap_err().problem.starts_with("is full"));
    let token = stage.rotate(&token).await;
    assert_eq!(stage.show(&copied).await, Refresh::Reused);
    assert!(stage.store.end(stage.user, one).await.unwrap());
    assert_eq!(stage.store.end_others(stage.user, kept).await.unwrap(), 1);
    for over in [one, other, reused] {
        assert!(stage.store.live(stage.user, over, 0).await.unwrap().is_none());
    }
    assert!(stage.store.live(stage.user, kept, 0).await.unwrap().is_some());
    assert_eq!(stage.store.list(stage.user, 0).await.unwrap().len(), 1);
    stage.store.end_all(stage.user, 1).await.unwrap();
    assert_eq!(stage.show(&token).await, Refresh::Ended);

    fill(&server, "0").await;
    assert_eq!(stage.store.ready().await, Ok(()));
    assert!(stage.log_in_under(1).await.is_some());
}

/// The case that locked users out: at the limit per user, or after the epoch was raised, the first write of a login
/// frees memory. Redis must refuse the login all the same.
#[tokio::test]
async fn a_full_redis_opens_no_session_either_where_another_would_make_room() {
    let Some(server) = InRedis::start().await else { return };
    let policy = Policy { sessions_per_user: 1, ..Stage::usual(&server).await.policy() };
    let stage = Stage::with(&server, policy).await;
    let (session_id, token) = stage.log_in().await;
    fill(&server, "1").await;
    for epoch in [0, 1] {
        let first = stage.first_token();
        assert!(is_full(stage.try_open(&first, epoch).await));
    }
    assert!(stage.store.live(stage.user, session_id, 0).await.unwrap().is_some());
    stage.rotate(&token).await;
}

#[tokio::test]
async fn a_full_redis_with_a_replica_still_confirms_an_ending() {
    let (Some(primary), Some(replica)) = (InRedis::start().await, InRedis::start().await) else { return };
    follow(&replica, &primary).await;
    let policy = Stage::usual(&primary).await.policy();
    let times = RedisTimes { response: Duration::from_secs(10), ..times() };
    let store = Redis::connect(primary.url(), times, policy, Clock::system()).await.unwrap();
    let stage = Stage::usual(&primary).await.over(store);
    let (session_id, _) = stage.log_in().await;
    fill(&primary, "1").await;
    assert!(stage.store.end(stage.user, session_id).await.unwrap());
}
