//! Pages of other origins: what a browser must be told before it lets them in (WHATWG Fetch §3.2, CORS).
//!
//! A page on `app.example.com` that calls `api.example.com` may send the request and may not read the answer, unless the
//! answer names the page's origin; and before a request with JSON or an `Authorization` header the browser asks whether it
//! may be sent (the preflight). The origins that are listed get both, with credentials. All others get nothing: not one
//! header, and no answer to a preflight. So nothing is told to a page that is not listed, and where nothing is configured,
//! this layer does not exist.
//!
//! CORS opens the answers and is no defence: what keeps foreign requests out is [`csrf`](crate::csrf).

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

/// How long a browser may keep the answer to a preflight. Short, so that an origin that is taken off the list is out soon.
const PREFLIGHT_KEPT: Duration = Duration::from_secs(600);

/// The layer, and whom it is for.
#[derive(Clone)]
struct Cors {
    origins: Origins,
    protocol: CorsLayer,
}

/// Puts CORS around a server's routes, where origins are configured.
pub(crate) fn around(routes: Router, origins: &Origins) -> Router {
    if !origins.are_configured() {
        return routes;
    }
    let cors = Cors { origins: origins.clone(), protocol: protocol(origins.clone()) };
    routes.layer(from_fn_with_state(cors, for_listed_origins))
}

/// What a page may send, and what it gets to see besides the body.
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
    // An OPTIONS that asks for no method is not a preflight (Fetch §3.2.2), and this server has no other OPTIONS.
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
