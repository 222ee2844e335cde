//! The audit log of a scheme without sessions: which account logged in, from where, and no secret.
//!
//! The hybrid lab's tests cover the events about sessions.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{Request, StatusCode};
use kit::none::NoAuthentication;
use kit::testing::KeptLog;
use kit::{App, Clock, Config, Origins};
use serde_json::{Value, json};
use tower::ServiceExt;

const PASSWORD: &str = "correct horse battery";
const EMAIL: &str = "ann@example.test";

/// The audit log's name for Ann's address under [`DEVICE_KEY`].
const ACCOUNT: &str = "0f106ddec9022feca4ac0964";
const DEVICE_KEY: &str = "1=0123456789abcdef0123456789abcdef";

async fn server() -> Router {
    let config = Config {
        trusted_proxies: vec!["10.0.0.1".parse().unwrap()],
        device_keys: Some(DEVICE_KEY.parse().unwrap()),
        ..Config::default()
    };
    let origins = Origins::new(&[], config.listen, "none");
    let app = App::new(NoAuthentication::default(), &config, Clock::system(), origins).await.unwrap();
    kit::router(app, Router::new())
}

/// Posts an address and a password through the proxy, and returns the status and the log's audit lines about it.
async fn post(server: &Router, log: &KeptLog, path: &str, password: &str) -> (StatusCode, Vec<Value>) {
    let mut request = Request::post(path)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .header("x-forwarded-for", "203.0.113.9")
        .body(Body::from(json!({ "email": EMAIL, "password": password }).to_string()))
        .unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 1))));
    let status = server.clone().oneshot(request).await.unwrap().status();
    let text = log.take();
    for secret in [PASSWORD, password, EMAIL] {
        assert!(!text.contains(secret), "the log contains `{secret}`: {text}");
    }
    (status, KeptLog::audit_lines(&text))
}

#[tokio::test]
async fn signing_up_and_logging_in_are_told_with_the_clients_address() {
    let (log, server) = (KeptLog::start(), server().await);
    let (status, lines) = post(&server, &log, "/auth/signup", PASSWORD).await;
    assert_eq!(status, StatusCode::CREATED);
    let user = lines[0]["user"].clone();
    assert_eq!(user.as_str().map(str::len), Some(36));
    let line =
        |event: &str| json!({ "event": event, "user": user, "account": ACCOUNT, "address": "203.0.113.9" });
    assert_eq!(lines, [line("sign_up")]);
    let (status, lines) = post(&server, &log, "/auth/login", PASSWORD).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(lines, [line("log_in")]);
    let (status, lines) = post(&server, &log, "/auth/signup", PASSWORD).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let refused = json!({ "event": "sign_up_refused", "account": ACCOUNT, "address": "203.0.113.9" });
    assert_eq!(lines, [refused]);
}

#[tokio::test]
async fn at_the_usual_level_a_line_carries_the_id_that_its_answer_has() {
    let (log, server) = (KeptLog::at("info"), server().await);
    let body = Body::from(json!({ "email": EMAIL, "password": PASSWORD }).to_string());
    let request =
        Request::post("/auth/signup").header("content-type", "application/json").body(body).unwrap();
    let answer = server.oneshot(request).await.unwrap();
    let text = log.take();
    let line: Value =
        serde_json::from_str(text.lines().find(|line| line.contains("sign_up")).unwrap()).unwrap();
    assert_eq!(line["id"].as_str(), Some(answer.headers()["x-request-id"].to_str().unwrap()));
}

#[tokio::test]
async fn a_refused_log_in_is_told_and_beyond_the_limit_a_throttled_one() {
    let (log, server) = (KeptLog::start(), server().await);
    for _ in 0..10 {
        let (status, lines) = post(&server, &log, "/auth/login", "battery staple").await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        let refused = json!({ "event": "log_in_refused", "account": ACCOUNT, "address": "203.0.113.9" });
        assert_eq!(lines, [refused]);
    }
    let (status, lines) = post(&server, &log, "/auth/login", "battery staple").await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    let throttled = json!({ "event": "log_in_throttled", "account": ACCOUNT, "address": "203.0.113.9" });
    assert_eq!(lines, [throttled]);
}

#[tokio::test]
async fn a_page_of_another_site_is_told_of_at_the_usual_level_and_no_more_than_ten_times_a_second() {
    let (log, server) = (KeptLog::at("info"), server().await);
    let foreign = || {
        let request = Request::post("/auth/login").header("sec-fetch-site", "cross-site");
        request.header("content-type", "application/json").body(Body::from("{}")).unwrap()
    };
    assert_eq!(server.clone().oneshot(foreign()).await.unwrap().status(), StatusCode::FORBIDDEN);
    let line =
        json!({ "event": "csrf_refused", "address": "::", "reason": "Sec-Fetch-Site names another site" });
    assert_eq!(KeptLog::audit_lines(&log.take()), std::slice::from_ref(&line));
    let began = std::time::Instant::now();
    for _ in 0..100 {
        server.clone().oneshot(foreign()).await.unwrap();
    }
    let lines = KeptLog::audit_lines(&log.take());
    // Each second that passes meanwhile admits ten more lines, the first of which says how many were left out.
    let most = 10 * (began.elapsed().as_secs() as usize + 2);
    assert!((1..=most).contains(&lines.len()), "{}", lines.len());
    assert_eq!(lines[0], line);
    let own = Request::post("/auth/logout").header("sec-fetch-site", "same-origin");
    server.clone().oneshot(own.body(Body::empty()).unwrap()).await.unwrap();
    assert!(!log.take().contains("csrf_refused"));
}
