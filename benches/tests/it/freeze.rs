//! The test that a load generator must pass before its latencies are believed: a server is stopped for half a second,
//! and the generator's figures must equal the arithmetic result.
//!
//! Nothing here is compared with a constant. A probe that shares no code with the generator measures the stall, from the
//! moment when the server is stopped to the moment when it responds again, and the right percentile follows from that.
//! The tolerance is 5 %. A machine that is busy with something else can exceed it by starving the generator itself, so
//! there are up to five attempts. A generator that omits reads a hundredth of the true value, and no repetition makes
//! that pass.
use std::time::Duration;

use crate::TURN;
use crate::do_nothing::DoNothing;
use measure::freeze;
use measure::load::{self, ClosedLoop, FixedRate, Load, Run};

const STOPPED: Duration = Duration::from_millis(500);
const TOLERANCE: f64 = 0.05;
const ATTEMPTS: usize = 5;

/// Puts the server under `load` and freezes it in the middle; returns the generator's results and the length of the
/// stall.
async fn frozen_under(load: &Load, freeze_after: Duration) -> (Run, Duration) {
    let server = DoNothing::start(200);
    let (pid, target) = (server.pid(), server.target());
    let address = target.address();
    let stall = tokio::spawn(async move {
        tokio::time::sleep(freeze_after).await;
        freeze::stall(pid, address, STOPPED).await.expect("the server is ours to stop")
    });
    let run = load::run(&target, load).await.expect("the server is there");
    assert_eq!(run.errors.total(), 0, "{:?}", run.errors);
    (run, stall.await.expect("the freeze was measured"))
}

fn reads(what: &str, measured_us: f64, expected: Duration) -> bool {
    let expected_us = expected.as_secs_f64() * 1e6;
    let off = (measured_us - expected_us) / expected_us;
    println!("{what}: {measured_us:.0} µs, must be {expected_us:.0} µs: {:+.1} % off", off * 100.0);
    off.abs() <= TOLERANCE
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fixed_rate_shows_a_freeze_at_its_full_length() {
    let _turn = TURN.lock().await;
    let length = Duration::from_secs(8);
    let plan = Load::Fixed(FixedRate::new(1_000.0, 32, length));
    for _attempt in 0..ATTEMPTS {
        let (run, stall) = frozen_under(&plan, Duration::from_secs(3)).await;
        assert_eq!(run.answered, 8_000);
        // A request that arrived t after the stop waited (stall - t). One per cent of the requests of 8 s arrive in 80
        // ms, so the 99th percentile is the wait of the request that arrived 80 ms after the stop: about 420 ms.
        let p99 = reads("p99", run.latency.quantile_us(0.99), freeze::p99_of(stall, length));
        if p99 && reads("max", run.latency.max_us(), stall) {
            return;
        }
    }
    panic!("no attempt of {ATTEMPTS} read the freeze within {:.0} %", TOLERANCE * 100.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_loop_would_have_hidden_the_same_freeze() {
    let _turn = TURN.lock().await;
    let connections = 8;
    let plan = Load::Closed(ClosedLoop::new(connections, Duration::from_secs(4)));
    let (run, stall) = frozen_under(&plan, Duration::from_secs(1)).await;
    let half_the_stall = u64::try_from(stall.as_nanos() / 2).unwrap();
    let slow: u64 =
        run.latency.buckets().iter().filter(|(ns, _)| *ns > half_the_stall).map(|(_, count)| count).sum();
    // Each connection waited in the freeze with one request, and the hundreds of requests after it were never sent.
    assert_eq!(slow, connections as u64);
    let p99 = Duration::from_secs_f64(run.latency.quantile_us(0.99) / 1e6);
    println!("p99 of the closed loop: {p99:?} beside a stall of {stall:?}");
    assert!(p99 < stall / 4, "{p99:?}");
}
