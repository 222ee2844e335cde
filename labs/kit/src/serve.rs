//! A server as prose: take connections until told to stop, then let those under way finish.
//!
//! `axum::serve` sets no timer, so a client that sends its headers one byte a minute, or never reads its answers, would
//! hold a connection for ever. This loop has a time for headers, for idling and for reading answers, a cap on the size of
//! headers, and a cap on connections: on all of them, and on those of one address.

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
use crate::client_address::{Proxies, network};
use crate::config::{Config, Limits};

/// The pause after a failed accept: usually the process is out of file descriptors, and asking again at once would spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The most header lines of one request.
const MAX_HEADERS: usize = 64;

/// At most one line so often about connections that were refused: who opens them must not fill the disk.
const REFUSALS_TOLD: Duration = Duration::from_secs(10);

/// What a server keeps to: its limits, and the proxies that connect for many clients.
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
    /// Without a proxy that is known.
    fn from(limits: Limits) -> Self {
        Self { limits, proxies: Proxies::new(Vec::new()) }
    }
}

/// Serves `app` on `listener` until `shutdown` completes; then takes no more connections and waits for the requests under
/// way, up to [`Limits::drain`]. Where the configuration names proxies, hand it over (`&config`) and not its limits alone.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    serving: impl Into<Serving>,
    shutdown: impl Future<Output = ()>,
) {
    let serving = serving.into();
    let limits = serving.limits;
    let places = Arc::new(Semaphore::new(limits.connections));
    let mut door = Door::new(serving);
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
                let Some(counted) = door.let_in(peer) else { continue };
                set_options(&stream, limits.write_timeout);
                let turns = Turns::new();
                let stream = TokioIo::new(Patient::new(stream, patience(limits), turns.clone()));
                let connection = connections.serve_connection(stream, answers(app.clone(), peer, turns));
                let connection = graceful.watch(connection);
                tokio::spawn(async move {
                    let _place = (place, counted);
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

/// Who may open one more connection.
struct Door {
    proxies: Proxies,
    addresses: Addresses,
    told: Option<Instant>,
}

impl Door {
    fn new(Serving { limits, proxies }: Serving) -> Self {
        Self { proxies, addresses: Addresses::new(limits.connections_per_address), told: None }
    }

    /// A place for this peer: `None` where its address has as many as it may. A trusted proxy is not counted, since its
    /// connections are those of many clients; how many each of them may have is for the proxy to say.
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
                "closed new connections of an address that has as many as one may (AUTHLAB_CONNECTIONS_PER_ADDRESS); if it \
                 is a proxy of yours, name it in AUTHLAB_TRUSTED_PROXIES"
            );
        }
        counted.map(Some)
    }
}

/// Without them a connection is late, or held for longer, and not wrong: so a system that lacks one is served all the same.
fn set_options(stream: &TcpStream, write_timeout: Duration) {
    // Small answers are not to wait for the next one (Nagle).
    let _ = stream.set_nodelay(true);
    // An answer that fits into the kernel's buffer is written for us, though not read by the client. This has the kernel
    // give it up as well, also after the connection was closed here (RFC 5482).
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
    // No timer of hyper's: the stream has them.
    builder.header_read_timeout(None).max_buf_size(limits.header_bytes).max_headers(MAX_HEADERS);
    builder
}

/// The routes, as seen from one connection.
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
