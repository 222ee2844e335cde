//! The closed loop: as fast as the server answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::generator::{self, Worker};
use super::tally::{Sent, SharedTally};
use super::{ClosedLoop, LoadError, Run, Target};

/// How long a connection waits before it tries again to reach a server that refuses: enough not to spin.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(10);

pub(super) async fn run(target: &Target, plan: &ClosedLoop) -> Result<Run, LoadError> {
    let stop = StopOnDrop::default();
    let worker = Loop {
        target: target.clone(),
        duration: plan.duration,
        grace: plan.grace,
        left: Arc::new(AtomicU64::new(plan.max_requests)),
        stop: stop.flag(),
    };
    let ready = generator::connect(target, plan.connections, plan.threads, worker).await?;
    let start = Instant::now();
    ready.start(start);
    let (tally, cpu) = generator::gather(ready.finish().await?);
    let elapsed = tally.last.map_or(plan.duration, |last| last - start);
    Ok(Run {
        elapsed,
        answered: tally.answered,
        body_bytes: tally.body_bytes,
        errors: tally.errors,
        latency: tally.latency,
        send_lag: None,
        pacing_lag: None,
        asked_rps: None,
        connections: plan.connections,
        in_flight: tally.in_flight,
        generator: generator::cost(&cpu, elapsed),
    })
}

#[derive(Clone)]
struct Loop {
    target: Target,
    duration: Duration,
    grace: Duration,
    left: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl Worker for Loop {
    async fn work(self, mut connection: Connection, start: Instant, tally: SharedTally) {
        let end = start + self.duration;
        let mut on_its_way = None;
        let requests = async {
            while Instant::now() < end && self.may_send() {
                let sent = Instant::now();
                on_its_way = Some(sent);
                let answer = connection.exchange(&self.target).await;
                on_its_way = None;
                tally.lock().ended(&self.target, Sent { intended: sent, sent }, answer);
                if connection.is_closed() {
                    match reopen(&self.target, &tally, end).await {
                        Some(fresh) => connection = fresh,
                        None => break,
                    }
                }
            }
        };
        let in_time = tokio::time::timeout_at((end + self.grace).into(), requests).await;
        if let (Err(_elapsed), Some(sent)) = (in_time, on_its_way) {
            tally.lock().given_up(sent, Some(sent));
        }
    }
}

impl Loop {
    fn may_send(&self) -> bool {
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        taken.is_ok() && !self.stop.load(Ordering::Relaxed)
    }
}

/// Opens a lost connection again, counting each attempt; none when that did not succeed before `end`.
pub(super) async fn reopen(target: &Target, tally: &SharedTally, end: Instant) -> Option<Connection> {
    loop {
        match Connection::open(target).await {
            Ok(connection) => {
                tally.lock().errors.reconnects += 1;
                return Some(connection);
            }
            Err(_refused) => tally.lock().errors.refused_connections += 1,
        }
        if Instant::now() + BETWEEN_ATTEMPTS >= end {
            return None;
        }
        tokio::time::sleep(BETWEEN_ATTEMPTS).await;
    }
}

/// Tells the workers to end when the run's future is dropped, so that load never outlives the interest in it.
#[derive(Default)]
pub(super) struct StopOnDrop(Arc<AtomicBool>);

impl StopOnDrop {
    pub(super) fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
