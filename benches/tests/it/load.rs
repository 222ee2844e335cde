//! The drivers against servers that work and servers that do not: every request must be accounted for.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::TURN;
use crate::do_nothing::{BODY_BYTES, DoNothing};
use crate::misbehaving::{closing_after_each_answer, silent};
use hyper::StatusCode;
use measure::load::{self, ClosedLoop, FixedRate, Load, LoadError, Outcome, Reach, Run, Target};

const LONG: Duration = Duration::from_secs(30);

/// A closed loop that ends by its number of requests and not by its duration.
fn exactly(requests: u64) -> Load {
    Load::Closed(ClosedLoop { max_requests: requests, ..ClosedLoop::new(4, LONG) })
}

/// The number of all requests of a run, whether they succeeded or not.
fn accounted(run: &Run) -> u64 {
    run.requests() + run.errors.unfinished + run.errors.overflowed
}

#[tokio::test]
async fn a_server_that_answers_has_every_request_counted_and_no_error() {
    let server = DoNothing::start(200);
    let run = load::run(&server.target(), &exactly(100)).await.unwrap();
    assert_eq!((run.answered, run.errors.total(), run.latency.count()), (100, 0, 100));
    assert_eq!(run.body_bytes, 100 * BODY_BYTES);
}

#[tokio::test]
async fn a_server_that_answers_503_is_all_errors_and_not_fast() {
    let server = DoNothing::start(503);
    let run = load::run(&server.target(), &exactly(100)).await.unwrap();
    assert_eq!(run.errors.unexpected_status, BTreeMap::from([(503, 100)]));
    assert_eq!((run.answered, run.errors.total(), run.latency.count()), (0, 100, 0));
    assert_eq!(run.throughput_rps(), 0.0);
}

#[tokio::test]
async fn a_503_that_is_the_right_answer_is_no_error() {
    let server = DoNothing::start(503);
    let target = server.target().expecting(StatusCode::SERVICE_UNAVAILABLE);
    let run = load::run(&target, &exactly(100)).await.unwrap();
    assert_eq!((run.answered, run.errors.total()), (100, 0));
}

#[tokio::test]
async fn two_threads_count_as_one_generator() {
    let server = DoNothing::start(200);
    let plan = ClosedLoop { max_requests: 501, threads: 2, ..ClosedLoop::new(5, LONG) };
    let run = load::run(&server.target(), &Load::Closed(plan)).await.unwrap();
    assert_eq!((run.answered, run.errors.total(), run.connections), (501, 0, 5));
    if cfg!(unix) {
        let cost = run.generator.unwrap();
        assert!(
            cost.time > Duration::ZERO && cost.busiest_share > 0.0 && cost.busiest_share <= 1.05,
            "{cost:?}"
        );
    }
}

#[tokio::test]
async fn a_closed_loop_keeps_its_connections_busy() {
    let _turn = TURN.lock().await;
    let server = DoNothing::start(200);
    let run =
        load::run(&server.target(), &Load::Closed(ClosedLoop::new(8, Duration::from_secs(1)))).await.unwrap();
    assert!(run.littles_law_off().unwrap() < 0.05, "{:?}", run.littles_law_off());
}

#[tokio::test]
async fn a_fixed_rate_achieves_what_it_was_asked() {
    let _turn = TURN.lock().await;
    let server = DoNothing::start(200);
    let plan = FixedRate::new(500.0, 16, Duration::from_secs(4));
    let run = load::run(&server.target(), &Load::Fixed(plan)).await.unwrap();
    assert_eq!((run.answered, run.errors.total()), (2_000, 0));
    assert!(run.achieved_of_asked().unwrap() >= 0.99, "{:?}", run.achieved_of_asked());
    assert_eq!(run.send_lag.unwrap().count(), 2_000);
    assert_eq!(run.pacing_lag.unwrap().count(), 2_000);
}

#[tokio::test]
async fn a_rate_beyond_the_servers_ceiling_is_not_achieved_and_the_wait_counts() {
    let server = closing_after_each_answer(Duration::from_millis(20));
    // One connection and 20 ms for each response allow at most 50 requests a second; 200 are asked for.
    let plan = FixedRate::new(200.0, 1, Duration::from_millis(500));
    let run = load::run(&server.target(), &Load::Fixed(plan)).await.unwrap();
    assert_eq!(run.answered, 100);
    assert!(run.achieved_of_asked().unwrap() < 0.5, "{:?}", run.achieved_of_asked());
    // The last arrival was due at 495 ms and got its response after 100 × 20 ms.
    assert!(run.latency.max_us() >= 1_500_000.0, "{}", run.latency.max_us());
}

#[tokio::test]
async fn a_connection_that_the_server_closes_is_opened_again_and_counted() {
    let server = closing_after_each_answer(Duration::ZERO);
    let plan = ClosedLoop { max_requests: 10, ..ClosedLoop::new(1, LONG) };
    let run = load::run(&server.target(), &Load::Closed(plan)).await.unwrap();
    assert_eq!((run.answered, run.errors.reconnects), (10, 9));
    assert_eq!(run.errors.total(), 0, "a server may close a connection after any answer");
}

#[tokio::test]
async fn a_server_that_never_answers_ends_the_closed_loop_with_the_grace() {
    let server = silent();
    let begun = Instant::now();
    let plan =
        ClosedLoop { grace: Duration::from_millis(100), ..ClosedLoop::new(4, Duration::from_millis(100)) };
    let run = load::run(&server.target(), &Load::Closed(plan)).await.unwrap();
    assert_eq!((run.answered, run.errors.unfinished, accounted(&run)), (0, 4, 4));
    assert!(run.latency.max_us() >= 150_000.0, "they waited into the grace: {}", run.latency.max_us());
    assert!(begun.elapsed() < LONG);
}

#[tokio::test]
async fn a_full_queue_is_reported_and_every_arrival_is_accounted_for() {
    let server = silent();
    let plan = FixedRate {
        queue: 10,
        grace: Duration::from_millis(50),
        ..FixedRate::new(1_000.0, 1, Duration::from_millis(200))
    };
    let run = load::run(&server.target(), &Load::Fixed(plan)).await.unwrap();
    // One is in flight, ten wait, and the queue had no room for the others.
    assert_eq!((run.errors.unfinished, run.errors.overflowed), (11, 189));
    assert_eq!(accounted(&run), 200);
}

#[tokio::test]
async fn a_server_that_dies_under_load_leaves_no_arrival_unaccounted_for() {
    let mut server = DoNothing::start(200);
    let target = server.target();
    let grace = Duration::from_millis(100);
    let plan = Load::Fixed(FixedRate { grace, ..FixedRate::new(500.0, 4, Duration::from_secs(1)) });
    let dying = async {
        // The server must die after some responses and before the last.
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.kill();
    };
    let (run, ()) = tokio::join!(load::run(&target, &plan), dying);
    let run = run.unwrap();
    assert!(run.answered > 0 && run.answered < 500, "{}", run.answered);
    assert!(run.errors.refused_connections > 0);
    assert_eq!(run.outcomes.count(&Outcome::Refused), run.errors.refused_connections);
    assert_eq!(run.outcomes.total(), run.answered + run.errors.total(), "every error has a cause");
    assert_eq!(accounted(&run), 500);
}

#[tokio::test]
async fn a_run_that_is_dropped_lets_go_of_the_server() {
    let server = silent();
    let target = server.target();
    for plan in [Load::Closed(ClosedLoop::new(1, LONG)), Load::Fixed(FixedRate::new(100.0, 1, LONG))] {
        let given_up = tokio::time::timeout(Duration::from_millis(100), load::run(&target, &plan)).await;
        assert!(given_up.is_err());
        assert!(server.saw_a_client_leave(), "the connection outlived the run");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_in_the_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let target = Target::get(&format!("http://{address}"), "/me", Reach::LoopbackOnly).unwrap();
    let refused = load::run(&target, &exactly(1)).await.unwrap_err();
    assert!(matches!(refused, LoadError::Connect { .. }));
    assert_eq!(refused.to_string(), format!("could not connect to {address}: is the server running?"));
}
