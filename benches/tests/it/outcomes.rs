//! Each way in which a server can fail to answer is counted under its own name, and the expected answers under theirs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use hyper::StatusCode;
use measure::do_nothing;
use measure::load::{self, ClosedLoop, Load, Outcome, Reach, Run, Target};
use tokio::net::TcpListener;

use crate::misbehaving::{answering, closing_after_each_answer, closing_instead_of_every_tenth_answer};

/// Sends this many requests over one connection, which is opened again when the server has closed it.
async fn run(target: &Target, requests: u64) -> Run {
    let plan = ClosedLoop { max_requests: requests, ..ClosedLoop::new(1, Duration::from_secs(30)) };
    load::run(target, &Load::Closed(plan)).await.unwrap()
}

fn counted(run: &Run) -> Vec<(Outcome, u64)> {
    run.outcomes.iter().map(|(outcome, times)| (outcome.clone(), times)).collect()
}

#[tokio::test]
async fn a_connection_that_is_closed_before_every_tenth_answer_is_counted_as_closed() {
    let run = run(&closing_instead_of_every_tenth_answer().target(), 100).await;
    assert_eq!(counted(&run), [(Outcome::Answered(200), 90), (Outcome::Closed, 10)]);
    assert_eq!((run.errors.total(), run.errors.broken, run.errors.reconnects), (10, 10, 9));
}

#[tokio::test]
async fn a_connection_that_is_closed_after_each_answer_is_no_failure() {
    let run = run(&closing_after_each_answer(Duration::ZERO).target(), 100).await;
    assert_eq!(counted(&run), [(Outcome::Answered(200), 100)]);
    assert_eq!((run.errors.total(), run.errors.reconnects), (0, 99));
}

#[tokio::test]
async fn a_server_that_closes_every_connection_gives_no_answer() {
    let run = run(&answering(b"").target(), 10).await;
    assert_eq!(counted(&run), [(Outcome::Closed, 10)]);
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_is_not_http_is_told_from_one_with_another_status() {
    let short = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok";
    assert_eq!(counted(&run(&answering(short).target(), 3).await), [(Outcome::BodyBrokeOff, 3)]);
    let other = b"SSH-2.0-OpenSSH_9.2\r\n";
    assert_eq!(counted(&run(&answering(other).target(), 3).await), [(Outcome::NotHttp, 3)]);
    let moved = b"HTTP/1.1 302 Found\r\nlocation: /login\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(counted(&run(&answering(moved).target(), 3).await), [(Outcome::Answered(302), 3)]);
}

#[tokio::test]
async fn localhost_is_reached_on_whichever_of_its_addresses_the_server_listens() {
    for ip in [Ipv6Addr::LOCALHOST.into(), IpAddr::from(Ipv4Addr::LOCALHOST)] {
        let listener = TcpListener::bind((ip, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(do_nothing::serve(listener, StatusCode::OK));
        let url = format!("http://localhost:{}", address.port());
        let target = Target::get(&url, "/me", Reach::LoopbackOnly).unwrap();
        assert_eq!(run(&target, 3).await.answered, 3, "{address}");
        assert_eq!(target.reached().await.unwrap().address(), address);
    }
}
