//! The layer around every request: its id, its line in the log, and the headers that every response has.
//!
//! A log line contains method, route, status, time and the cause of a failure. It never contains a header, a body, a query
//! or an identifier from a path, because credentials are in those. A client's error is logged at debug level: at info, each
//! refused request would write a line inside the measured path (and any client could fill the disk).
//!
//! Those lines and the lines of the audit log contain the id. At debug level a span adds it to the libraries' lines as
//! well; at info there is no span, because opening and closing one takes about as long as checking a token.

use std::convert::Infallible;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue};
use pin_project_lite::pin_project;
use tower::{Layer, Service};
use tracing::Instrument;
use tracing::instrument::Instrumented;

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

/// The layer's state across requests.
struct Observer {
    ids: Ids,
    metrics: Metrics,
    /// Whether browsers use https to reach this server.
    https: bool,
    proxies: Proxies,
    refusals: Refusals,
}

/// Counts requests from a random start, so that two servers' ids do not coincide.
struct Ids {
    server: u32,
    next: AtomicU32,
}

impl Ids {
    fn next(&self) -> RequestId {
        RequestId { server: self.server, number: self.next.fetch_add(1, Ordering::Relaxed) }
    }
}

/// Adds ids, log lines and common headers around a server's routes. A client's own `x-request-id` is ignored: text from an
/// unauthenticated client must not get into the log.
pub(crate) fn around(routes: Router, metrics: Metrics, origins: &Origins, proxies: Proxies) -> Router {
    let (server, next, ..) = uuid::Uuid::new_v4().as_fields();
    let ids = Ids { server, next: AtomicU32::new(u32::from(next)) };
    let https = is_https(origins);
    routes.layer(Observe(Arc::new(Observer { ids, metrics, https, proxies, refusals: Refusals::default() })))
}

/// The layer. It is written out, because `axum::middleware::from_fn` clones the routes and allocates three times per
/// request, on the path of every request.
#[derive(Clone)]
struct Observe(Arc<Observer>);

impl<S> Layer<S> for Observe {
    type Service = Observed<S>;

    fn layer(&self, routes: S) -> Observed<S> {
        Observed { routes, observer: self.0.clone() }
    }
}

/// Routes whose requests are observed.
#[derive(Clone)]
struct Observed<S> {
    routes: S,
    observer: Arc<Observer>,
}

impl<S: Service<Request, Response = Response, Error = Infallible>> Service<Request> for Observed<S> {
    type Response = Response;
    type Error = Infallible;
    type Future = Observing<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.routes.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Observing<S::Future> {
        let observer = self.observer.clone();
        let id = observer.ids.next();
        request.extensions_mut().insert(id);
        let seen = Seen {
            id,
            line: Line::of(&request),
            storable: may_be_stored(request.uri().path()),
            address: observer.proxies.client_of(request.extensions(), request.headers()),
        };
        let answer = match host::flaw(&request) {
            Some(flaw) => Answer::Refused { flaw },
            None => {
                let span = tracing::debug_span!("request", %id);
                Answer::Routed { answer: self.routes.call(request).instrument(span) }
            }
        };
        Observing { answer, observed: Some((observer, seen)) }
    }
}

pin_project! {
    /// A request under way.
    struct Observing<F> {
        #[pin]
        answer: Answer<F>,
        observed: Option<(Arc<Observer>, Seen)>,
    }
}

pin_project! {
    /// Where the response comes from.
    #[project = AnswerProjection]
    enum Answer<F> {
        Refused { flaw: &'static str },
        Routed { #[pin] answer: Instrumented<F> },
    }
}

impl<F: Future<Output = Result<Response, Infallible>>> Future for Observing<F> {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let request = self.project();
        let mut response = match request.answer.project() {
            AnswerProjection::Refused { flaw } => Error::Malformed(flaw).into_response(),
            AnswerProjection::Routed { answer } => match ready!(answer.poll(context)) {
                Ok(response) => response,
            },
        };
        if let Some((observer, seen)) = request.observed.take() {
            observer.finish(seen, &mut response);
        }
        Poll::Ready(Ok(response))
    }
}

/// What is kept of a request until its response is there.
struct Seen {
    id: RequestId,
    line: Line,
    storable: bool,
    address: IpAddr,
}

impl Observer {
    /// Writes the log line, counts the response, and adds the common headers.
    fn finish(&self, Seen { id, line, storable, address }: Seen, response: &mut Response) {
        line.write(id, response);
        if let Some(Cause(cause)) = response.extensions().get::<Cause>() {
            self.refusals.tell(id, address, cause);
        }
        self.metrics.answered(line.route, &line.method, response.status(), line.start);
        let headers = response.headers_mut();
        if !storable {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.entry(CONTENT_SECURITY_POLICY).or_insert(NO_PAGE);
        if self.https {
            headers.insert(STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
        }
        if let Ok(id) = HeaderValue::try_from(id.to_string()) {
            headers.insert(REQUEST_ID, id);
        }
    }
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
        let us = || self.start.elapsed().as_micros() as u64;
        let method = &self.method;
        match response.extensions().get::<Cause>() {
            Some(Cause(cause)) if response.status().is_server_error() => {
                tracing::error!(%id, %method, route, status, us = us(), %cause, "failed");
            }
            Some(Cause(cause)) => tracing::debug!(%id, %method, route, status, us = us(), %cause, "refused"),
            None => tracing::debug!(%id, %method, route, status, us = us(), "served"),
        }
    }
}
