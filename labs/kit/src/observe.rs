//! The layer around every request: its id, its line in the log, and the headers that every response has.
//!
//! A log line contains method, route, status, time and the cause of a failure. It never contains a header, a body, a query
//! or an identifier from a path, because credentials are in those. A client's error is logged at debug level: at info, each
//! refused request would write a line inside the measured path (and any client could fill the disk).
//!
//! Those lines and the lines of the audit log contain the id. At debug level a span adds it to the libraries' lines as
//! well; at info there is no span, because opening and closing one takes about as long as checking a token.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue};
use tracing::Instrument;

use crate::audit::Refusals;
use crate::client_address::Proxies;
use crate::csrf::Origins;
use crate::error::{Cause, Error};
use crate::host;
use crate::metrics::Metrics;
use crate::request_id::RequestId;

/// The header with the request's id, which is also on every log line about the request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// No response is a page or belongs in one: a browser that shows it nevertheless loads nothing for it, and no other page
/// can frame it.
const NO_PAGE: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// For a year, a browser that has visited the server uses only https for it (RFC 6797).
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The middleware's state across requests.
#[derive(Clone)]
struct Observer {
    ids: Ids,
    metrics: Metrics,
    /// Whether browsers use https to reach this server.
    https: bool,
    proxies: Proxies,
    refusals: Arc<Refusals>,
}

/// Counts requests from a random start, so that two servers' ids do not coincide.
#[derive(Clone)]
struct Ids {
    server: u32,
    next: Arc<AtomicU32>,
}

/// Adds ids, log lines and common headers around a server's routes. A client's own `x-request-id` is ignored: text from an
/// unauthenticated client must not get into the log.
pub(crate) fn around(routes: Router, metrics: Metrics, origins: &Origins, proxies: Proxies) -> Router {
    let (server, next, ..) = uuid::Uuid::new_v4().as_fields();
    let ids = Ids { server, next: Arc::new(AtomicU32::new(u32::from(next))) };
    let https = is_https(origins);
    let observer = Observer { ids, metrics, https, proxies, refusals: Arc::default() };
    routes.layer(from_fn_with_state(observer, observe))
}

async fn observe(
    State(Observer { ids, metrics, https, proxies, refusals }): State<Observer>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId { server: ids.server, number: ids.next.fetch_add(1, Ordering::Relaxed) };
    request.extensions_mut().insert(id);
    let line = Line::of(&request);
    let storable = may_be_stored(request.uri().path());
    let address = proxies.client_of(request.extensions(), request.headers());
    let mut response = match host::flaw(&request) {
        Some(flaw) => Error::Malformed(flaw).into_response(),
        None => next.run(request).instrument(tracing::debug_span!("request", %id)).await,
    };
    line.write(id, &response);
    if let Some(Cause(cause)) = response.extensions().get::<Cause>() {
        refusals.tell(id, address, cause);
    }
    metrics.answered(line.route, &line.method, response.status(), line.start.elapsed());
    let headers = response.headers_mut();
    if !storable {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(NO_PAGE);
    if https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
    }
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    response
}

/// Whether all of the server's origins are https. If one is not, https may not work for its host name, and a browser that
/// has seen the header could no longer reach it.
fn is_https(origins: &Origins) -> bool {
    let mut origins = origins.iter().peekable();
    origins.peek().is_some() && origins.all(|origin| origin.starts_with("https://"))
}

/// Whether caches may store the response: yes if it is the same for all clients, no if it is about a user (RFC 9111
/// §5.2.2.5).
fn may_be_stored(path: &str) -> bool {
    path == "/lab" || path.starts_with("/health/") || path.starts_with("/.well-known/")
}

/// The content of a log line about a request.
struct Line {
    method: http::Method,
    route: Option<MatchedPath>,
    start: Instant,
}

impl Line {
    fn of(request: &Request) -> Self {
        let route = request.extensions().get::<MatchedPath>().cloned();
        Self { method: request.method().clone(), route, start: Instant::now() }
    }

    fn write(&self, id: RequestId, response: &Response) {
        let status = response.status().as_u16();
        let route = self.route.as_ref().map_or("-", MatchedPath::as_str);
        let us = self.start.elapsed().as_micros() as u64;
        let method = &self.method;
        match response.extensions().get::<Cause>() {
            Some(Cause(cause)) if response.status().is_server_error() => {
                tracing::error!(%id, %method, route, status, us, %cause, "failed");
            }
            Some(Cause(cause)) => tracing::debug!(%id, %method, route, status, us, %cause, "refused"),
            None => tracing::debug!(%id, %method, route, status, us, "served"),
        }
    }
}
