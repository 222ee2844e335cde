//! Clients that hold on to what they are given: idle connections, headers a byte at a time, headers without end.

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
/// Clients that send a byte of a header now and then.
const SLOW: usize = 50;
const BETWEEN_BYTES: Duration = Duration::from_millis(500);
/// When they are to be cut, and how much later is still all right.
const CUT_AFTER: Duration = Duration::from_secs(10);
const LENIENCE: Duration = Duration::from_secs(2);
/// A full queue of the listener makes the kernel try again after a second, and after two more.
const TO_CONNECT: Duration = Duration::from_secs(8);
/// "Too many open files", by its number on Linux and macOS.
const EMFILE: i32 = 24;
const LONG_HEADER_BYTES: usize = 400_000;
/// Below this the p99s of a small machine differ by more than a factor of two without any reason.
const NOISE_US: f64 = 4_000.0;

pub(crate) async fn row(setup: &Setup) -> Result<Outcome, Failure> {
    // All of them come from this machine, which is one address.
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
            // The system's limit on open files ends it early, and the table says how many there were.
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
                "beside {held} idle, {} slow: honest p99 ≤ 2 × quiet, or ≤ {:.0} ms",
                cuts.len(),
                ms(NOISE_US)
            ),
            format!("{:.1} ms, {ratio:.2} × {:.1} ms", ms(loaded), ms(quiet)),
            loaded <= limit,
        )
        .of_a_ratio(),
        Promise::new(
            "their idle connections were taken",
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

/// Sends a header a byte at a time; says how long the server put up with that.
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

/// What a server says to 400 kB of headers. It may close before it has read them all, so reading goes on beside writing.
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
    status.unwrap_or("closed without a word").to_owned()
}
