//! One connection through the proxy: two directions, each of which reads, delays as configured, and writes in order.

use std::future::{pending, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};

use super::impairment::Impairment;
use super::road::{Road, reset};

/// The most bytes that are read at once.
const CHUNK_BYTES: usize = 16 * 1024;
/// The most chunks in transit in one direction; a further one is not read, and TCP slows the sender down.
const CHUNKS: usize = 64;

/// Copies bytes between client and server until both have finished sending, or an impairment cuts the connection.
pub(super) async fn carry(mut client: TcpStream, road: Road) {
    let mut changes = road.impairment.clone();
    let upstream = *road.upstream.borrow();
    let connected = tokio::select! {
        () = is_cut_off(&mut changes) => None,
        connected = TcpStream::connect(upstream) => connected.ok(),
    };
    let Some(mut server) = connected else { return reset(&client) };
    // Nagle's algorithm would add a delay that was not configured. If the option fails, packets are late but not wrong.
    client.set_nodelay(true).ok();
    server.set_nodelay(true).ok();
    let lost_bytes = AtomicBool::new(false);
    let ended_well = {
        let (client_reads, client_writes) = client.split();
        let (server_reads, server_writes) = server.split();
        let way = |direction| Way { direction, road: &road, lost_bytes: &lost_bytes };
        let both = async {
            tokio::try_join!(
                way(Direction::ToServer).carry(client_reads, server_writes),
                way(Direction::ToClient).carry(server_reads, client_writes),
            )
        };
        tokio::select! {
            biased;
            () = is_cut_off(&mut changes) => false,
            ended = both => ended.is_ok(),
        }
    };
    if !ended_well {
        reset(&client);
        reset(&server);
    }
}

/// Returns when the impairment changes to one that resets connections.
async fn is_cut_off(changes: &mut watch::Receiver<Impairment>) {
    let cut_off = |now: &Impairment| matches!(now, Impairment::Reset | Impairment::Refuse);
    // An error means that the proxy itself was dropped, and its connections end too.
    changes.wait_for(cut_off).await.ok();
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    ToServer,
    ToClient,
}

/// The connection must be reset, in both directions.
struct Cut;

impl From<io::Error> for Cut {
    /// When one side has reset the connection or is gone, the other side must see a reset too.
    fn from(_broken: io::Error) -> Self {
        Self
    }
}

/// Bytes in transit, and when they are due at the other side.
struct Chunk {
    due: Instant,
    bytes: Bytes,
}

/// One direction of a connection.
struct Way<'a> {
    direction: Direction,
    road: &'a Road,
    /// Set for both directions once a black hole has dropped bytes of this connection.
    lost_bytes: &'a AtomicBool,
}

impl Way<'_> {
    /// Passes on everything that the sender sends, including its end of stream.
    async fn carry(self, from: ReadHalf<'_>, to: WriteHalf<'_>) -> Result<(), Cut> {
        let (held, arriving) = mpsc::channel(CHUNKS);
        tokio::try_join!(self.read(from, held), self.write(arriving, to))?;
        Ok(())
    }

    async fn read(&self, from: ReadHalf<'_>, held: mpsc::Sender<Chunk>) -> Result<(), Cut> {
        let mut buffer = vec![0; CHUNK_BYTES];
        loop {
            from.readable().await?;
            let count = match from.try_read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error.into()),
            };
            if self.vanishes(count) {
                continue;
            }
            let chunk =
                Chunk { due: Instant::now() + self.delay(), bytes: Bytes::copy_from_slice(&buffer[..count]) };
            if held.send(chunk).await.is_err() {
                return Err(Cut);
            }
        }
        match (self.vanishes(0), self.direction) {
            (false, _) => Ok(()),
            // The end of the stream is dropped too. A client that has closed its side does not notice a reset, so a
            // reset is allowed.
            (true, Direction::ToServer) => Err(Cut),
            (true, Direction::ToClient) => pending().await,
        }
    }

    async fn write(&self, mut arriving: mpsc::Receiver<Chunk>, mut to: WriteHalf<'_>) -> Result<(), Cut> {
        let mut changes = self.road.impairment.clone();
        // The impairment that is set when the connection opens must be applied as if it had just changed.
        changes.mark_changed();
        let (mut closed, mut left_to_pass) = (false, None);
        loop {
            let chunk = tokio::select! {
                biased;
                changed = changes.changed() => {
                    if changed.is_err() {
                        return Err(Cut);
                    }
                    let now = *changes.borrow_and_update();
                    left_to_pass = self.passes_at_most(now);
                    if now == Impairment::HalfClose && self.direction == Direction::ToClient && !closed {
                        close(&mut to).await?;
                        closed = true;
                    }
                    continue;
                }
                chunk = arriving.recv() => chunk,
            };
            let Some(Chunk { due, mut bytes }) = chunk else { break };
            self.road.alarm.wait_until(due).await;
            if closed {
                count(&self.road.counters.vanished, bytes.len());
                continue;
            }
            if self.vanishes(bytes.len()) {
                continue;
            }
            let cut = left_to_pass.is_some_and(|left| bytes.len() as u64 >= left);
            if let Some(left) = left_to_pass.filter(|_| cut) {
                bytes.truncate(left as usize);
            }
            left_to_pass = left_to_pass.map(|left| left - bytes.len() as u64);
            write_all(&to, &bytes).await?;
            count(self.passed(), bytes.len());
            if cut {
                return Err(Cut);
            }
        }
        if !closed {
            close(&mut to).await?;
        }
        Ok(())
    }

    /// Whether these bytes are dropped, and with them the rest of the connection; counts them if so.
    fn vanishes(&self, bytes: usize) -> bool {
        if *self.road.impairment.borrow() == Impairment::BlackHole {
            self.lost_bytes.store(true, Ordering::Relaxed);
        }
        let lost = self.lost_bytes.load(Ordering::Relaxed);
        if lost {
            count(&self.road.counters.vanished, bytes);
        }
        lost
    }

    fn delay(&self) -> Duration {
        match (*self.road.impairment.borrow(), self.direction) {
            (Impairment::Delay { to_server, .. }, Direction::ToServer) => to_server,
            (Impairment::Delay { to_client, .. }, Direction::ToClient) => to_client,
            _ => Duration::ZERO,
        }
    }

    fn passes_at_most(&self, now: Impairment) -> Option<u64> {
        match (now, self.direction) {
            (Impairment::CutAfter { bytes }, Direction::ToClient) => Some(bytes),
            _ => None,
        }
    }

    fn passed(&self) -> &AtomicU64 {
        match self.direction {
            Direction::ToServer => &self.road.counters.to_server,
            Direction::ToClient => &self.road.counters.to_client,
        }
    }
}

fn count(counter: &AtomicU64, bytes: usize) {
    counter.fetch_add(bytes as u64, Ordering::Relaxed);
}

async fn write_all(to: &WriteHalf<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        to.writable().await?;
        match to.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Closes the direction (FIN): no more bytes follow.
async fn close(to: &mut WriteHalf<'_>) -> io::Result<()> {
    poll_fn(|context| Pin::new(&mut *to).poll_shutdown(context)).await
}
