//! A client that sends request after request and never reads a response.

use std::{io, time::Duration};

use tokio::{
    net::{TcpSocket, TcpStream, lookup_host},
    time::timeout,
};

use super::{lives_on, wire::authority};
use crate::prelude::{ATTACK, Call, Check, Outcome, Stage, Verdict};

/// How long a server may keep such a client connected. Twice as long as the course's servers wait.
const KEPT_AT_MOST: Duration = Duration::from_secs(20);
/// The same limit when a proxy may be in front of the server and read in its stead: nginx waits for 60 s
/// (`send_timeout`).
const KEPT_BY_PROXIES: Duration = Duration::from_secs(70);
/// Why an open connection proves nothing when a proxy may be in front of the server. Docker's proxy for a published port
/// keeps a client's connection as long as the client does, although the server has closed its own.
const KEPT_BETWEEN: &str = "the connection stayed open, perhaps because of a proxy in front of the server";
/// The receive buffer of the client's own system, in bytes.
const UNREAD: u32 = 4096;
/// Padding of each request, in bytes, so that few responses are queued for the bytes that a server reads ahead.
const PAD: usize = 1000;
/// More than the systems on both sides buffer, in bytes: a server that has read this much reads forever.
const MOST_SENT: usize = 32 * 1024 * 1024;

pub(in crate::checks) const CHECKS: &[Check] = &[Check {
    id: "raw.deaf-client",
    title: "the server disconnects a client that sends requests and never reads a response",
    gains: "Uses up the server's connections: opens a few thousand, and never reads from them.",
    read: "OWASP API4:2023, CWE-400",
    run: |stage| Box::pin(deaf_client(stage)),
    ..ATTACK
}];

async fn deaf_client(stage: &Stage) -> Verdict {
    // The longest response that needs no credential.
    let document = stage.send(Call::get("/openapi.json")).await?;
    let path = if document.status == 200 { "/openapi.json" } else { "/lab" };
    let head = format!("GET {path} HTTP/1.1\r\nHost: {}\r\n", authority(stage));
    let request = format!("{head}X-Pad: {}\r\n\r\n", "x".repeat(PAD));
    let kept = if stage.target.is_direct() { KEPT_AT_MOST } else { KEPT_BY_PROXIES };
    let failed = |received: String| {
        let sent = format!("{head}…, again and again, without reading a response");
        Outcome::failed(sent, format!("the connection is closed within {} s", kept.as_secs()), received)
    };
    let stream = connected(stage).await.map_err(|error| failed(format!("no connection: {error}")))?;
    match written_until_cut(&stream, request.as_bytes(), kept).await {
        Ok(()) => lives_on(stage).await,
        Err(Kept::ReadsOn) => {
            Err(failed(format!("the server has read {MOST_SENT} bytes of requests, and continues to read")))
        }
        Err(Kept::Open) if stage.target.is_direct() => Err(failed("the connection is still open".to_owned())),
        Err(Kept::Open) => Err(Outcome::skipped(KEPT_BETWEEN)),
    }
}

/// The ways in which a server keeps such a client.
enum Kept {
    /// The server goes on reading, although the client takes none of its responses.
    ReadsOn,
    /// The server stops reading, but does not close the connection either.
    Open,
}

/// Writes until the server closes the connection, which must happen within `kept` of the last byte that it accepted.
async fn written_until_cut(stream: &TcpStream, request: &[u8], kept: Duration) -> Result<(), Kept> {
    let mut sent = 0;
    while sent < MOST_SENT {
        let Ok(writable) = timeout(kept, stream.writable()).await else { return Err(Kept::Open) };
        let rest = request.get(sent % request.len()..).unwrap_or(request);
        match writable.and_then(|()| stream.try_write(rest)) {
            Ok(bytes) => sent += bytes,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_cut) => return Ok(()),
        }
    }
    Err(Kept::ReadsOn)
}

async fn connected(stage: &Stage) -> io::Result<TcpStream> {
    let address = lookup_host(authority(stage)).await?.next().ok_or(io::ErrorKind::NotFound)?;
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_recv_buffer_size(UNREAD)?;
    socket.connect(address).await
}
