//! CORS headers: listed origins get all of them, other origins get none.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use axum::body::Body;
use axum::response::Response;
use axum::{Json, Router};
use http::{Method, Request, StatusCode};
use kit::none::NoAuthentication;
use kit::{App, Clock, Config, Origin, Origins};
use serde_json::json;
use tower::ServiceExt;

const PAGE: &str = "https://app.example.com";
const UNLISTED: [&str; 7] = [
    "https://blog.example.com",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://app.example.com.evil.example",
    "https://evilapp.example.com",
    "null",
    "*",
];

async fn server(origins: &[&str]) -> Router {
    let config = Config::default();
    let origins: Vec<Origin> = origins.iter().map(|origin| origin.parse().unwrap()).collect();
    let origins = Origins::new(&origins, "127.0.0.1:8080".parse().unwrap(), "none");
    let app = App::new(NoAuthentication::default(), &config, Clock::system(), origins).await.unwrap();
    kit::router(app, Router::new())
}

async fn ask(server: &Router, method: Method, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    server.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn preflight(server: &Router, origin: &str) -> Response {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type,idempotency-key"),
    ];
    ask(server, Method::OPTIONS, "/auth/login", &headers).await
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// The names of all CORS headers of a response.
fn granted(response: &Response) -> Vec<&str> {
    let names = response.headers().keys().map(http::HeaderName::as_str);
    names.filter(|name| name.starts_with("access-control-")).collect()
}

#[tokio::test]
async fn a_preflight_of_a_listed_page_is_answered_with_all_that_it_may_send() {
    let server = server(&[PAGE, "https://api.example.com"]).await;
    let answer = preflight(&server, PAGE).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(header(&answer, "access-control-allow-origin"), PAGE);
    assert_eq!(header(&answer, "access-control-allow-credentials"), "true");
    assert_eq!(header(&answer, "access-control-allow-methods"), "GET,HEAD,POST,DELETE");
    assert_eq!(header(&answer, "access-control-allow-headers"), "authorization,content-type,idempotency-key");
    assert_eq!(header(&answer, "access-control-max-age"), "600");
    assert!(answer.headers().contains_key("x-request-id"));
}

#[tokio::test]
async fn answers_and_refusals_to_a_listed_page_can_be_read_by_it() {
    let server = server(&[PAGE]).await;
    for (path, status) in [("/me", 200), ("/lab", 200), ("/no/such/route", 404), ("/auth/login", 405)] {
        let answer = ask(&server, Method::GET, path, &[("origin", PAGE)]).await;
        assert_eq!(answer.status().as_u16(), status, "{path}");
        assert_eq!(header(&answer, "access-control-allow-origin"), PAGE, "{path}");
        assert_eq!(header(&answer, "access-control-allow-credentials"), "true", "{path}");
        let exposed = header(&answer, "access-control-expose-headers");
        assert_eq!(exposed, "retry-after,www-authenticate,x-request-id", "{path}");
        assert!(header(&answer, "vary").contains("origin"), "{path}");
    }
}

#[tokio::test]
async fn a_page_that_is_not_listed_is_told_nothing() {
    let server = server(&[PAGE]).await;
    for origin in UNLISTED {
        let answer = preflight(&server, origin).await;
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{origin}");
        assert_eq!(granted(&answer), Vec::<&str>::new(), "{origin}");
        let answer = ask(&server, Method::GET, "/lab", &[("origin", origin)]).await;
        assert_eq!(granted(&answer), Vec::<&str>::new(), "{origin}");
        // A cache must not give a listed page this response.
        assert_eq!(header(&answer, "vary"), "origin", "{origin}");
    }
    let none = ask(&server, Method::GET, "/lab", &[]).await;
    assert_eq!((granted(&none), header(&none, "vary")), (Vec::new(), "origin"));
}

#[tokio::test]
async fn an_options_that_is_no_preflight_is_refused_also_from_a_listed_page() {
    let server = server(&[PAGE]).await;
    let answer = ask(&server, Method::OPTIONS, "/auth/login", &[("origin", PAGE)]).await;
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(header(&answer, "allow"), "POST");
}

#[tokio::test]
async fn where_no_origin_is_configured_there_is_no_cors() {
    let server = server(&[]).await;
    for origin in ["http://localhost:8080", PAGE] {
        let answer = preflight(&server, origin).await;
        assert_eq!((answer.status(), granted(&answer)), (StatusCode::METHOD_NOT_ALLOWED, Vec::new()));
    }
    let answer = ask(&server, Method::GET, "/lab", &[("origin", "http://localhost:8080")]).await;
    assert_eq!((granted(&answer), header(&answer, "vary")), (Vec::new(), ""));
}

#[tokio::test]
async fn the_descriptor_lists_the_origins_and_claims_cors_where_they_are_configured() {
    let told = async |origins: &[&str]| {
        let answer = ask(&server(origins).await, Method::GET, "/lab", &[]).await;
        let bytes = axum::body::to_bytes(answer.into_body(), 1 << 16).await.unwrap();
        let Json(lab) = Json::<serde_json::Value>::from_bytes(&bytes).unwrap();
        (lab["origins"].clone(), lab["features"].as_array().unwrap().contains(&json!("cors")))
    };
    assert_eq!(told(&["https://App.example.com:443"]).await, (json!([PAGE]), true));
    let own = ["http://127.0.0.1:8080", "http://localhost:8080", "http://none.localhost:8080"];
    assert_eq!(told(&[]).await, (json!(own), false));
}
