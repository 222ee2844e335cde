//! CORS: which pages of other origins a browser lets use this server (WHATWG Fetch §3.2).
//!
//! Without CORS, a page on `app.example.com` may send a request to `api.example.com` but may not read the response, unless
//! the response names the page's origin; and before a request with JSON or an `Authorization` header the browser asks
//! whether it may send it (the preflight). Listed origins get both permissions, with credentials. Other origins get
//! nothing: no CORS header, and no answer to a preflight. Without configured origins, this layer is not installed.
//!
//! CORS opens the responses and is no defence: [`csrf`](crate::csrf) is what keeps foreign requests out.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_TYPE, ORIGIN, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use http::{HeaderName, HeaderValue, Method};
use tower::{Layer, ServiceExt, service_fn};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::csrf::Origins;

/// How long a browser may cache the answer to a preflight. Short, so that removing an origin from the list takes effect
/// soon.
const PREFLIGHT_KEPT: Duration = Duration::from_secs(600);

/// The CORS layer and the origins that it serves.
#[derive(Clone)]
struct Cors {
    origins: Origins,
    protocol: CorsLayer,
}

/// Wraps a server's routes in CORS, if origins are configured.
pub(crate) fn around(routes: Router, origins: &Origins) -> Router {
    if !origins.are_configured() {
        return routes;
    }
    let cors = Cors { origins: origins.clone(), protocol: protocol(origins.clone()) };
    routes.layer(from_fn_with_state(cors, for_listed_origins))
}

/// The CORS layer's settings: what a page may send, and which response headers it may read.
fn protocol(origins: Origins) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(move |origin, _| origins.lists(origin)))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, HeaderName::from_static("idempotency-key")])
        .expose_headers([RETRY_AFTER, WWW_AUTHENTICATE, HeaderName::from_static("x-request-id")])
        .max_age(PREFLIGHT_KEPT)
}

async fn for_listed_origins(State(cors): State<Cors>, request: Request, next: Next) -> Response {
    let listed = request.headers().get(ORIGIN).is_some_and(|origin| cors.origins.lists(origin));
    // An OPTIONS request that names no method is not a preflight (Fetch §3.2.2), and this server has no other OPTIONS.
    let preflight = request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if !listed || (request.method() == Method::OPTIONS && !preflight) {
        let mut response = next.run(request).await;
        response.headers_mut().append(VARY, HeaderValue::from_static("origin"));
        return response;
    }
    let routes = service_fn(|request: Request| {
        let next = next.clone();
        async move { Ok::<Response, Infallible>(next.run(request).await) }
    });
    cors.protocol.layer(routes).oneshot(request).await.into_response()
}
