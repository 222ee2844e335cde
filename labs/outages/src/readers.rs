//! Clients that send requests and never read the answers: the answers fill the buffers of both systems, and then each
//! client holds a connection.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use harness::Failure;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::person::Person;
use super::row::{Outcome, Promise};
use super::stage::hybrid_alone;
use super::watch::slice;

/// The limit on all connections of the server, and the limit per client address.
const PLACES: usize = 32;
const PER_ADDRESS: usize = 20;
/// The address of the clients that never read. Honest users have another address; both are this machine.
const FROM: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)), 0);
/// The size of the client's receive buffer, which holds unread bytes.
const UNREAD_BYTES: u32 = 4096;
/// After how long the server must cut these clients, and how much later is still accepted.
const CUT_AFTER: Duration = Duration::from_secs(10);
const LENIENCE: Duration = Duration::from_secs(5);
/// The longest time until the server answers, or closes a connection over the limit.
const TO_ANSWER: Duration = Duration::from_secs(5);
const REQUEST: &[u8] = b"GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n";
const RPS: f64 = 100.0;
const HONEST_CONNECTIONS: usize = 8;
const SLICE: Duration = Duration::from_secs(3);

pub(crate) async fn row() -> Result<Outcome, Failure> {
    if let Err(error) = TcpSocket::new_v4()?.bind(FROM) {
        return Ok(Outcome::Skipped(format!("this system has no second loopback address ({error})")));
    }
    let (places, per_address) = (PLACES.to_string(), PER_ADDRESS.to_string());
    let settings =
        [("AUTHLAB_CONNECTIONS", places.as_str()), ("AUTHLAB_CONNECTIONS_PER_ADDRESS", per_address.as_str())];
    let hybrid = hybrid_alone(&settings).await?;
    let server: SocketAddr = hybrid.url.trim_start_matches("http://").parse()?;
    let honest = Person::sign_up(&hybrid.url, "mobile").await?.me_target()?;
    let mut taken = Vec::new();
    let mut closed = 0;
    for _ in 0..PLACES {
        match timeout(TO_ANSWER, let_in(server)).await {
            Ok(Ok(stream)) => taken.push(stream),
            Ok(Err(_)) => closed += 1,
            Err(_elapsed) => break,
        }
    }
    let held = taken.len();
    let deaf: JoinSet<_> = taken.into_iter().map(never_reads).collect();
    let bad = slice(&honest, RPS, HONEST_CONNECTIONS, SLICE).await?.errors.total();
    let ends = deaf.join_all().await;
    let latest = ends.into_iter().collect::<Option<Vec<_>>>().and_then(|ends| ends.into_iter().max());
    let after = slice(&honest, RPS, HONEST_CONNECTIONS, Duration::from_secs(1)).await?.errors.total();
    Ok(Outcome::Seen(vec![
        Promise::new(
            format!("one address gets {PER_ADDRESS} of {PLACES} connections"),
            format!("{held} accepted, {closed} closed"),
            (held, closed) == (PER_ADDRESS, PLACES - PER_ADDRESS),
        ),
        Promise::new("users at other addresses are served meanwhile", format!("{bad} bad"), bad == 0),
        Promise::within("clients that never read are cut after 10 s", latest, CUT_AFTER + LENIENCE),
        Promise::new("users are served afterwards", format!("{after} bad"), after == 0),
    ]))
}

/// A connection whose first request the server has answered. An error means that the server closed it.
async fn let_in(server: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(UNREAD_BYTES)?;
    socket.bind(FROM)?;
    let mut stream = socket.connect(server).await?;
    stream.write_all(REQUEST).await?;
    match stream.peek(&mut [0]).await? {
        0 => Err(io::ErrorKind::ConnectionReset.into()),
        _ => Ok(stream),
    }
}

/// How long the server keeps the connection of a client that sends requests and reads no answer, counted from the last
/// byte that the server accepted; `None` if longer than the limit.
async fn never_reads(stream: TcpStream) -> Option<Duration> {
    let (mut sent, mut last) = (0, Instant::now());
    loop {
        let writable = timeout(CUT_AFTER + LENIENCE * 2, stream.writable()).await.ok()?;
        let written =
            writable.and_then(|()| stream.try_write(REQUEST.get(sent % REQUEST.len()..).unwrap_or(REQUEST)));
        match written {
            Ok(bytes) => (sent, last) = (sent + bytes, Instant::now()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_cut) => return Some(last.elapsed()),
        }
    }
}
