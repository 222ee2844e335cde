//! A TCP proxy between a server and a service it depends on, which simulates network faults on purpose.
//!
//! A test cannot ask a real network to lose packets at the right moment, and stopping a program shows only how a program
//! fails. This proxy can be told at any time to delay the traffic, to drop it, or to cut connections. It knows no
//! protocol, connects only to this machine, and limits both the number of connections and the bytes that it holds back.
//!
//! # Delays
//!
//! Each direction has its own delay, so that an asymmetric path can be simulated; a round trip takes the sum. tokio's
//! timer ticks in milliseconds, which is too coarse for a network of 0.3 ms, so the proxy keeps the time on a thread of
//! its own. The proxy itself costs time even without a delay: two more hops through the kernel and two tasks to wake. On
//! an idle 2-core machine that was some 0.05 ms for a round trip, and 0.1 to 0.2 ms more than asked for with a delay in
//! each direction; `a_delay_is_what_was_asked_for` prints the figures of the machine it runs on. So measure the round
//! trip through the proxy and report that, never the nominal delay.

mod alarm;
mod connection;
mod impairment;
mod road;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use self::alarm::Alarm;
pub use self::impairment::Impairment;
use self::road::{Counters, Road, reset};

/// The most connections through one proxy at once; a further one is reset.
const MOST_CONNECTIONS: usize = 1_024;
/// Connections that the kernel queues until the proxy accepts them.
const BACKLOG: u32 = 1_024;
/// The pause after a failed accept, which usually means that this process has no free file descriptor.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Traffic through the proxy so far, over all connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traffic {
    /// Accepted connections, including those that were reset at once.
    pub connections: u64,
    /// Bytes passed on to the server.
    pub to_server_bytes: u64,
    /// Bytes passed on to the client.
    pub to_client_bytes: u64,
    /// Bytes that were dropped.
    pub vanished_bytes: u64,
}

/// Why a proxy could not be started or redirected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The server is not on this machine. A tool that breaks connections must not be pointed at other machines.
    #[error("{0} is not a loopback address; the proxy connects to servers on this machine only")]
    NotLoopback(SocketAddr),
    /// The proxy got no port to listen on, or no thread to keep the time.
    #[error("the proxy cannot start")]
    Start(#[from] io::Error),
}

/// A running proxy. Dropping it ends the proxy and all its connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    impairment: watch::Sender<Impairment>,
    upstream: watch::Sender<SocketAddr>,
    counters: Arc<Counters>,
    accepting: AbortHandle,
}

impl Proxy {
    /// Starts a proxy to `upstream` on a free port of this machine.
    ///
    /// # Errors
    /// [`ProxyError::NotLoopback`] when `upstream` is not on this machine, [`ProxyError::Start`] when no port or thread
    /// is available.
    pub async fn start(upstream: SocketAddr) -> Result<Self, ProxyError> {
        let upstream = watch::Sender::new(on_this_machine(upstream)?);
        let gate = Gate::open()?;
        let listener = gate.listen()?;
        let impairment = watch::Sender::new(Impairment::None);
        let counters = Arc::new(Counters::default());
        let road = Road {
            impairment: impairment.subscribe(),
            upstream: upstream.subscribe(),
            counters: counters.clone(),
            alarm: Alarm::start()?,
        };
        let address = gate.address;
        let accepting = tokio::spawn(accept(gate, listener, road)).abort_handle();
        Ok(Self { address, impairment, upstream, counters, accepting })
    }

    /// The address that clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets the impairment, which applies to all traffic from now on.
    pub fn set(&self, impairment: Impairment) {
        self.impairment.send_replace(impairment);
    }

    /// Sends new connections to another server: a server that was restarted may have another port.
    ///
    /// # Errors
    /// [`ProxyError::NotLoopback`] when `upstream` is not on this machine.
    pub fn lead_to(&self, upstream: SocketAddr) -> Result<(), ProxyError> {
        self.upstream.send_replace(on_this_machine(upstream)?);
        Ok(())
    }

    /// The traffic so far.
    pub fn traffic(&self) -> Traffic {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Traffic {
            connections: count(&self.counters.connections),
            to_server_bytes: count(&self.counters.to_server),
            to_client_bytes: count(&self.counters.to_client),
            vanished_bytes: count(&self.counters.vanished),
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

fn on_this_machine(address: SocketAddr) -> Result<SocketAddr, ProxyError> {
    if address.ip().to_canonical().is_loopback() {
        Ok(address)
    } else {
        Err(ProxyError::NotLoopback(address))
    }
}

async fn accept(gate: Gate, listener: TcpListener, mut road: Road) {
    let mut connections = JoinSet::new();
    let mut listener = Some(listener);
    loop {
        if *road.impairment.borrow_and_update() == Impairment::Refuse {
            listener = None;
            if road.impairment.changed().await.is_err() {
                return;
            }
            continue;
        }
        let listening = match listener.take().map_or_else(|| gate.listen(), Ok) {
            Ok(listening) => listener.insert(listening),
            Err(_no_descriptor) => {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        tokio::select! {
            // The order matters: no connection may be accepted after the impairment changed to a refusal.
            biased;
            changed = road.impairment.changed() => if changed.is_err() { return },
            Some(_ended) = connections.join_next() => {}
            accepted = listening.accept() => match accepted {
                Ok((client, _peer)) => {
                    road.counters.connections.fetch_add(1, Ordering::Relaxed);
                    match connections.len() < MOST_CONNECTIONS {
                        true => drop(connections.spawn(connection::carry(client, road.clone()))),
                        false => reset(&client),
                    }
                }
                Err(_no_descriptor) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
}

/// The proxy's port. A bound socket keeps it while the proxy does not listen; another program could take the port
/// otherwise.
struct Gate {
    address: SocketAddr,
    _keeper: TcpSocket,
}

impl Gate {
    fn open() -> io::Result<Self> {
        let keeper = socket(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        Ok(Self { address: keeper.local_addr()?, _keeper: keeper })
    }

    fn listen(&self) -> io::Result<TcpListener> {
        socket(self.address)?.listen(BACKLOG)
    }
}

/// A socket that may share its port with another socket of ours: the kernel gives connections to the one that listens.
fn socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    #[cfg(unix)]
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}
