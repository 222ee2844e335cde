//! The test that a load generator must pass before its latencies are believed: a server is stopped for half a second, and
//! arithmetic says what must come out.
//!
//! Nothing here is compared with a constant. The stall is measured by a probe that shares no code with the generator, from
//! the moment the server is stopped to the moment it answers again, and what the percentile must be follows from that.
//! The tolerance is 5 %, which a machine that is busy with something else can exceed by starving the generator itself. So
//! there are up to five attempts: a generator that omits reads a hundredth of the truth, and no repetition makes that right.
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::TURN;
use crate::do_nothing::DoNothing;
use measure::load::{self, ClosedLoop, FixedRate, Load, Run};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

const STOPPED: Duration = Duration::from_millis(500);
const TOLERANCE: f64 = 0.05;
const ATTEMPTS: usize = 5;

/// Stops the server for half a second and says how long it was away as seen by its client.
async fn freeze(pid: u32, address: SocketAddr) -> Duration {
    let pid = Pid::from_raw(i32::try_from(pid).expect("a process id"));
    let mut probe = TcpStream::connect(address).expect("the server still listens");
    let stopped_at = Instant::now();
    kill(pid, Signal::SIGSTOP).expect("the server is ours to stop");
    waitpid(pid, Some(WaitPidFlag::WUNTRACED)).expect("it has stopped");
    probe.write_all(b"GET /me HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("the kernel takes the request");
    // A length of time that is itself the subject: there is no condition to wait for.
    tokio::time::sleep_until((stopped_at + STOPPED).into()).await;
    kill(pid, Signal::SIGCONT).expect("the server is ours to continue");
    let answered = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        BufReader::new(probe).read_line(&mut line).expect("the server answers again");
        assert_eq!(line, "HTTP/1.1 200 OK\r\n");
        Instant::now()
    });
    answered.await.expect("the probe has its answer") - stopped_at
}

/// Puts the server under `load` and freezes it in the middle; says what the generator saw and how long the stall was.
async fn frozen_under(load: &Load, freeze_after: Duration) -> (Run, Duration) {
    let server = DoNothing::start(200);
    let (pid, target) = (server.pid(), server.target());
    let address = target.address();
    let stall = tokio::spawn(async move {
        tokio::time::sleep(freeze_after).await;
        freeze(pid, address).await
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
        // Whoever arrived t after the stop waited (stall - t). One per cent of the requests of 8 s are those of 80 ms, so
        // the 99th percentile is the wait of whoever arrived 80 ms after the stop: about 420 ms.
        let p99 = reads("p99", run.latency.quantile_us(0.99), stall - length / 100);
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
    // Each connection stood in the freeze with one request, and the hundreds behind it were never sent.
    assert_eq!(slow, connections as u64);
    let p99 = Duration::from_secs_f64(run.latency.quantile_us(0.99) / 1e6);
    println!("p99 of the closed loop: {p99:?} beside a stall of {stall:?}");
    assert!(p99 < stall / 4, "{p99:?}");
}
