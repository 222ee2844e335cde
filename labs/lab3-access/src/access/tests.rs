//! Tests that show the weakness of this design: a token ends when it expires, and a logout does not end it.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE, WWW_AUTHENTICATE};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use kit::{Clock, Config, Origins};
use serde_json::{Value, json};
use tower::ServiceExt;

const TTL: Duration = Duration::from_secs(900);

async fn lab() -> (Router, Clock) {
    let (config, clock) = (Config { access_ttl: TTL, ..Config::default() }, Clock::system());
    let origins = Origins::new(&[], SocketAddr::from(([127, 0, 0, 1], 8080)), "access");
    (super::router(&config, clock.clone(), origins).await.unwrap(), clock)
}

fn request(method: &str, path: &str, token: Option<&str>, body: Value) -> Request<Body> {
    let builder = Request::builder().method(method).uri(path).header(CONTENT_TYPE, "application/json");
    let builder = match token {
        Some(token) => builder.header(AUTHORIZATION, format!("Bearer {token}")),
        None => builder,
    };
    builder.body(Body::from(body.to_string())).unwrap()
}

async fn answer(lab: &Router, request: Request<Body>) -> (StatusCode, http::HeaderMap, Value) {
    let (parts, body) = lab.clone().oneshot(request).await.unwrap().into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

async fn status(lab: &Router, method: &str, path: &str, token: &str, body: Value) -> StatusCode {
    answer(lab, request(method, path, Some(token), body)).await.0
}

/// Signs Ann up and returns her access token.
async fn ann(lab: &Router) -> String {
    let body = json!({"email": "ann@example.test", "password": "correct horse battery"});
    let (status, headers, body) = answer(lab, request("POST", "/auth/signup", None, body)).await;
    assert_eq!(status, StatusCode::CREATED);
    assert!(!headers.contains_key(SET_COOKIE));
    assert_eq!(headers[CACHE_CONTROL], "no-store");
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(900)));
    assert_eq!(body.as_object().unwrap().len(), 4);
    body["access_token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn after_a_log_out_a_copy_of_the_token_is_let_in_until_exp_and_refused_at_exp() {
    let (lab, clock) = lab().await;
    let stolen = ann(&lab).await;
    assert_eq!(status(&lab, "POST", "/auth/logout", &stolen, json!({})).await, StatusCode::NO_CONTENT);
    assert_eq!(status(&lab, "GET", "/me", &stolen, json!({})).await, StatusCode::OK);
    // Ten seconds before `exp`, which is longer than this test runs. The user logged out almost one whole lifetime ago.
    clock.advance(TTL - Duration::from_secs(10));
    assert_eq!(status(&lab, "GET", "/me", &stolen, json!({})).await, StatusCode::OK);
    clock.advance(Duration::from_secs(10));
    let (status, headers, body) = answer(&lab, request("GET", "/me", Some(&stolen), json!({}))).await;
    assert_eq!((status, &body["code"]), (StatusCode::UNAUTHORIZED, &json!("invalid_token")));
    assert_eq!(headers[WWW_AUTHENTICATE], r#"Bearer realm="authlab", error="invalid_token""#);
}

#[tokio::test]
async fn neither_log_out_everywhere_nor_a_new_password_ends_a_token() {
    let (lab, _) = lab().await;
    let stolen = ann(&lab).await;
    for scope in ["others", "global"] {
        let log_out = status(&lab, "POST", "/auth/logout", &stolen, json!({"scope": scope})).await;
        assert_eq!(log_out, StatusCode::NO_CONTENT, "{scope}");
    }
    let change = json!({"current_password": "correct horse battery", "new_password": "battery staple horse"});
    assert_eq!(status(&lab, "POST", "/auth/password", &stolen, change).await, StatusCode::OK);
    assert_eq!(status(&lab, "GET", "/me", &stolen, json!({})).await, StatusCode::OK);
}

#[tokio::test]
async fn a_deleted_account_is_noticed_only_by_routes_that_read_its_row() {
    let (lab, _) = lab().await;
    let token = ann(&lab).await;
    let deletion = json!({"password": "correct horse battery"});
    assert_eq!(
        status(&lab, "DELETE", "/auth/account", &token, deletion.clone()).await,
        StatusCode::NO_CONTENT
    );
    assert_eq!(status(&lab, "DELETE", "/auth/account", &token, deletion).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&lab, "GET", "/me", &token, json!({})).await, StatusCode::OK);
}

#[tokio::test]
async fn a_log_out_is_204_whatever_the_token_and_400_with_two_headers() {
    let (lab, _) = lab().await;
    assert_eq!(status(&lab, "POST", "/auth/logout", "garbage", json!({})).await, StatusCode::NO_CONTENT);
    let none = answer(&lab, request("POST", "/auth/logout", None, json!({}))).await;
    assert_eq!(none.0, StatusCode::NO_CONTENT);
    let mut twice = request("POST", "/auth/logout", Some("a"), json!({}));
    twice.headers_mut().append(AUTHORIZATION, "Bearer b".parse().unwrap());
    assert_eq!(answer(&lab, twice).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn me_needs_a_token_and_takes_its_scheme_in_any_case() {
    let (lab, _) = lab().await;
    let token = ann(&lab).await;
    let mut shouted = request("GET", "/me", None, json!({}));
    shouted.headers_mut().insert(AUTHORIZATION, format!("BEARER {token}").parse().unwrap());
    let (status, _, body) = answer(&lab, shouted).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((&body["email"], &body["session_id"]), (&json!("ann@example.test"), &Value::Null));
    let (status, headers, body) =
        answer(&lab, request("GET", &format!("/me?access_token={token}"), None, json!({}))).await;
    assert_eq!((status, &body["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthenticated")));
    assert_eq!(headers[WWW_AUTHENTICATE], r#"Bearer realm="authlab""#);
}
