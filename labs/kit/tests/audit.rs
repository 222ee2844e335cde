//! The audit log of a scheme that knows no sessions: who came in, from where, and nothing that opens a door.
//!
//! What happens to sessions is told by the hybrid lab, whose tests have the rest of the events.

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

async fn server() -> Router {
    let config = Config { trusted_proxies: vec!["10.0.0.1".parse().unwrap()], ..Config::default() };
    let origins = Origins::new(&[], config.listen, "none");
    let app = App::new(NoAuthentication::default(), &config, Clock::system(), origins).await.unwrap();
    kit::router(app, Router::new())
}

/// Posts an address and a password through the proxy, and says what the log holds of it.
async fn post(server: &Router, log: &KeptLog, path: &str, password: &str) -> (StatusCode, Vec<Value>) {
    let mut request = Request::post(path)
        .header("content-type", "application/json")
        .header("x-forwarded-for", "203.0.113.9")
        .body(Body::from(json!({ "email": EMAIL, "password": password }).to_string()))
        .unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 1))));
    let status = server.clone().oneshot(request).await.unwrap().status();
    let text = log.take();
    for secret in [PASSWORD, password, EMAIL] {
        assert!(!text.contains(secret), "the log holds `{secret}`: {text}");
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
    assert_eq!(lines, [json!({ "event": "sign_up", "user": user, "address": "203.0.113.9" })]);
    let (status, lines) = post(&server, &log, "/auth/login", PASSWORD).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(lines, [json!({ "event": "log_in", "user": user, "address": "203.0.113.9" })]);
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
        assert_eq!(lines, [json!({ "event": "log_in_refused", "address": "203.0.113.9" })]);
    }
    let (status, lines) = post(&server, &log, "/auth/login", "battery staple").await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(lines, [json!({ "event": "log_in_throttled", "address": "203.0.113.9" })]);
}
