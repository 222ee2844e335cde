//! A network that misbehaves on purpose: a TCP proxy between a server and what it depends on.
//!
//! A test cannot ask a real network to lose packets at the right moment, and stopping a program shows only how a program
//! fails. So this proxy stands between the two and can be told at any time how to treat what passes: late, not at all, cut
//! off. It knows no protocol, speaks only to this machine, and everything about it is bounded: connections, and the bytes
//! that it holds back.
//!
//! # Delays
//!
//! Each direction has its own, so that an asymmetric path can be built; a round trip is the sum. tokio's timer ticks in
//! milliseconds, which is no use for a network of 0.3 ms, so a thread of the proxy's own keeps the time. The proxy itself
//! costs something also when it delays nothing: two more hops through the kernel and two tasks to wake. On a 2-core
//! machine at rest that was some 0.05 ms for a round trip, and 0.1 to 0.2 ms more than asked for with a delay in each
//! direction; `a_delay_is_what_was_asked_for` prints the figures of the machine it runs on. So measure the round trip
//! through the proxy and report that, never the nominal delay.

mod alarm;
mod connection;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use self::alarm::Alarm;

/// Connections through one proxy at once; a further one is reset.
const MOST_CONNECTIONS: usize = 1_024;
/// Callers that the kernel may hold for us.
const BACKLOG: u32 = 1_024;
/// The pause after a failed accept, which usually means that this process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// How the proxy treats what passes. One at a time; it can be changed while connections are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Impairment {
    /// It passes everything on at once.
    #[default]
    None,
    /// Everything arrives, later by so much. Throughput is that of a long line: the bytes on their way are bounded.
    Delay {
        /// From the client to the server.
        to_server: Duration,
        /// From the server to the client.
        to_client: Duration,
    },
    /// Bytes vanish and connections stay open; new ones are taken and stay as silent. As when a firewall forgets a
    /// connection: nobody is told. A connection that lost bytes stays silent for good, also when this is over, since a
    /// stream with a hole in it is something that TCP never delivers; new connections then work.
    BlackHole,
    /// Open connections are reset, and new ones as soon as they are taken.
    Reset,
    /// The client is told that the server will send nothing more, while what it sends itself still arrives.
    HalfClose,
    /// Each connection is reset when so many more bytes have been passed to its client: in the middle of an answer.
    CutAfter {
        /// How many.
        bytes: u64,
    },
    /// Open connections are reset, and the kernel refuses new ones, as when the server's process is gone.
    Refuse,
}

impl Impairment {
    /// A delay of the same length in each direction: a round trip is longer by twice as much.
    pub fn delay(each_way: Duration) -> Self {
        Self::Delay { to_server: each_way, to_client: each_way }
    }
}

/// What has passed so far, over all connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Traffic {
    /// Connections that were taken, the ones that were reset at once among them.
    pub connections: u64,
    /// Bytes that were passed to the server.
    pub to_server_bytes: u64,
    /// Bytes that were passed to the client.
    pub to_client_bytes: u64,
    /// Bytes that vanished.
    pub vanished_bytes: u64,
}

/// Why there is no proxy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// The server is not on this machine. A tool that breaks connections has no business elsewhere.
    #[error("{0} is not a loopback address; the proxy connects to servers on this machine only")]
    NotLoopback(SocketAddr),
    /// There is no port to listen on, or no thread to keep the time.
    #[error("the proxy cannot start")]
    Start(#[from] io::Error),
}

/// A running proxy. It ends, with all its connections, when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    impairment: watch::Sender<Impairment>,
    upstream: watch::Sender<SocketAddr>,
    counters: Arc<Counters>,
    accepting: AbortHandle,
}

#[derive(Debug, Default)]
struct Counters {
    connections: AtomicU64,
    to_server: AtomicU64,
    to_client: AtomicU64,
    vanished: AtomicU64,
}

impl Proxy {
    /// Starts a proxy to `upstream` on a free port of this machine.
    ///
    /// # Errors
    /// [`ProxyError::NotLoopback`] for a server elsewhere, [`ProxyError::Start`] when there is no port or thread to be had.
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

    /// Where clients connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Treats everything so from now on.
    pub fn set(&self, impairment: Impairment) {
        self.impairment.send_replace(impairment);
    }

    /// Leads new connections elsewhere: a server that was restarted may have another port.
    ///
    /// # Errors
    /// [`ProxyError::NotLoopback`] for a server elsewhere.
    pub fn lead_to(&self, upstream: SocketAddr) -> Result<(), ProxyError> {
        self.upstream.send_replace(on_this_machine(upstream)?);
        Ok(())
    }

    /// What has passed so far.
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

/// What every connection of a proxy needs.
#[derive(Clone)]
struct Road {
    impairment: watch::Receiver<Impairment>,
    upstream: watch::Receiver<SocketAddr>,
    counters: Arc<Counters>,
    alarm: Alarm,
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
            // In this order, so that nobody is let in after a refusal was asked for.
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

/// Dropping the stream then resets the connection (RST) instead of closing it.
fn reset(stream: &TcpStream) {
    // A connection that the other side has ended already needs no reset.
    stream.set_zero_linger().ok();
}

/// The proxy's port. It is kept while nobody listens on it, or another program could take it in the meantime.
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

/// A socket that may share its port with another one of ours: the kernel hands connections to the one that listens.
fn socket(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    #[cfg(unix)]
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}
