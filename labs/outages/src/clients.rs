//! Clients that hold resources of the server: idle connections, headers sent a byte at a time, and endless headers.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use harness::Failure;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::person::Person;
use super::row::{Outcome, Promise, Setup};
use super::stage::hybrid_alone;
use super::watch::{CONNECTIONS, slice};

const RPS: f64 = 200.0;
const SLICE: Duration = Duration::from_secs(1);
const SLICES: usize = 3;
/// How many clients send a header one byte at a time.
const SLOW: usize = 50;
const BETWEEN_BYTES: Duration = Duration::from_millis(500);
/// After how long the server must cut the slow clients, and how much later is still accepted.
const CUT_AFTER: Duration = Duration::from_secs(10);
const LENIENCE: Duration = Duration::from_secs(2);
/// How long a client may take to connect. When the listener's queue is full, the kernel tries again after one second,
/// and after two more.
const TO_CONNECT: Duration = Duration::from_secs(8);
/// The error "Too many open files", by its number on Linux and macOS.
const EMFILE: i32 = 24;
const LONG_HEADER_BYTES: usize = 400_000;
/// A p99 at or below this limit always passes: under it, the p99s of a small machine differ by more than a factor of
/// two without any cause.
const NOISE_US: f64 = 4_000.0;

pub(crate) async fn row(setup: &Setup) -> Result<Outcome, Failure> {
    // All clients connect from this machine, that is, from one address.
    let hybrid = hybrid_alone(&[("AUTHLAB_CONNECTIONS_PER_ADDRESS", "10000")]).await?;
    let server: SocketAddr = hybrid.url.trim_start_matches("http://").parse()?;
    let honest = Person::sign_up(&hybrid.url, "mobile").await?.me_target()?;
    let p99 = async || {
        let mut slices = Vec::new();
        for _ in 0..SLICES {
            let load = slice(&honest, RPS, CONNECTIONS, SLICE).await?;
            slices.push(if load.errors.total() == 0 {
                load.latency.quantile_us(0.99)
            } else {
                f64::INFINITY
            });
        }
        slices.sort_by(f64::total_cmp);
        Ok::<_, Failure>(slices[SLICES / 2])
    };
    let quiet = p99().await?;
    let asked = if setup.full { 10_000 } else { 500 };
    let mut idle = Vec::new();
    let mut out_of_files = false;
    while idle.len() < asked {
        match timeout(TO_CONNECT, TcpStream::connect(server)).await {
            Ok(Ok(stream)) => idle.push(stream),
            // The system's limit on open files may end the loop early; the table shows how many connections were
            // opened.
            Ok(Err(error)) => {
                out_of_files = error.raw_os_error() == Some(EMFILE);
                break;
            }
            Err(_elapsed) => break,
        }
    }
    let mut slow = JoinSet::new();
    for _ in 0..SLOW.min(idle.len()) {
        slow.spawn(trickle(server));
    }
    let held = idle.len();
    let loaded = p99().await?;
    let long = long_header(server).await;
    let cuts: Vec<Option<Duration>> = slow.join_all().await;
    drop(idle);
    let latest = cuts.iter().copied().collect::<Option<Vec<_>>>().and_then(|cuts| cuts.into_iter().max());
    let (ratio, limit) = (loaded / quiet, (quiet * 2.0).max(NOISE_US));
    let ms = |us: f64| us / 1e3;
    Ok(Outcome::Seen(vec![
        Promise::new(
            format!(
                "with {held} idle, {} slow clients: other clients' p99 ≤ 2 × quiet, or ≤ {:.0} ms",
                cuts.len(),
                ms(NOISE_US)
            ),
            format!("{:.1} ms, {ratio:.2} × {:.1} ms", ms(loaded), ms(quiet)),
            loaded <= limit,
        )
        .of_a_ratio(),
        Promise::new(
            "the server accepts the idle connections",
            format!(
                "{held} of {asked}{}",
                if out_of_files { ", the most that this system allows" } else { "" }
            ),
            held == asked || (out_of_files && held > 0),
        ),
        Promise::within("slow clients are cut after 10 s", latest, CUT_AFTER + LENIENCE),
        Promise::new("400 kB of headers: 431", long.clone(), long.starts_with("431")),
    ]))
}

/// Sends a header one byte at a time. Returns after how long the server cut the connection; `None` if it did not in
/// time.
async fn trickle(server: SocketAddr) -> Option<Duration> {
    let mut stream = TcpStream::connect(server).await.ok()?;
    let start = Instant::now();
    let (mut reads, mut writes) = stream.split();
    let trickle = async {
        writes.write_all(b"GET /me HTTP/1.1\r\nhost: localhost\r\nx-slow: ").await?;
        loop {
            writes.write_all(b"a").await?;
            tokio::time::sleep(BETWEEN_BYTES).await;
        }
        #[expect(unreachable_code, reason = "it names the type of the error")]
        Ok::<_, std::io::Error>(())
    };
    let mut answer = Vec::new();
    let cut = timeout(CUT_AFTER + LENIENCE * 2, async {
        tokio::select! {
            _broken = trickle => {}
            _ended = reads.read_to_end(&mut answer) => {}
        }
    });
    cut.await.ok()?;
    Some(start.elapsed())
}

/// The server's status line for a request with 400 kB of headers. The server may close the connection before it has
/// read all of them, so the client reads while it writes.
async fn long_header(server: SocketAddr) -> String {
    let Ok(mut stream) = TcpStream::connect(server).await else { return "no connection".to_owned() };
    let (mut reads, mut writes) = stream.split();
    let head =
        format!("GET /me HTTP/1.1\r\nhost: localhost\r\nx-pad: {}\r\n\r\n", "a".repeat(LONG_HEADER_BYTES));
    let mut answer = Vec::new();
    let exchange = async { tokio::join!(writes.write_all(head.as_bytes()), reads.read_to_end(&mut answer)) };
    timeout(Duration::from_secs(5), exchange).await.ok();
    let text = String::from_utf8_lossy(&answer);
    let status = text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.lines().next());
    status.unwrap_or("closed without an answer").to_owned()
}
