//! Tests of `POST /auth/refresh`: the responses that a client gets.

use std::time::Duration;

use http::StatusCode;
use http::header::WWW_AUTHENTICATE;
use kit::Config;
use serde_json::{Value, json};

use crate::server::{DAY, OWN, Server, WINDOW};

#[tokio::test]
async fn what_is_no_token_is_refused_with_the_bearer_challenge() {
    let server = Server::start().await;
    let app = server.sign_up("ann@example.test", "mobile").await;
    let access = app.text("access_token");
    for text in ["", "garbage", "rt1.", access.as_str(), &"r".repeat(5000)] {
        let refused = server.refresh_app(text).await;
        refused.refused(StatusCode::UNAUTHORIZED, "refresh_invalid");
        assert_eq!(refused.headers[WWW_AUTHENTICATE], r#"Bearer realm="authlab", error="invalid_token""#);
    }
    server
        .post("/auth/refresh", &[], json!({"refresh_token": 7}))
        .await
        .refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
    let refresh_as_access = format!("Bearer {}", app.refresh_token());
    server.me(&refresh_as_access).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
}

#[tokio::test]
async fn a_token_that_stays_sets_no_cookie_and_an_app_is_told_it_again() {
    let server = Server::start().await;
    let page = server.sign_up("ann@example.test", "web").await;
    let second = server.refresh_page(&page.cookie()).await;
    let kept = server.refresh_page(&second.cookie()).await;
    assert_eq!((kept.status, kept.set_cookie()), (StatusCode::OK, None));
    assert_eq!(server.me(&kept.access()).await.status, StatusCode::OK);

    let app = server.log_in(&[], "mobile").await;
    let second = server.refresh_app(&app.refresh_token()).await;
    let kept = server.refresh_app(&second.refresh_token()).await;
    assert_eq!(kept.refresh_token(), second.refresh_token());
}

#[tokio::test]
async fn two_tabs_get_the_same_successor_and_a_copy_used_later_ends_the_session() {
    let server = Server::start().await;
    let first = server.sign_up("ann@example.test", "mobile").await.refresh_token();
    let (one, two) = tokio::join!(server.refresh_app(&first), server.refresh_app(&first));
    assert_eq!(one.refresh_token(), two.refresh_token());
    server.clock.advance(WINDOW);
    server.refresh_app(&first).await.refused(StatusCode::UNAUTHORIZED, "refresh_reused");
    server.refresh_app(&one.refresh_token()).await.refused(StatusCode::UNAUTHORIZED, "refresh_reused");
}

#[tokio::test]
async fn a_client_whose_answer_was_lost_goes_on_with_its_idempotency_key() {
    let server = Server::start().await;
    let first = server.sign_up("ann@example.test", "mobile").await.refresh_token();
    let body = json!({"refresh_token": first});
    let key = [("idempotency-key", "6f9619ff")];
    let lost = server.post("/auth/refresh", &key, body.clone()).await;
    server.clock.advance(DAY);
    let again = server.post("/auth/refresh", &key, body.clone()).await;
    assert_eq!(again.refresh_token(), lost.refresh_token());
    let long = "k".repeat(65);
    let refused = server.post("/auth/refresh", &[("idempotency-key", &long)], body).await;
    refused.refused(StatusCode::UNPROCESSABLE_ENTITY, "invalid");
}

#[tokio::test]
async fn an_unused_session_expires_by_the_clock() {
    let server = Server::start().await;
    let issued = server.sign_up("ann@example.test", "web").await;
    server.clock.advance(14 * DAY);
    server.refresh_page(&issued.cookie()).await.refused(StatusCode::UNAUTHORIZED, "refresh_expired");
}

#[tokio::test]
async fn no_access_token_outlives_its_session() {
    let limit = Duration::from_secs(1_000);
    let config = Config { refresh_ttl: limit, idle_ttl: limit, ..Config::default() };
    let server = Server::configured(config).await;
    let issued = server.sign_up("ann@example.test", "mobile").await;
    assert_eq!(issued.json["expires_in"], 900);
    server.clock.advance(Duration::from_secs(700));
    let late = server.refresh_app(&issued.refresh_token()).await;
    let left = late.json["expires_in"].as_u64().unwrap();
    // The remaining life of the session, rounded down to whole seconds, less the duration of the test.
    assert!((290..=300).contains(&left), "{}", late.json);
    assert_eq!(late.json["expires_in"], late.json["refresh_expires_in"]);
    server.clock.advance(Duration::from_secs(left - 10));
    assert_eq!(server.me(&late.access()).await.status, StatusCode::OK);
    server.clock.advance(Duration::from_secs(10));
    server.me(&late.access()).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
}

/// A page keeps its key for as long as it is told that the token stays. It must not keep the key for ever: its session
/// would never rotate again, and would end at the idle limit however often the user comes back.
#[tokio::test]
async fn a_page_that_missed_an_answer_is_told_that_the_exchange_is_done_and_rotates_with_its_next_key() {
    let server = Server::start().await;
    let page = server.sign_up("ann@example.test", "web").await;
    let exchange = async |cookie: &str, key: &str| {
        let headers = [("cookie", cookie), ("idempotency-key", key), OWN];
        server.post("/auth/refresh", &headers, Value::Null).await
    };
    // The browser stores the cookie, and the page is reloaded before it sees the response.
    let second = exchange(&page.cookie(), "k1").await.cookie();
    server.clock.advance(WINDOW);
    let done = exchange(&second, "k1").await;
    assert_eq!((done.status, done.set_cookie()), (StatusCode::OK, None));
    assert_eq!(done.json.get("refresh_kept"), None, "the key is spent");
    let third = exchange(&second, "k2").await.cookie();
    assert_ne!(third, second);
    // By contrast, a token that was issued moments ago stays, and the client keeps the key.
    let kept = exchange(&third, "k3").await;
    assert_eq!((kept.set_cookie(), &kept.json["refresh_kept"]), (None, &json!(true)));
}
