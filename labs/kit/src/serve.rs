//! The server loop: accept connections until told to stop, then let running requests finish.
//!
//! `axum::serve` sets no timers, so a client that sends its headers one byte a minute, or never reads its responses, could
//! hold a connection for ever. This loop limits the time for headers, for idling and for reading responses, the size of
//! headers, and the number of connections, in total and from one address.

mod addresses;
mod patience;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::ServiceExt;

use self::addresses::{Addresses, Counted};
use self::patience::{Answer, Patience, Patient, Turns};
use crate::boxed::Boxed;
use crate::client_address::{Proxies, network};
use crate::config::{Config, Limits};

/// The pause after a failed accept. Usually the process is out of file descriptors, and retrying at once would use a whole
/// core.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The minimum interval between two log lines about refused connections: an attacker who opens them must not fill the disk.
const REFUSALS_TOLD: Duration = Duration::from_secs(10);

/// A server's limits, and the proxies that connect on behalf of many clients.
#[derive(Clone, Debug)]
pub struct Serving {
    limits: Limits,
    proxies: Proxies,
}

impl From<&Config> for Serving {
    fn from(config: &Config) -> Self {
        Self { limits: config.limits, proxies: Proxies::new(config.trusted_proxies.clone()) }
    }
}

impl From<Limits> for Serving {
    /// These limits without trusted proxies.
    fn from(limits: Limits) -> Self {
        Self { limits, proxies: Proxies::new(Vec::new()) }
    }
}

/// Serves `app` on `listener` until `shutdown` completes; then accepts no more connections and waits for the running
/// requests, up to [`Limits::drain`]. If the configuration names trusted proxies, pass it (`&config`) and not only its
/// limits.
///
/// It is boxed for the compiler: an `async fn` is compiled where it is awaited, which would be once in every program, with
/// the program's own optimisation.
pub fn serve(
    listener: TcpListener,
    app: Router,
    serving: impl Into<Serving>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> impl Future<Output = ()> + Send + 'static {
    boxed(listener, app, serving.into(), Box::pin(shutdown))
}

/// Not generic, so that it is compiled here.
#[inline(never)]
fn boxed(
    listener: TcpListener,
    app: Router,
    serving: Serving,
    shutdown: Boxed<'static, ()>,
) -> Boxed<'static, ()> {
    Box::pin(run(listener, app, serving, shutdown))
}

async fn run(listener: TcpListener, app: Router, serving: Serving, mut shutdown: Boxed<'static, ()>) {
    let limits = serving.limits;
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut door = Door::new(serving);
    let graceful = GracefulShutdown::new();
    let connections = connections(limits);
    loop {
        // Waits for a place before accepting: beyond the limit, connections wait in the kernel's queue and not in this
        // process' memory.
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
                let Some(counted) = door.let_in(peer) else { continue };
                set_options(&stream, limits.write_timeout);
                let turns = Turns::new();
                let stream = TokioIo::new(Patient::new(stream, patience(limits), turns.clone()));
                let connection = connections.serve_connection(stream, answers(app.clone(), peer, turns));
                let connection = graceful.watch(connection);
                tokio::spawn(async move {
                    let _place = (place, counted);
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "a connection ended with an error");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    // Connections without a running request are closed at once.
    if tokio::time::timeout(limits.drain, graceful.shutdown()).await.is_err() {
        let cut = limits.connections - places.available_permits();
        tracing::warn!(cut, "stopped: the requests on these connections took longer than the shutdown limit");
    } else {
        tracing::info!("stopped: every running request was finished");
    }
}

/// Decides whether an address may open one more connection.
struct Door {
    proxies: Proxies,
    addresses: Addresses,
    told: Option<Instant>,
}

impl Door {
    fn new(Serving { limits, proxies }: Serving) -> Self {
        Self { proxies, addresses: Addresses::new(limits.connections_per_address), told: None }
    }

    /// A place for this peer: `None` if its address has the maximum of open connections. A trusted proxy is not counted,
    /// because its connections are those of many clients; the proxy must limit each of them.
    fn let_in(&mut self, peer: SocketAddr) -> Option<Option<Counted>> {
        if self.proxies.trusts(peer.ip()) {
            return Some(None);
        }
        let address = network(peer.ip());
        let counted = self.addresses.enter(address);
        if counted.is_none() && self.told.is_none_or(|told| told.elapsed() >= REFUSALS_TOLD) {
            self.told = Some(Instant::now());
            tracing::warn!(
                %address,
                "closed new connections of an address at its limit (AUTHLAB_CONNECTIONS_PER_ADDRESS); if it is your \
                 proxy, name it in AUTHLAB_TRUSTED_PROXIES"
            );
        }
        counted.map(Some)
    }
}

/// Sets socket options. Without them a connection is slower or held for longer, but still correct; so failures are ignored
/// on a system that lacks one.
fn set_options(stream: &TcpStream, write_timeout: Duration) {
    // Small responses must not wait for the next one (Nagle's algorithm).
    let _ = stream.set_nodelay(true);
    // A response that fits into the kernel's buffer counts as written although the client has not read it. With this option
    // the kernel gives it up too, even after this server has closed the connection (RFC 5482).
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(write_timeout));
    #[cfg(not(target_os = "linux"))]
    let _ = write_timeout;
}

fn patience(limits: Limits) -> Patience {
    Patience { head: limits.read_timeout, idle: limits.idle_timeout, write: limits.write_timeout }
}

fn connections(limits: Limits) -> http1::Builder {
    let mut builder = http1::Builder::new();
    // hyper's own timer is off, because the stream has timers. hyper's own limit of 100 header lines is kept: with another
    // one it prepares a list of that length twice for every request.
    builder.header_read_timeout(None).max_buf_size(limits.header_bytes);
    builder
}

/// The routes as a service for one connection.
fn answers(
    app: Router,
    peer: SocketAddr,
    turns: Turns,
) -> impl hyper::service::Service<
    Request<Incoming>,
    Response = Response<Answer<Body>>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<Answer<Body>>, Infallible>> + Send + 'static,
> {
    hyper::service::service_fn(move |request: Request<Incoming>| {
        let turn = turns.begin();
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let answer = app.clone().oneshot(request);
        async move { Ok(answer.await?.map(|body| Answer { body, _turn: turn })) }
    })
}
