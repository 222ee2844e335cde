//! What happens to a client with too many attempts, and what other clients can still do.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::header::{RETRY_AFTER, SET_COOKIE};
use http::{HeaderMap, Request, StatusCode};
use kit::config::{Limits, LogInLimits};
use kit::none::NoAuthentication;
use kit::{App, Clock, Config, Origins};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tower::ServiceExt;

const ANN: &str = "ann@example.test";
const PASSWORD: &str = "correct horse battery";
const WRONG: &str = "incorrect horse battery";

/// Only one place to hash, so that a flood can fill it.
fn config() -> Config {
    Config {
        log_in: LogInLimits { sign_ups_per_address: 5, ..LogInLimits::default() },
        limits: Limits { hashing: 1, ..Limits::default() },
        ..Config::default()
    }
}

async fn server(config: &Config) -> Router {
    let origins = Origins::new(&[], config.listen, "none");
    let app = App::new(NoAuthentication::default(), config, Clock::system(), origins).await.unwrap();
    kit::router(app, Router::new())
}

/// A request from an address that ends in `last`.
fn request(path: &str, last: u8, headers: &HeaderMap, body: &Value) -> Request<Body> {
    let mut request = Request::post(path)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    request.headers_mut().extend(headers.clone());
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, last], 1))));
    request
}

async fn post(server: &Router, path: &str, last: u8, email: &str, password: &str) -> (StatusCode, HeaderMap) {
    post_with(server, path, last, &HeaderMap::new(), &json!({ "email": email, "password": password })).await
}

async fn post_with(
    server: &Router,
    path: &str,
    last: u8,
    headers: &HeaderMap,
    body: &Value,
) -> (StatusCode, HeaderMap) {
    let answer = server.clone().oneshot(request(path, last, headers, body)).await.unwrap();
    (answer.status(), answer.headers().clone())
}

#[tokio::test]
async fn sign_ups_are_limited_by_address_and_the_address_still_logs_in() {
    let server = server(&config()).await;
    assert_eq!(post(&server, "/auth/signup", 1, ANN, PASSWORD).await.0, StatusCode::CREATED);
    for _ in 0..4 {
        assert_eq!(post(&server, "/auth/signup", 1, ANN, PASSWORD).await.0, StatusCode::CONFLICT);
    }
    let (status, headers) = post(&server, "/auth/signup", 1, "bob@example.test", PASSWORD).await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = headers[RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
    assert_eq!(post(&server, "/auth/signup", 2, "bob@example.test", PASSWORD).await.0, StatusCode::CREATED);
    assert_eq!(post(&server, "/auth/login", 1, ANN, PASSWORD).await.0, StatusCode::OK);
}

/// Whether the addresses are taken or not. Without turns, 75 connections were enough to make every login fail with 503.
#[tokio::test]
async fn a_flood_of_sign_ups_from_one_address_leaves_log_ins_from_others_and_from_there_at_200() {
    let mut config = config();
    config.log_in.sign_ups_per_address = 1000;
    for taken in [true, false] {
        let server = server(&config).await;
        assert_eq!(post(&server, "/auth/signup", 1, ANN, PASSWORD).await.0, StatusCode::CREATED);
        let mut flood = JoinSet::new();
        for number in 0..150 {
            let email = if taken { ANN.to_owned() } else { format!("person{number}@example.test") };
            let server = server.clone();
            flood.spawn(async move { post(&server, "/auth/signup", 66, &email, PASSWORD).await.0 });
        }
        // By now the place is taken and the queue is full, or the flood is over because none of it is hashed.
        tokio::task::yield_now().await;
        for last in [1, 66] {
            assert_eq!(post(&server, "/auth/login", last, ANN, PASSWORD).await.0, StatusCode::OK, "{taken}");
        }
        let answers = flood.join_all().await;
        let expected = if taken { StatusCode::CONFLICT } else { StatusCode::CREATED };
        assert!(answers.contains(&expected), "{answers:?}");
        assert_eq!(answers.contains(&StatusCode::SERVICE_UNAVAILABLE), !taken, "{answers:?}");
    }
}

/// The header that an app sends back and the cookie that a browser sends back, from the response to a login.
fn kept(headers: &HeaderMap) -> HeaderMap {
    let mut kept = HeaderMap::new();
    if let Some(token) = headers.get("device-token") {
        kept.insert("device-token", token.clone());
    }
    for cookie in headers.get_all(SET_COOKIE) {
        let pair = cookie.to_str().unwrap().split(';').next().unwrap();
        kept.append("cookie", pair.parse().unwrap());
    }
    kept
}

#[tokio::test]
async fn a_device_that_logged_in_before_gets_in_after_strangers_failures_and_no_other_does() {
    for client in ["web", "mobile"] {
        let server = server(&config()).await;
        let right = json!({ "email": ANN, "password": PASSWORD, "client": client });
        let wrong = json!({ "email": ANN, "password": WRONG, "client": client });
        let log_in = async |last, headers: &HeaderMap, body| {
            post_with(&server, "/auth/login", last, headers, body).await.0
        };
        let nothing = HeaderMap::new();
        let (_, given) = post_with(&server, "/auth/signup", 1, &nothing, &right).await;
        let device = kept(&given);
        assert_eq!(device.len(), 1, "{client}: {given:?}");
        let bob = json!({ "email": "bob@example.test", "password": PASSWORD, "client": client });
        let (_, of_bob) = post_with(&server, "/auth/signup", 1, &nothing, &bob).await;
        for last in 1..=10 {
            for _ in 0..10 {
                assert_eq!(log_in(last, &nothing, &wrong).await, StatusCode::UNAUTHORIZED);
            }
        }
        assert_eq!(log_in(200, &nothing, &right).await, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(log_in(200, &kept(&of_bob), &right).await, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(log_in(200, &device, &right).await, StatusCode::OK);
        for _ in 0..10 {
            assert_eq!(log_in(200, &device, &wrong).await, StatusCode::UNAUTHORIZED);
        }
        assert_eq!(log_in(200, &device, &right).await, StatusCode::TOO_MANY_REQUESTS);
    }
}

#[tokio::test]
async fn a_hundred_failures_behind_one_address_stop_new_devices_there_and_no_known_one() {
    let server = server(&config()).await;
    let (_, given) = post(&server, "/auth/signup", 1, ANN, PASSWORD).await;
    for number in 0..100 {
        let email = format!("person{number}@example.test");
        assert_eq!(post(&server, "/auth/login", 1, &email, WRONG).await.0, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(post(&server, "/auth/login", 1, ANN, PASSWORD).await.0, StatusCode::TOO_MANY_REQUESTS);
    let body = json!({ "email": ANN, "password": PASSWORD });
    assert_eq!(post_with(&server, "/auth/login", 1, &kept(&given), &body).await.0, StatusCode::OK);
}
