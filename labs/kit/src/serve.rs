//! A server as prose: take connections until told to stop, then let those under way finish.
//!
//! `axum::serve` sets no timer, so a client that sends its headers one byte a minute would hold a connection for ever.
//! This loop has a time for headers, a cap on their size, and a cap on connections.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower::ServiceExt;
use tower::util::Oneshot;

use crate::config::Limits;

/// The pause after a failed accept: usually the process is out of file descriptors, and asking again at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The most header lines of one request.
const MAX_HEADERS: usize = 64;

/// Serves `app` on `listener` until `shutdown` completes; then takes no more connections and waits for the requests under
/// way, up to `limits.drain`.
pub async fn serve(listener: TcpListener, app: Router, limits: Limits, shutdown: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let graceful = GracefulShutdown::new();
    let connections = connections(limits);
    tokio::pin!(shutdown);
    loop {
        // A place first: beyond the cap, connections wait in the kernel's queue instead of in our memory.
        let next = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            next = next => next,
        };
        match accepted {
            Ok((stream, peer)) => {
                // Small answers are not to wait for the next one (Nagle). Without the option they are late, not wrong.
                let _ = stream.set_nodelay(true);
                let connection =
                    connections.serve_connection(TokioIo::new(stream), answers(app.clone(), peer));
                let connection = graceful.watch(connection);
                tokio::spawn(async move {
                    let _place = place;
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "a connection ended badly");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    // Connections that carry no request are closed at once.
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        let cut = limits.connections - places.available_permits();
        tracing::warn!(cut, "stopped: the requests on these connections took longer than a shutdown waits");
    } else {
        tracing::info!("stopped: every request under way was finished");
    }
}

fn connections(limits: Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.read_timeout)
        .max_buf_size(limits.header_bytes)
        .max_headers(MAX_HEADERS);
    builder
}

/// The routes, as seen from one connection.
fn answers(
    app: Router,
    peer: SocketAddr,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response,
    Error = Infallible,
    Future = Oneshot<Router, Request<Body>>,
> {
    hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        app.clone().oneshot(request)
    })
}
