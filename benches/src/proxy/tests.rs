//! Tests each impairment against a connection without one. The server behind the proxy echoes what it receives.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::{Impairment, Proxy, ProxyError};

const PATIENCE: Duration = Duration::from_secs(10);
/// Long enough for a response on this machine, if there were one.
const SILENCE: Duration = Duration::from_millis(200);

async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _peer)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reads, mut writes) = stream.split();
                tokio::io::copy(&mut reads, &mut writes).await.ok();
                writes.shutdown().await.ok();
            });
        }
    });
    address
}

async fn proxy() -> Proxy {
    Proxy::start(echo().await).await.unwrap()
}

async fn connect(proxy: &Proxy) -> TcpStream {
    let stream = TcpStream::connect(proxy.address()).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Sends `text`, receives it back, and returns the time that it took.
async fn round_trip(stream: &mut TcpStream, text: &[u8]) -> std::io::Result<Duration> {
    let start = Instant::now();
    stream.write_all(text).await?;
    let mut heard = vec![0; text.len()];
    timeout(PATIENCE, stream.read_exact(&mut heard)).await??;
    assert_eq!(heard, text);
    Ok(start.elapsed())
}

async fn works(stream: &mut TcpStream) -> bool {
    round_trip(stream, b"ping").await.is_ok()
}

async fn stays_silent(stream: &mut TcpStream) -> bool {
    stream.write_all(b"ping").await.unwrap();
    timeout(SILENCE, stream.read_u8()).await.is_err()
}

/// Reads to the end: the bytes received, and whether the stream ended without an error.
async fn rest(stream: &mut TcpStream) -> (Vec<u8>, bool) {
    let mut heard = Vec::new();
    let ended = timeout(PATIENCE, stream.read_to_end(&mut heard)).await.unwrap();
    (heard, ended.is_ok())
}

#[tokio::test]
async fn what_passes_is_passed_unchanged_and_counted() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    let much: Vec<u8> = (0..3_000_000_u32).map(|n| n as u8).collect();
    let (mut reads, mut writes) = stream.split();
    let mut heard = Vec::new();
    let (written, read) = tokio::join!(
        async {
            writes.write_all(&much).await.unwrap();
            writes.shutdown().await
        },
        reads.read_to_end(&mut heard),
    );
    assert!(written.is_ok() && read.is_ok());
    assert!(heard == much);
    let traffic = proxy.traffic();
    assert_eq!((traffic.connections, traffic.vanished_bytes), (1, 0));
    assert_eq!((traffic.to_server_bytes, traffic.to_client_bytes), (3_000_000, 3_000_000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delay_is_what_was_asked_for() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    for each_way in [Duration::ZERO, Duration::from_micros(250), Duration::from_millis(5)] {
        proxy.set(Impairment::delay(each_way));
        let mut trips = Vec::new();
        for _ in 0..100 {
            trips.push(round_trip(&mut stream, b"ping").await.unwrap());
        }
        trips.sort_unstable();
        let asked = each_way * 2;
        println!("asked for {asked:?} a round trip: {:?} at least, {:?} in the middle", trips[0], trips[50]);
        // The delay is never less than asked for. How much more depends on the machine; the shortest of a hundred is the
        // proxy's own.
        assert!(trips[0] >= asked, "{:?}", trips[0]);
        assert!(trips[0] < asked + Duration::from_millis(5), "{:?}", trips[0]);
    }
}

#[tokio::test]
async fn each_direction_has_its_own_delay() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    let (to_server, to_client) = (Duration::from_millis(40), Duration::ZERO);
    proxy.set(Impairment::Delay { to_server, to_client });
    let trip = round_trip(&mut stream, b"ping").await.unwrap();
    assert!(trip >= to_server, "{trip:?}");
    proxy.set(Impairment::Delay { to_server: to_client, to_client: to_server });
    let trip = round_trip(&mut stream, b"ping").await.unwrap();
    assert!(trip >= to_server, "{trip:?}");
    proxy.set(Impairment::None);
    assert!(works(&mut stream).await);
}

#[tokio::test]
async fn a_black_hole_swallows_bytes_and_only_a_new_connection_works_when_it_is_healed() {
    let proxy = proxy().await;
    let mut old = connect(&proxy).await;
    assert!(works(&mut old).await);
    proxy.set(Impairment::BlackHole);
    assert!(stays_silent(&mut old).await);
    let mut newcomer = connect(&proxy).await;
    assert!(stays_silent(&mut newcomer).await);
    assert_eq!(proxy.traffic().vanished_bytes, 8);
    proxy.set(Impairment::None);
    assert!(stays_silent(&mut old).await, "a stream with a hole in it was mended");
    assert!(works(&mut connect(&proxy).await).await);
}

#[tokio::test]
async fn a_connection_that_lost_nothing_to_a_black_hole_lives_on() {
    let proxy = proxy().await;
    let mut idle = connect(&proxy).await;
    assert!(works(&mut idle).await);
    proxy.set(Impairment::BlackHole);
    proxy.set(Impairment::None);
    assert!(works(&mut idle).await);
}

#[tokio::test]
async fn a_reset_ends_open_and_new_connections_until_it_is_over() {
    let proxy = proxy().await;
    let mut open = connect(&proxy).await;
    assert!(works(&mut open).await);
    proxy.set(Impairment::Reset);
    assert_eq!(rest(&mut open).await, (Vec::new(), false));
    let mut new = connect(&proxy).await;
    assert_eq!(rest(&mut new).await, (Vec::new(), false));
    proxy.set(Impairment::None);
    assert!(works(&mut connect(&proxy).await).await);
}

#[tokio::test]
async fn a_half_close_ends_what_the_client_hears_and_not_what_it_says() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    assert!(works(&mut stream).await);
    proxy.set(Impairment::HalfClose);
    assert_eq!(rest(&mut stream).await, (Vec::new(), true));
    stream.write_all(b"still here").await.unwrap();
    let heard_by_the_server = async {
        while proxy.traffic().to_server_bytes < 14 {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, heard_by_the_server).await.unwrap();
    proxy.set(Impairment::None);
    assert!(works(&mut connect(&proxy).await).await);
}

#[tokio::test]
async fn a_connection_is_cut_after_exactly_so_many_bytes() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    assert!(works(&mut stream).await);
    proxy.set(Impairment::CutAfter { bytes: 3 });
    stream.write_all(b"an answer that breaks off").await.unwrap();
    assert_eq!(rest(&mut stream).await, (b"an ".to_vec(), false));
    let mut new = connect(&proxy).await;
    new.write_all(b"ab").await.unwrap();
    let mut two = [0; 2];
    new.read_exact(&mut two).await.unwrap();
    assert_eq!(&two, b"ab");
    proxy.set(Impairment::None);
    assert!(works(&mut new).await, "it had not passed as many bytes yet");
}

#[tokio::test]
async fn a_refusal_is_the_kernels_and_the_port_is_kept() {
    let proxy = proxy().await;
    let mut open = connect(&proxy).await;
    assert!(works(&mut open).await);
    proxy.set(Impairment::Refuse);
    assert_eq!(rest(&mut open).await, (Vec::new(), false));
    let refused = timeout(PATIENCE, async {
        loop {
            match TcpStream::connect(proxy.address()).await {
                Err(error) => break error.kind(),
                // The proxy has not applied the impairment yet.
                Ok(_early) => tokio::task::yield_now().await,
            }
        }
    });
    assert_eq!(refused.await.unwrap(), std::io::ErrorKind::ConnectionRefused);
    proxy.set(Impairment::None);
    let reached = timeout(PATIENCE, async {
        loop {
            if let Ok(mut stream) = TcpStream::connect(proxy.address()).await {
                break works(&mut stream).await;
            }
        }
    });
    assert!(reached.await.unwrap());
}

#[tokio::test]
async fn a_server_that_is_gone_is_a_reset_and_another_one_can_take_its_place() {
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let proxy = Proxy::start(gone).await.unwrap();
    assert_eq!(rest(&mut connect(&proxy).await).await, (Vec::new(), false));
    proxy.lead_to(echo().await).unwrap();
    assert!(works(&mut connect(&proxy).await).await);
}

#[tokio::test]
async fn a_server_elsewhere_is_refused() {
    let elsewhere: SocketAddr = "192.0.2.1:6379".parse().unwrap();
    assert!(matches!(Proxy::start(elsewhere).await, Err(ProxyError::NotLoopback(_))));
    assert!(matches!(proxy().await.lead_to(elsewhere), Err(ProxyError::NotLoopback(_))));
}

#[tokio::test]
async fn nothing_of_a_proxy_outlives_it() {
    let proxy = proxy().await;
    let address = proxy.address();
    let mut open = connect(&proxy).await;
    assert!(works(&mut open).await);
    drop(proxy);
    rest(&mut open).await;
    let ended = timeout(PATIENCE, async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    ended.await.unwrap();
}
