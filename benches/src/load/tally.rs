//! The counters of one generator thread.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::answer::Answer;
use super::latencies::Latencies;
use super::outcome::{Outcome, Outcomes};
use super::run::Errors;
use super::target::Target;

/// The most unexpected statuses that are counted apart, so that a server does not choose how much memory they take.
const MOST_STATUSES: usize = 24;

/// The counters of one thread, shared by its connections: one histogram stays in the CPU cache, sixty would not.
#[derive(Clone)]
pub(super) struct SharedTally(Arc<Mutex<Tally>>);

pub(super) struct Tally {
    pub(super) answered: u64,
    pub(super) body_bytes: u64,
    pub(super) errors: Errors,
    /// The same errors, each with its cause.
    pub(super) failures: Outcomes,
    pub(super) latency: Latencies,
    pub(super) send_lag: Latencies,
    pub(super) in_flight: Duration,
    /// When the last request ended, with or without a response.
    pub(super) last: Option<Instant>,
}

/// A request in flight: when it was due and when it was sent.
#[derive(Clone, Copy)]
pub(super) struct Sent {
    pub(super) intended: Instant,
    pub(super) sent: Instant,
}

impl SharedTally {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Tally::new())))
    }

    /// Locks the counters. Only the connections of one thread lock them, one at a time, so this never blocks.
    pub(super) fn lock(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take(&self) -> Tally {
        std::mem::replace(&mut *self.lock(), Tally::new())
    }
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            answered: 0,
            body_bytes: 0,
            errors: Errors::default(),
            failures: Outcomes::default(),
            latency: Latencies::new(),
            send_lag: Latencies::new(),
            in_flight: Duration::ZERO,
            last: None,
        }
    }

    /// Counts the result of a request.
    pub(super) fn ended(&mut self, target: &Target, request: Sent, answer: Result<Answer, Outcome>) {
        let now = Instant::now();
        self.in_flight += now - request.sent;
        self.send_lag.record(request.sent - request.intended);
        self.last = Some(now);
        match answer {
            Ok(answer) if target.expects(answer.status) => {
                self.answered += 1;
                self.body_bytes += answer.body_bytes;
                self.latency.record(now - request.intended);
            }
            Ok(answer) => self.unexpected(answer.status.as_u16()),
            Err(cause) => {
                self.errors.broken += 1;
                self.failures.add(cause, 1);
            }
        }
    }

    fn unexpected(&mut self, status: u16) {
        let statuses = &mut self.errors.unexpected_status;
        if statuses.len() < MOST_STATUSES || statuses.contains_key(&status) {
            *statuses.entry(status).or_default() += 1;
        } else {
            self.errors.broken += 1;
        }
        self.failures.add(Outcome::Answered(status), 1);
    }

    /// Counts an attempt to open a connection that failed.
    pub(super) fn not_connected(&mut self, error: &io::Error) {
        self.errors.refused_connections += 1;
        self.failures.add(Outcome::of_io(error), 1);
    }

    /// Counts arrivals that were never sent, because the queue was full.
    pub(super) fn overflowed(&mut self, count: u64) {
        self.errors.overflowed += count;
        self.failures.add(Outcome::NotSent, count);
    }

    /// Counts a request that was given up at the end of the grace. `sent` is `None` when the request was never sent.
    pub(super) fn given_up(&mut self, intended: Instant, sent: Option<Instant>) {
        let now = Instant::now();
        self.errors.unfinished += 1;
        self.failures.add(Outcome::TimedOut, 1);
        self.latency.record(now - intended);
        self.last = Some(now);
        if let Some(sent) = sent {
            self.in_flight += now - sent;
        }
    }

    /// Adds the counters of another thread.
    pub(super) fn merge(&mut self, other: &Self) {
        self.answered += other.answered;
        self.body_bytes += other.body_bytes;
        self.errors.merge(&other.errors);
        self.failures.merge(&other.failures);
        self.latency.merge(&other.latency);
        self.send_lag.merge(&other.send_lag);
        self.in_flight += other.in_flight;
        self.last = self.last.max(other.last);
    }
}
