//! Tests of a store or an accounts database that was restored to an earlier state or lost its data.

use std::path::Path;

use kit::accounts::backup::back_up;
use kit::config::{AccountsAt, RedisTimes};
use kit::marker::accept::accept;
use kit::testing::DurableRedis;

use super::*;

const PATIENCE: Duration = Duration::from_secs(10);

fn config(redis: &DurableRedis, accounts: &Path) -> Config {
    Config {
        store: Store::Redis(redis.url()),
        accounts: AccountsAt::File(accounts.to_owned()),
        // The tolerated loss: so short that the accounts notice within moments that time has passed.
        store_loss: Duration::from_millis(20),
        ..Config::default()
    }
}

async fn lab_with(config: &Config) -> Lab {
    let origins = Origins::new(&[OWN.parse().unwrap()], SocketAddr::from(([127, 0, 0, 1], 0)), "");
    let clock = Clock::system();
    let router = crate::session::router(config, clock.clone(), origins).await.unwrap();
    Lab { router, clock, redis: None }
}

/// Polls until the server is ready (`None`), or until it is not ready for a reason that begins with `wanted`.
async fn until_ready_says(lab: &Lab, wanted: Option<&str>) {
    let start = Instant::now();
    loop {
        let answer = call("GET", "/health/ready").to(lab).await;
        match (answer.body["detail"].as_str(), wanted) {
            (None, None) => return,
            (Some(detail), Some(wanted)) if detail.starts_with(wanted) => return,
            _ => assert!(start.elapsed() < PATIENCE, "{wanted:?} was never said, but {}", answer.body),
        }
        tokio::task::yield_now().await;
    }
}

async fn until_time_has_passed(redis: &DurableRedis) {
    let (connection, start) = (redis.connect().await, Instant::now());
    let generation = async || -> u64 {
        connection.query(redis::cmd("HGET").arg("session:marker").arg("gen")).await.unwrap()
    };
    let now = generation().await;
    while generation().await < now + 5 {
        assert!(start.elapsed() < PATIENCE, "the marker stays at {now}");
        tokio::task::yield_now().await;
    }
}

/// Expects a 503 that sets no cookie, so that the browser keeps its session.
async fn is_outage(lab: &Lab, call: Call) {
    let answer = call.to(lab).await;
    assert_eq!((answer.status, answer.code()), (StatusCode::SERVICE_UNAVAILABLE, "store_unavailable"));
    assert_eq!((answer.set_cookie(), &answer.headers[RETRY_AFTER]), (None, &"1".parse().unwrap()));
}

#[tokio::test]
async fn a_restored_backup_is_503_until_it_is_accepted_and_then_no_session_of_before_is_let_in() {
    let Some(mut redis) = DurableRedis::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = config(&redis, &folder.path().join("accounts"));
    let lab = lab_with(&config).await;
    let (kept, left) = (sign_up(&lab).await.cookie(), log_in(&lab).await.cookie());
    let backup = redis.saved();
    call("POST", "/auth/logout").by_page(&left).to(&lab).await;
    until_time_has_passed(&redis).await;
    redis.restore(&backup).await;

    is_outage(&lab, call("GET", "/me").by_page(&kept)).await;
    is_outage(&lab, call("GET", "/me").by_page(&left)).await;
    is_outage(&lab, call("POST", "/auth/logout").by_page(&kept)).await;
    is_outage(&lab, call("POST", "/auth/login").body(ann())).await;
    until_ready_says(&lab, Some("redis: it is older than the accounts")).await;

    let accepted = accept(&config.accounts, &config.store, RedisTimes::default(), false).await.unwrap();
    // The three removed keys are two sessions and the index of their user.
    assert_eq!((accepted.accounts, accepted.removed), (1, 3));
    until_ready_says(&lab, None).await;
    assert_eq!(me(&lab, &kept).await, StatusCode::UNAUTHORIZED);
    assert_eq!(me(&lab, &left).await, StatusCode::UNAUTHORIZED);
    let back = log_in(&lab).await.cookie();
    assert_eq!(me(&lab, &back).await, StatusCode::OK);
}

#[tokio::test]
async fn an_empty_store_is_503_and_the_right_one_is_believed_when_it_is_back() {
    let Some(mut redis) = DurableRedis::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let lab = lab_with(&config(&redis, &folder.path().join("accounts"))).await;
    let cookie = sign_up(&lab).await.cookie();
    redis.restart().await;
    until_ready_says(&lab, None).await;
    assert_eq!(me(&lab, &cookie).await, StatusCode::OK, "a restart that lost nothing");

    let right = redis.saved();
    redis.lose_everything().await;
    is_outage(&lab, call("GET", "/me").by_page(&cookie)).await;
    until_ready_says(&lab, Some("redis: its marker is missing")).await;
    is_outage(&lab, call("GET", "/me").by_page(&cookie)).await;
    // The marker in the copy is as old as the copy. Nothing was written since then, so it equals the one that the
    // accounts know.
    redis.restore(&right).await;
    until_ready_says(&lab, None).await;
    assert_eq!(me(&lab, &cookie).await, StatusCode::OK);
}

#[tokio::test]
async fn accounts_restored_behind_the_store_are_lifted_and_the_right_password_is_never_wrong() {
    let Some(redis) = DurableRedis::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = (folder.path().join("accounts"), folder.path().join("backup"));
    let lab = lab_with(&config(&redis, &path)).await;
    let first = sign_up(&lab).await.cookie();
    back_up(&AccountsAt::File(path), &backup).await.unwrap();
    let everywhere = json!({"scope": "global"});
    call("POST", "/auth/logout").by_page(&first).body(everywhere.clone()).to(&lab).await;
    let since = log_in(&lab).await.cookie();

    let restored = lab_with(&config(&redis, &backup)).await;
    let back = log_in(&restored).await.cookie();
    assert_eq!(me(&restored, &back).await, StatusCode::OK);
    assert_eq!(me(&restored, &since).await, StatusCode::UNAUTHORIZED, "the lift ends what was before");
    let out = call("POST", "/auth/logout").by_page(&back).body(everywhere).to(&restored).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert_eq!(me(&restored, &back).await, StatusCode::UNAUTHORIZED);
}
