//! Tests with a paused clock, which jumps to the next timer when all tasks wait; so the tests themselves never wait.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::sleep;

use super::*;

const PATIENCE: Patience =
    Patience { head: Duration::from_secs(10), idle: Duration::from_secs(75), write: Duration::from_secs(20) };
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n";
const BODY_BYTES: usize = 1000;

/// A client's end of a connection that buffers this many bytes before the other end reads them. Each response takes `work`.
fn connected(bytes: usize, work: Duration) -> DuplexStream {
    let (client, server) = tokio::io::duplex(bytes);
    let turns = Turns::new();
    let stream = Patient::new(server, PATIENCE, turns.clone());
    tokio::spawn(async move {
        let answers = service_fn(move |_request: Request<Incoming>| {
            let turn = turns.begin();
            async move {
                sleep(work).await;
                let body = Full::<Bytes>::from("a".repeat(BODY_BYTES));
                Ok::<_, Infallible>(Response::new(Answer { body, _turn: turn }))
            }
        });
        let _ = http1::Builder::new()
            .header_read_timeout(None)
            .serve_connection(TokioIo::new(stream), answers)
            .await;
    });
    client
}

/// Whole seconds until the server ends the connection.
async fn ended_after(client: &mut DuplexStream) -> u64 {
    let start = Instant::now();
    let _ = client.read_to_end(&mut Vec::new()).await;
    start.elapsed().as_secs()
}

async fn answered(client: &mut DuplexStream) {
    let mut answer = [0; BODY_BYTES];
    client.write_all(REQUEST).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    client.read_exact(&mut answer).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_a_request_is_closed_after_the_time_for_headers() {
    assert_eq!(ended_after(&mut connected(4096, Duration::ZERO)).await, 10);
}

#[tokio::test(start_paused = true)]
async fn between_two_requests_a_connection_is_kept_for_the_idle_time() {
    let mut client = connected(4096, Duration::ZERO);
    answered(&mut client).await;
    sleep(Duration::from_secs(74)).await;
    answered(&mut client).await;
    assert_eq!(ended_after(&mut client).await, 75);
}

#[tokio::test(start_paused = true)]
async fn headers_that_come_a_byte_at_a_time_are_cut_also_on_a_connection_that_was_idle() {
    for warmed_up in [false, true] {
        let mut client = connected(4096, Duration::ZERO);
        if warmed_up {
            answered(&mut client).await;
            sleep(Duration::from_secs(60)).await;
        }
        let start = Instant::now();
        while client.write_all(b"G").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
        // The first byte that cannot be written is the one after the end.
        assert!((10..=11).contains(&start.elapsed().as_secs()), "{warmed_up}: {:?}", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_takes_long_is_waited_for() {
    let mut client = connected(4096, Duration::from_secs(300));
    answered(&mut client).await;
    assert_eq!(ended_after(&mut client).await, 75);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_is_cut_after_the_time_for_writing() {
    let mut client = connected(BODY_BYTES / 2, Duration::ZERO);
    let start = Instant::now();
    // The pipe is full of responses, so that further requests find no room either, until the server closes its end.
    while client.write_all(REQUEST).await.is_ok() {}
    assert_eq!(start.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_takes_a_byte_now_and_then_is_cut_like_one_that_never_reads() {
    let mut client = connected(BODY_BYTES / 2, Duration::ZERO);
    let start = Instant::now();
    client.write_all(REQUEST).await.unwrap();
    let mut read = 0;
    while start.elapsed() < Duration::from_secs(60) {
        sleep(Duration::from_secs(1)).await;
        match client.read_u8().await {
            Ok(_) => read += 1,
            Err(_) => break,
        }
    }
    // The client can still read what the pipe contained; the rest of the response never came.
    assert!(read < BODY_BYTES, "{read}");
    assert_eq!(ended_after(&mut client).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_slow_client_that_reads_its_answer_within_the_time_gets_all_of_it() {
    let mut client = connected(BODY_BYTES / 2, Duration::ZERO);
    client.write_all(REQUEST).await.unwrap();
    sleep(Duration::from_secs(15)).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(4), client.read_to_end(&mut answer)).await;
    assert!(answer.ends_with("a".repeat(BODY_BYTES).as_bytes()), "{}", answer.len());
}
