//! Tests of a store or an accounts database that was restored to an earlier state or lost its data.

use std::path::Path;
use std::time::{Duration, Instant};

use http::header::RETRY_AFTER;
use http::{Method, StatusCode};
use kit::accounts::backup::back_up;
use kit::config::{AccountsAt, RedisTimes, Variables};
use kit::marker::accept::{AcceptError, accept};
use kit::testing::{DurableRedis, KeptLog};
use kit::{Config, Redis, Store};
use serde_json::{Value, json};

use crate::server::{Answer, PASSWORD, Server, WINDOW};

const EMAIL: &str = "ann@example.test";
/// The tolerated loss: so short that the accounts notice within moments that time has passed.
const A_MOMENT: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(10);
const REFRESH_KEYS: (&str, &str) = ("AUTHLAB_REFRESH_KEYS", "1=a-refresh-secret-of-32-characters");

fn config(redis: &DurableRedis, accounts: &Path) -> Config {
    Config {
        store: Store::Redis(redis.url()),
        accounts: AccountsAt::File(accounts.to_owned()),
        access_keys: Some("1=an-access-secret-of-32-characters!".parse().unwrap()),
        variables: Variables::of(&[REFRESH_KEYS]),
        store_loss: A_MOMENT,
        ..Config::default()
    }
}

async fn readiness(server: &Server) -> Answer {
    server.call(Method::GET, "/health/ready", &[], Value::Null).await
}

/// Polls until the server is ready (`None`), or until it is not ready for a reason that begins with `wanted`.
async fn until_ready_says(server: &Server, wanted: Option<&str>) {
    let start = Instant::now();
    loop {
        let answer = readiness(server).await;
        let detail = answer.json["detail"].as_str().map(str::to_owned);
        if detail
            .as_deref()
            .map(|detail| wanted.is_some_and(|wanted| detail.starts_with(wanted)))
            .unwrap_or(wanted.is_none())
        {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{wanted:?} was never said, but {}", answer.json);
        tokio::task::yield_now().await;
    }
}

async fn generation(redis: &Redis) -> u64 {
    redis.query(::redis::cmd("HGET").arg("auth:marker").arg("gen")).await.unwrap()
}

/// Waits until the store's marker has advanced, so that the accounts know a later state than the present one.
async fn until_time_has_passed(redis: &DurableRedis) {
    let (connection, start) = (redis.connect().await, Instant::now());
    let now = generation(&connection).await;
    while generation(&connection).await < now + 5 {
        assert!(start.elapsed() < PATIENCE, "the marker stays at {now}");
        tokio::task::yield_now().await;
    }
}

/// Expects a 503 that makes the client keep its credential and try again.
fn is_outage(answer: &Answer) {
    answer.refused(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable");
    assert_eq!(answer.headers[RETRY_AFTER], "1");
}

#[tokio::test]
async fn a_restored_backup_is_503_everywhere_and_the_newest_data_is_believed_again() {
    let Some(mut redis) = DurableRedis::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let server = Server::configured(config(&redis, &folder.path().join("accounts"))).await;
    let log = KeptLog::start();
    let ann = server.sign_up(EMAIL, "mobile").await;
    let other = server.log_in(&[], "web").await;
    let backup = redis.saved();

    server.clock.advance(WINDOW);
    let newest = server.refresh_app(&ann.refresh_token()).await;
    server.post("/auth/logout", &[("authorization", &other.access())], Value::Null).await;
    until_time_has_passed(&redis).await;
    let lost = redis.saved();
    redis.restore(&backup).await;

    // The first response over the new connection is already a 503, for the owner's newest token, for the token that was
    // exchanged long ago, and for the session that was logged out.
    is_outage(&server.refresh_app(&newest.refresh_token()).await);
    is_outage(&server.refresh_app(&ann.refresh_token()).await);
    is_outage(&server.refresh_page(&other.cookie()).await);
    is_outage(&server.sessions(&newest.access()).await);
    let log_in = json!({"email": EMAIL, "password": PASSWORD});
    is_outage(&server.post("/auth/login", &[], log_in).await);
    until_ready_says(&server, Some("redis: it is older than the accounts: its marker is at generation "))
        .await;
    assert_eq!(server.me(&newest.access()).await.status, StatusCode::OK, "this asks no store");
    let alarms = KeptLog::audit_lines(&log.take());
    let alarms: Vec<_> = alarms.iter().filter(|line| line["event"] == "store_refused").collect();
    assert_eq!(alarms.len(), 1, "{alarms:?}");

    redis.restore(&lost).await;
    until_ready_says(&server, None).await;
    assert_eq!(server.refresh_app(&newest.refresh_token()).await.status, StatusCode::OK);
    server.refresh_page(&other.cookie()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
}

#[tokio::test]
async fn an_empty_store_is_503_until_an_operator_accepts_it_and_then_everybody_logs_in_afresh() {
    let Some(mut redis) = DurableRedis::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = config(&redis, &folder.path().join("accounts"));
    let server = Server::configured(config.clone()).await;
    let ann = server.sign_up(EMAIL, "mobile").await;
    let agrees = accept(&config.accounts, &config.store, RedisTimes::default(), false).await;
    assert!(matches!(agrees, Err(AcceptError::Agrees)), "{agrees:?}");
    redis.lose_everything().await;

    is_outage(&server.refresh_app(&ann.refresh_token()).await);
    until_ready_says(&server, Some("redis: its marker is missing")).await;
    // A server that starts now does not accept the empty store as a new one.
    let second = Server::configured(config.clone()).await;
    is_outage(&second.refresh_app(&ann.refresh_token()).await);

    let accepted = accept(&config.accounts, &config.store, RedisTimes::default(), false).await.unwrap();
    assert_eq!((accepted.accounts, accepted.removed), (1, 0));
    for server in [&server, &second] {
        until_ready_says(server, None).await;
        server.refresh_app(&ann.refresh_token()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
        let back = server.log_in(&[], "mobile").await;
        server.clock.advance(WINDOW);
        assert_eq!(server.refresh_app(&back.refresh_token()).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn an_accepted_backup_lets_no_token_of_before_in() {
    let Some(mut redis) = DurableRedis::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = config(&redis, &folder.path().join("accounts"));
    let server = Server::configured(config.clone()).await;
    let ann = server.sign_up(EMAIL, "mobile").await;
    let other = server.log_in(&[], "web").await;
    let backup = redis.saved();
    server.post("/auth/logout", &[("authorization", &other.access())], Value::Null).await;
    until_time_has_passed(&redis).await;
    redis.restore(&backup).await;
    until_ready_says(&server, Some("redis: it is older than the accounts")).await;

    let accepted = accept(&config.accounts, &config.store, RedisTimes::default(), false).await.unwrap();
    // The three removed keys are two records and the set of the account.
    assert_eq!((accepted.accounts, accepted.removed), (1, 3));
    until_ready_says(&server, None).await;
    server.refresh_app(&ann.refresh_token()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    server.refresh_page(&other.cookie()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    server.log_in(&[], "mobile").await;
}

#[tokio::test]
async fn a_restart_that_lost_nothing_or_the_last_moment_takes_nobody_down() {
    let Some(mut redis) = DurableRedis::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let config =
        Config { store_loss: Duration::from_secs(10), ..config(&redis, &folder.path().join("accounts")) };
    let server = Server::configured(config).await;
    let ann = server.sign_up(EMAIL, "mobile").await;
    redis.restart().await;
    until_ready_says(&server, None).await;
    let renewed = server.refresh_app(&ann.refresh_token()).await;
    assert_eq!(renewed.status, StatusCode::OK, "{}", renewed.json);

    let a_moment_ago = redis.saved();
    let lost = server.log_in(&[], "mobile").await;
    redis.restore(&a_moment_ago).await;
    until_ready_says(&server, None).await;
    assert_eq!(server.refresh_app(&renewed.refresh_token()).await.status, StatusCode::OK);
    // A session that was lost with the last second: its user logs in once more.
    server.refresh_app(&lost.refresh_token()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
}

#[tokio::test]
async fn servers_that_start_at_once_on_a_new_store_and_new_accounts_make_one_marker() {
    let Some(redis) = DurableRedis::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = config(&redis, &folder.path().join("accounts"));
    let start = || Server::configured(config.clone());
    let servers = tokio::join!(start(), start(), start(), start());
    let ann = servers.0.sign_up(EMAIL, "mobile").await;
    for server in [&servers.0, &servers.1, &servers.2, &servers.3] {
        assert_eq!(readiness(server).await.status, StatusCode::OK);
        assert_eq!(server.sessions(&ann.access()).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_token_further_than_its_record_is_503_with_an_alarm_and_the_session_lives() {
    let Some(mut redis) = DurableRedis::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        store_loss: Duration::from_secs(10),
        variables: Variables::of(&[REFRESH_KEYS, ("AUTHLAB_REFRESH_WINDOW", "0")]),
        ..config(&redis, &folder.path().join("accounts"))
    };
    let server = Server::configured(config).await;
    let first = server.sign_up(EMAIL, "mobile").await;
    let a_moment_ago = redis.saved();
    let second = server.refresh_app(&first.refresh_token()).await;
    let third = server.refresh_app(&second.refresh_token()).await;
    redis.restore(&a_moment_ago).await;
    until_ready_says(&server, None).await;

    let log = KeptLog::start();
    is_outage(&server.refresh_app(&third.refresh_token()).await);
    let lines = KeptLog::audit_lines(&log.take());
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!((&lines[0]["event"], &lines[0]["generation"]), (&json!("refresh_ahead"), &json!(3)));
    assert_eq!(lines[0]["session"], first.json["session_id"]);
    // One lost rotation is redone, as after a failover.
    assert_eq!(server.refresh_app(&second.refresh_token()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn accounts_restored_behind_the_store_are_lifted_and_the_right_password_is_never_wrong() {
    let Some(redis) = DurableRedis::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let (path, backup) = (folder.path().join("accounts"), folder.path().join("backup"));
    let server = Server::configured(config(&redis, &path)).await;
    let ann = server.sign_up(EMAIL, "mobile").await;
    back_up(&AccountsAt::File(path), &backup).await.unwrap();
    let out =
        server.post("/auth/logout", &[("authorization", &ann.access())], json!({"scope": "global"})).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    let since = server.log_in(&[], "mobile").await;

    let log = KeptLog::start();
    let restored = Server::configured(config(&redis, &backup)).await;
    let back = restored.log_in(&[], "mobile").await;
    let events: Vec<_> = KeptLog::audit_lines(&log.take()).iter().map(|line| line["event"].clone()).collect();
    assert_eq!(events, ["epoch_lifted", "log_in"]);
    restored.clock.advance(WINDOW);
    assert_eq!(restored.refresh_app(&back.refresh_token()).await.status, StatusCode::OK);
    // The raised epoch is above every earlier one.
    restored.refresh_app(&since.refresh_token()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    // The second time, the epoch need not be raised.
    restored.log_in(&[], "mobile").await;
    let events: Vec<_> = KeptLog::audit_lines(&log.take()).iter().map(|line| line["event"].clone()).collect();
    assert_eq!(events.last(), Some(&json!("log_in")));
    assert!(!events.contains(&json!("epoch_lifted")), "{events:?}");
}

#[tokio::test]
async fn endings_end_also_where_the_accounts_were_restored_behind_the_store() {
    let Some(redis) = DurableRedis::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts");
    let server = Server::configured(config(&redis, &path)).await;
    let ann = server.sign_up(EMAIL, "mobile").await;
    let everywhere = json!({"scope": "global"});
    let password = json!({"current_password": PASSWORD, "new_password": "another horse battery"});
    for (number, (path_of_call, body)) in
        [("/auth/logout", everywhere.clone()), ("/auth/password", password)].into_iter().enumerate()
    {
        let backup = folder.path().join(format!("backup-{number}"));
        back_up(&AccountsAt::File(path.clone()), &backup).await.unwrap();
        for _ in 0..2 {
            let here = server.log_in(&[], "mobile").await;
            server.post("/auth/logout", &[("authorization", &here.access())], everywhere.clone()).await;
        }
        // The store is two epochs ahead of the backup, and these two sessions have its latest epoch.
        let (here, there) = (server.log_in(&[], "mobile").await, server.log_in(&[], "mobile").await);
        let restored = Server::configured(config(&redis, &backup)).await;
        let done = restored.post(path_of_call, &[("authorization", &here.access())], body).await;
        assert!(done.status.is_success(), "{path_of_call}: {}", done.json);
        for ended in [&here, &there] {
            let refused = restored.refresh_app(&ended.refresh_token()).await;
            refused.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
        }
    }
    server.refresh_app(&ann.refresh_token()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
}
