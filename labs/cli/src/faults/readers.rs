//! Clients that ask and never read: what they are told fills the buffers of both systems, and then they hold a connection.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::net::TcpSocket;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::person::Person;
use super::row::{Outcome, Promise};
use super::stage::hybrid_alone;
use super::watch::slice;
use crate::fault::Fault;

/// All connections of the server, and what one address may have of them.
const PLACES: usize = 64;
const PER_ADDRESS: usize = 48;
/// The clients come from one address, and honest people from another. Both are this machine.
const FROM: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)), 0);
/// What the client's own system takes unread.
const UNREAD_BYTES: u32 = 4096;
/// When they are to be cut, and how much later is still all right.
const CUT_AFTER: Duration = Duration::from_secs(10);
const LENIENCE: Duration = Duration::from_secs(5);
/// Who is closed so soon was not let in.
const AT_ONCE: Duration = Duration::from_secs(5);
const RPS: f64 = 100.0;
const HONEST_CONNECTIONS: usize = 8;
const SLICE: Duration = Duration::from_secs(3);

pub(crate) async fn row() -> Result<Outcome, Fault> {
    if let Err(error) = TcpSocket::new_v4()?.bind(FROM) {
        return Ok(Outcome::Skipped(format!("this system has no second loopback address ({error})")));
    }
    let (places, per_address) = (PLACES.to_string(), PER_ADDRESS.to_string());
    let settings =
        [("AUTHLAB_CONNECTIONS", places.as_str()), ("AUTHLAB_CONNECTIONS_PER_ADDRESS", per_address.as_str())];
    let hybrid = hybrid_alone(&settings).await?;
    let server: SocketAddr = hybrid.url.trim_start_matches("http://").parse()?;
    let honest = Person::sign_up(&hybrid.url, "mobile").await?.me_target()?;
    let mut deaf = JoinSet::new();
    for _ in 0..PLACES {
        deaf.spawn(never_reads(server));
    }
    let beside = slice(&honest, RPS, HONEST_CONNECTIONS, SLICE).await?;
    let ends = deaf.join_all().await;
    let (refused, held): (Vec<_>, Vec<_>) =
        ends.iter().copied().partition(|end| end.is_some_and(|after| after < AT_ONCE));
    let latest = held.iter().copied().collect::<Option<Vec<_>>>().and_then(|ends| ends.into_iter().max());
    let bad = beside.errors.total();
    let after = slice(&honest, RPS, HONEST_CONNECTIONS, Duration::from_secs(1)).await?.errors.total();
    Ok(Outcome::Seen(vec![
        Promise::new(
            format!("one address gets {PER_ADDRESS} of {PLACES} connections"),
            format!("{} held, {} closed at once", held.len(), refused.len()),
            held.len() == PER_ADDRESS,
        ),
        Promise::new("people elsewhere are served meanwhile", format!("{bad} bad"), bad == 0),
        Promise::within("clients that never read are cut after 10 s", latest, CUT_AFTER + LENIENCE),
        Promise::new("and afterwards", format!("{after} bad"), after == 0),
    ]))
}

/// How long the server put up with a client that sends requests and reads no answer; `None`: for longer than it may.
async fn never_reads(server: SocketAddr) -> Option<Duration> {
    let start = Instant::now();
    timeout(CUT_AFTER + LENIENCE * 2, until_cut(server)).await.ok()?.ok();
    Some(start.elapsed())
}

/// An error is the end of the connection, too.
async fn until_cut(server: SocketAddr) -> io::Result<()> {
    const REQUEST: &[u8] = b"GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(UNREAD_BYTES)?;
    socket.bind(FROM)?;
    let stream = socket.connect(server).await?;
    let mut sent = 0;
    loop {
        stream.writable().await?;
        match stream.try_write(REQUEST.get(sent % REQUEST.len()..).unwrap_or(REQUEST)) {
            Ok(bytes) => sent += bytes,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
