//! `/metrics`: served only if it is switched on and to clients that connect directly, and it identifies no user.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use axum::Router;
use axum::body::Body;
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use kit::none::NoAuthentication;
use kit::{App, Clock, Config, Origins};
use tower::ServiceExt;

async fn server(metrics: bool) -> Router {
    let config = Config { metrics, ..Config::default() };
    let origins = Origins::new(&[], config.listen, "none");
    let app = App::new(NoAuthentication::default(), &config, Clock::system(), origins).await.unwrap();
    kit::router(app, Router::new())
}

async fn answer(server: &Router, request: http::request::Builder, body: &str) -> (StatusCode, String) {
    let request =
        request.header("content-type", "application/json").body(Body::from(body.to_owned())).unwrap();
    let answer = server.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

async fn figures(server: &Router) -> String {
    let (status, text) = answer(server, Request::get("/metrics"), "").await;
    assert_eq!(status, StatusCode::OK);
    text
}

/// Asserts that the metrics contain exactly this line.
fn has(figures: &str, line: &str) {
    assert!(figures.lines().any(|found| found == line), "no line `{line}` in\n{figures}");
}

#[tokio::test]
async fn requests_are_counted_and_timed_by_the_pattern_of_their_route() {
    let server = server(true).await;
    for _ in 0..3 {
        assert_eq!(answer(&server, Request::get("/me"), "").await.0, StatusCode::OK);
    }
    assert_eq!(answer(&server, Request::post("/me"), "").await.0, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer(&server, Request::get("/secret-path"), "").await.0, StatusCode::NOT_FOUND);
    let made_up = Method::from_bytes(b"SECRET").unwrap();
    assert_eq!(
        answer(&server, Request::builder().method(made_up).uri("/me"), "").await.0,
        StatusCode::METHOD_NOT_ALLOWED
    );

    let figures = figures(&server).await;
    has(&figures, r#"authlab_requests_total{route="/me",method="GET",status="2xx"} 3"#);
    has(&figures, r#"authlab_requests_total{route="/me",method="POST",status="4xx"} 1"#);
    has(&figures, r#"authlab_requests_total{route="/me",method="other",status="4xx"} 1"#);
    has(&figures, r#"authlab_requests_total{route="-",method="GET",status="4xx"} 1"#);
    has(&figures, r#"authlab_request_duration_seconds_count{route="/me"} 5"#);
    has(&figures, "# EOF");
    assert!(!figures.to_lowercase().contains("secret"), "a word of a client is in\n{figures}");
}

#[tokio::test]
async fn log_ins_are_counted_by_what_came_of_them_and_never_by_who_came() {
    let server = server(true).await;
    let body = |password: &str| format!(r#"{{"email":"ann@example.test","password":"{password}"}}"#);
    let (right, wrong) = (body("correct horse battery"), body("battery staple"));
    assert_eq!(answer(&server, Request::post("/auth/signup"), &right).await.0, StatusCode::CREATED);
    assert_eq!(answer(&server, Request::post("/auth/login"), &right).await.0, StatusCode::OK);
    for _ in 0..10 {
        assert_eq!(answer(&server, Request::post("/auth/login"), &wrong).await.0, StatusCode::UNAUTHORIZED);
    }
    for _ in 0..2 {
        assert_eq!(
            answer(&server, Request::post("/auth/login"), &wrong).await.0,
            StatusCode::TOO_MANY_REQUESTS
        );
    }

    let figures = figures(&server).await;
    has(&figures, r#"authlab_log_ins_total{outcome="accepted"} 1"#);
    has(&figures, r#"authlab_log_ins_total{outcome="refused"} 10"#);
    has(&figures, r#"authlab_log_ins_total{outcome="throttled"} 2"#);
    has(&figures, "authlab_throttled_total 2");
    has(&figures, "authlab_hashing_busy 0");
    has(&figures, "authlab_hashing_waiting 0");
    assert!(!figures.contains("ann"), "somebody is named in\n{figures}");
}

#[tokio::test]
async fn there_are_no_figures_where_they_are_off_or_asked_for_through_a_proxy() {
    assert_eq!(answer(&server(true).await, Request::get("/metrics"), "").await.0, StatusCode::OK);
    assert_eq!(answer(&server(false).await, Request::get("/metrics"), "").await.0, StatusCode::NOT_FOUND);
    let forwarded = Request::get("/metrics").header("x-forwarded-for", "203.0.113.9");
    assert_eq!(answer(&server(true).await, forwarded, "").await.0, StatusCode::NOT_FOUND);
}
