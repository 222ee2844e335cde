//! Tests with a Redis that is down, or whose replica is.

use std::time::Duration;

use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use kit::Store;
use kit::config::RedisTimes;
use kit::redis::discovery::Found;
use kit::testing::private_redis;
use serde_json::{Value, json};

use crate::server::{OWN, PASSWORD, Server};

#[tokio::test]
async fn a_store_that_is_gone_is_503_and_never_a_refused_credential() {
    let Some(redis) = private_redis().await else { return };
    let server = Server::with(Store::Redis(redis.url.clone())).await;
    let page = server.sign_up("ann@example.test", "web").await;
    let app = server.log_in(&[], "mobile").await;
    assert_eq!(server.sessions(&app.access()).await.status, StatusCode::OK);
    drop(redis);

    let started = std::time::Instant::now();
    let cookie = page.cookie();
    let access = app.access();
    let bearer = ("authorization", access.as_str());
    let answers = [
        server.refresh_page(&cookie).await,
        server.refresh_app(&app.refresh_token()).await,
        server.sessions(&app.access()).await,
        server.post("/auth/logout", &[("cookie", &cookie), OWN], Value::Null).await,
        server.post("/auth/logout", &[bearer], json!({"scope": "global"})).await,
    ];
    let slowest = started.elapsed();
    for answer in answers {
        answer.refused(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable");
        assert_eq!(answer.headers[RETRY_AFTER], "1");
        assert!(!answer.headers.contains_key(WWW_AUTHENTICATE));
    }
    assert!(slowest < Duration::from_secs(5), "five answers took {slowest:?}");
    // Routes that need no store still work: `/me`, and the refusal of a token that this server did not issue.
    assert_eq!(server.me(&app.access()).await.status, StatusCode::OK);
    server.refresh_app("garbage").await.refused(StatusCode::UNAUTHORIZED, "refresh_invalid");
    let ready = server.call(Method::GET, "/health/ready", &[], Value::Null).await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(server.call(Method::GET, "/health/live", &[], Value::Null).await.status, StatusCode::OK);
}

/// Starts a replica of a Redis, and waits until the primary counts it.
async fn replica_of(primary: &Found) -> Found {
    let replica = private_redis().await.unwrap();
    let hand = async |url| kit::Redis::connect_as_it_is(url, RedisTimes::default()).await.unwrap();
    let (host, port) = primary.url.trim_start_matches("redis://").split_once(':').unwrap();
    let follow = redis::cmd("REPLICAOF").arg(host).arg(port).take();
    hand(&replica.url).await.query::<()>(&follow).await.unwrap();
    let leader = hand(&primary.url).await;
    let linked = tokio::time::timeout(Duration::from_secs(20), async {
        let asked = redis::cmd("INFO").arg("replication").take();
        while !leader.query::<String>(&asked).await.unwrap().contains("state=online") {
            tokio::task::yield_now().await;
        }
    });
    linked.await.expect("the replica does not follow");
    replica
}

#[tokio::test]
async fn a_login_with_a_stale_cookie_is_answered_while_the_replica_is_away_and_a_logout_is_not() {
    let Some(primary) = private_redis().await else { return };
    let replica = replica_of(&primary).await;
    let server = Server::with(Store::Redis(primary.url.clone())).await;
    let stale = server.sign_up("ann@example.test", "web").await.cookie();
    drop(replica);

    let page = server.log_in(&[("cookie", &stale), OWN], "web").await;
    server.refresh_page(&stale).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    assert_eq!(server.sessions(&page.access()).await.json.as_array().unwrap().len(), 1);
    // By contrast, a logout fails: a user may be told that a session has ended only if no failover can undo it.
    let logout = server.post("/auth/logout", &[("cookie", &page.cookie()), OWN], Value::Null).await;
    logout.refused(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable");
}

#[tokio::test]
async fn a_full_store_is_not_ready_and_still_refreshes_and_logs_out() {
    let Some(redis) = private_redis().await else { return };
    let server = Server::with(Store::Redis(redis.url.clone())).await;
    let page = server.sign_up("ann@example.test", "web").await;
    let app = server.log_in(&[], "mobile").await;
    let hand = kit::Redis::connect_as_it_is(&redis.url, RedisTimes::default()).await.unwrap();
    let limit = async |bytes| {
        let set = redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(bytes).take();
        hand.query::<()>(&set).await.unwrap();
    };
    limit(1).await;

    let body = json!({"email": "ann@example.test", "password": PASSWORD, "client": "web"});
    let refused = server.post("/auth/login", &[], body.clone()).await;
    refused.refused(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable");
    let ready = server.call(Method::GET, "/health/ready", &[], Value::Null).await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(ready.text("detail").contains("redis: is full"), "{}", ready.json);
    assert_eq!(server.refresh_app(&app.refresh_token()).await.status, StatusCode::OK);
    let logout = server.post("/auth/logout", &[("cookie", &page.cookie()), OWN], Value::Null).await;
    assert_eq!(logout.status, StatusCode::NO_CONTENT);
    server.refresh_page(&page.cookie()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");

    limit(0).await;
    assert_eq!(server.post("/auth/login", &[], body).await.status, StatusCode::OK);
    assert_eq!(server.call(Method::GET, "/health/ready", &[], Value::Null).await.status, StatusCode::OK);
}
