//! The pacing thread: releases each arrival when it is due, whatever the server and the connections are doing.
//!
//! The timer of an async runtime ticks in milliseconds and would bias every latency by about one of them. So a separate
//! operating system thread keeps the schedule: it parks until shortly before an arrival is due, then spins. Spinning
//! longer would be more precise, but would take a core from a server that shares the machine.

use std::hint;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::latencies::Latencies;
use super::queue::ArrivalQueue;
use crate::process;

/// How long before an arrival the thread wakes up and spins. A parked thread wakes some 10 to 50 µs late on Linux even
/// with its timer slack removed; any remaining lateness is recorded as pacing lag.
const SPIN: Duration = Duration::from_micros(40);

/// The longest time that the thread parks at once: within this time it notices that it must stop.
const LONGEST_PARK: Duration = Duration::from_millis(50);

/// The schedule of arrivals: they are due at `start`, `start + 1 / rate`, and so on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schedule {
    pub(super) start: Instant,
    pub(super) rate_rps: f64,
    pub(super) arrivals: u64,
}

impl Schedule {
    /// When arrival `index` is due. It is computed from the start each time, because adding periods would accumulate
    /// rounding.
    fn due(&self, index: u64) -> Instant {
        self.start + Duration::from_secs_f64(index as f64 / self.rate_rps)
    }
}

/// The results of the pacing thread.
pub(super) struct Paced {
    /// How late arrivals were released.
    pub(super) lag: Latencies,
    /// Arrivals for which the queue had no room.
    pub(super) overflowed: u64,
    pub(super) cpu: Option<Duration>,
}

/// Starts the pacing thread. It closes the queue after the last arrival.
pub(super) fn spawn(
    schedule: Schedule,
    queue: ArrivalQueue,
    stop: Arc<AtomicBool>,
) -> io::Result<oneshot::Receiver<Paced>> {
    let (report, paced) = oneshot::channel();
    thread::Builder::new().name("load-pacing".to_owned()).spawn(move || {
        // If the receiver is gone, the run was given up.
        report.send(pace(schedule, &queue, &stop)).ok();
    })?;
    Ok(paced)
}

fn pace(schedule: Schedule, queue: &ArrivalQueue, stop: &AtomicBool) -> Paced {
    process::ask_for_precise_timers();
    let before = process::this_thread_cpu_time();
    let mut lag = Latencies::new();
    let mut overflowed = 0;
    for index in 0..schedule.arrivals {
        let due = schedule.due(index);
        let Some(released) = wait_until(due, stop) else { break };
        lag.record(released - due);
        overflowed += u64::from(!queue.push(due));
    }
    queue.close();
    let cpu = before.zip(process::this_thread_cpu_time()).map(|(before, after)| after - before);
    Paced { lag, overflowed, cpu }
}

/// Calls `release` for each of some arrivals when it is due: at `start`, `start + 1 / rate`, and so on, each with its index
/// and the time at which it is due. It blocks the calling thread, and ends early when `release` returns false.
///
/// For clients that the load generator has none of, such as one whose next request depends on its last response. They must
/// count latency from the time that they are given: counted from the sending, a server that stalls would look fast.
///
/// ```
/// use std::time::Instant;
///
/// use measure::load::on_schedule;
///
/// let (start, mut due) = (Instant::now(), Vec::new());
/// on_schedule(start, 1_000.0, 3, |_, at| {
///     due.push((at - start).as_micros());
///     true
/// });
/// assert_eq!(due, [0, 1_000, 2_000]);
/// assert!(start.elapsed().as_micros() >= 2_000);
/// ```
pub fn on_schedule(
    start: Instant,
    rate_rps: f64,
    arrivals: u64,
    mut release: impl FnMut(u64, Instant) -> bool,
) {
    process::ask_for_precise_timers();
    let (schedule, never) = (Schedule { start, rate_rps, arrivals }, AtomicBool::new(false));
    for index in 0..schedule.arrivals {
        let due = schedule.due(index);
        if wait_until(due, &never).is_none() || !release(index, due) {
            break;
        }
    }
}

/// Waits until `due` and returns when it stopped waiting; `None` when it was told to stop.
fn wait_until(due: Instant, stop: &AtomicBool) -> Option<Instant> {
    loop {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        let now = Instant::now();
        let left = due.saturating_duration_since(now);
        if left.is_zero() {
            return Some(now);
        }
        if left > SPIN {
            thread::park_timeout((left - SPIN).min(LONGEST_PARK));
        } else {
            hint::spin_loop();
        }
    }
}

/// Stops the pacing thread when the run's future is dropped, so that the load stops with it.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_are_due_at_multiples_of_the_period_without_drift() {
        let start = Instant::now();
        let schedule = Schedule { start, rate_rps: 3_000.0, arrivals: 0 };
        assert_eq!(schedule.due(0), start);
        assert_eq!(schedule.due(3_000), start + Duration::from_secs(1));
        assert_eq!(schedule.due(3_000_000), start + Duration::from_secs(1_000));
    }

    #[test]
    fn an_arrival_is_never_released_before_it_is_due() {
        let due = Instant::now() + Duration::from_millis(3);
        assert!(wait_until(due, &AtomicBool::new(false)).unwrap() >= due);
    }

    #[test]
    fn a_schedule_ends_when_its_arrivals_are_not_wanted_any_more() {
        let mut released = Vec::new();
        on_schedule(Instant::now(), 10_000.0, 1_000, |index, _| {
            released.push(index);
            index < 2
        });
        assert_eq!(released, [0, 1, 2]);
    }

    #[test]
    fn a_pacing_thread_that_is_told_to_stop_does_not_wait() {
        let in_an_hour = Instant::now() + Duration::from_secs(3_600);
        assert_eq!(wait_until(in_an_hour, &AtomicBool::new(true)), None);
    }
}
