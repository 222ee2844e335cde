//! The fixed arrival rate: requests follow a schedule that does not depend on how the server responds.

use std::time::{Duration, Instant};

use super::connection::Connection;
use super::error::LoadError;
use super::generator::{self, Worker};
use super::pacing::{self, Schedule, StopOnDrop};
use super::plan::FixedRate;
use super::queue::ArrivalQueue;
use super::run::Run;
use super::tally::{Sent, SharedTally};
use super::target::Target;

/// How long after now the first arrival is due, so that the pacing thread is running by then.
const UNTIL_FIRST: Duration = Duration::from_millis(5);

pub(super) async fn run<T>(
    target: &Target,
    plan: &FixedRate,
    connected: impl Future<Output = T>,
) -> Result<(Run, T), LoadError> {
    let stop = StopOnDrop::default();
    let queue = ArrivalQueue::new(plan.queue);
    let last_answer = plan.duration + plan.grace;
    let worker = Carrier { target: target.clone(), queue: queue.clone(), last_answer };
    let ready = generator::connect(target, plan.connections, plan.threads, worker).await?;
    let connected = connected.await;
    let start = Instant::now() + UNTIL_FIRST;
    let schedule = Schedule { start, rate_rps: plan.rate_rps, arrivals: plan.arrivals() };
    let paced = pacing::spawn(schedule, queue.clone(), stop.flag()).map_err(LoadError::Thread)?;
    ready.start(start);
    let (mut tally, mut cpu) = generator::gather(ready.finish().await?);
    // An arrival that no connection carried within the grace has waited for the whole time, and must be counted too.
    while let Some(intended) = queue.pop() {
        tally.given_up(intended, None);
    }
    let paced = paced.await.map_err(|_gone| LoadError::Lost)?;
    cpu.push(paced.cpu);
    tally.overflowed(paced.overflowed);
    let elapsed = tally.last.map_or(Duration::ZERO, |last| last - start).max(scheduled(plan));
    let run = Run {
        elapsed,
        answered: tally.answered,
        body_bytes: tally.body_bytes,
        outcomes: Run::outcomes(target, tally.answered, tally.failures),
        errors: tally.errors,
        latency: tally.latency,
        send_lag: Some(tally.send_lag),
        pacing_lag: Some(paced.lag),
        asked_rps: Some(plan.rate_rps),
        connections: plan.connections,
        in_flight: tally.in_flight,
        generator: generator::cost(&cpu, elapsed),
    };
    Ok((run, connected))
}

/// The length of the schedule: one period for each arrival, including the last one.
fn scheduled(plan: &FixedRate) -> Duration {
    Duration::from_secs_f64(plan.arrivals() as f64 / plan.rate_rps)
}

#[derive(Clone)]
struct Carrier {
    target: Target,
    queue: ArrivalQueue,
    /// How long after the start even the last response is no longer waited for.
    last_answer: Duration,
}

impl Worker for Carrier {
    async fn work(self, mut connection: Connection, start: Instant, tally: SharedTally) {
        let end = start + self.last_answer;
        let mut on_its_way = None;
        let requests = async {
            while let Some(intended) = self.queue.next().await {
                on_its_way = Some((intended, None));
                if !connection.is_open().await && !connection.reopen(&self.target, &tally, end).await {
                    break;
                }
                let sent = Instant::now();
                on_its_way = Some((intended, Some(sent)));
                let answer = connection.exchange(&self.target).await;
                on_its_way = None;
                tally.lock().ended(&self.target, Sent { intended, sent }, answer);
            }
        };
        // Whether time ran out or the connection was lost, an arrival that was taken from the queue must be counted.
        tokio::time::timeout_at(end.into(), requests).await.ok();
        if let Some((intended, sent)) = on_its_way {
            tally.lock().given_up(intended, sent);
        }
    }
}
