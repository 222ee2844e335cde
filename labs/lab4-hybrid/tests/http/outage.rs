//! A Redis that is gone.

use std::time::Duration;

use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use kit::Store;
use kit::testing::private_redis;
use serde_json::{Value, json};

use crate::server::{OWN, Server};

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
    // What needs no store goes on: who am I, and refusing what is none of our tokens.
    assert_eq!(server.me(&app.access()).await.status, StatusCode::OK);
    server.refresh_app("garbage").await.refused(StatusCode::UNAUTHORIZED, "refresh_invalid");
    let ready = server.call(Method::GET, "/health/ready", &[], Value::Null).await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(server.call(Method::GET, "/health/live", &[], Value::Null).await.status, StatusCode::OK);
}
