//! The closed loop: every connection sends its next request as soon as the server has responded.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::error::LoadError;
use super::generator::{self, Worker};
use super::plan::ClosedLoop;
use super::run::Run;
use super::tally::{Sent, SharedTally};
use super::target::Target;

pub(super) async fn run<T>(
    target: &Target,
    plan: &ClosedLoop,
    connected: impl Future<Output = T>,
) -> Result<(Run, T), LoadError> {
    let worker = Loop {
        target: target.clone(),
        duration: plan.duration,
        grace: plan.grace,
        left: Arc::new(AtomicU64::new(plan.max_requests)),
    };
    let ready = generator::connect(target, plan.connections, plan.threads, worker).await?;
    let connected = connected.await;
    let start = Instant::now();
    ready.start(start);
    let (tally, cpu) = generator::gather(ready.finish().await?);
    let elapsed = tally.last.map_or(plan.duration, |last| last - start);
    let run = Run {
        elapsed,
        answered: tally.answered,
        body_bytes: tally.body_bytes,
        outcomes: Run::outcomes(target, tally.answered, tally.failures),
        errors: tally.errors,
        latency: tally.latency,
        send_lag: None,
        pacing_lag: None,
        asked_rps: None,
        connections: plan.connections,
        in_flight: tally.in_flight,
        generator: generator::cost(&cpu, elapsed),
    };
    Ok((run, connected))
}

#[derive(Clone)]
struct Loop {
    target: Target,
    duration: Duration,
    grace: Duration,
    left: Arc<AtomicU64>,
}

impl Worker for Loop {
    async fn work(self, mut connection: Connection, start: Instant, tally: SharedTally) {
        let end = start + self.duration;
        let mut on_its_way = None;
        let requests = async {
            while Instant::now() < end && self.may_send() {
                if !connection.is_open().await && !connection.reopen(&self.target, &tally, end).await {
                    break;
                }
                let sent = Instant::now();
                on_its_way = Some(sent);
                let answer = connection.exchange(&self.target).await;
                on_its_way = None;
                tally.lock().ended(&self.target, Sent { intended: sent, sent }, answer);
            }
        };
        let in_time = tokio::time::timeout_at((end + self.grace).into(), requests).await;
        if let (Err(_elapsed), Some(sent)) = (in_time, on_its_way) {
            tally.lock().given_up(sent, Some(sent));
        }
    }
}

impl Loop {
    /// Takes one request from the number that the plan allows; false when none is left.
    fn may_send(&self) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}
