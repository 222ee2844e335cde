//! The results of one run of load.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::latencies::Latencies;
use super::outcome::{Outcome, Outcomes};
use super::plan::Load;
use super::target::Target;

/// The errors of a run, in few kinds; [`Outcomes`] has the cause of each. None of them is retried or left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errors {
    /// Responses with a status other than the expected one: the count of each status.
    pub unexpected_status: BTreeMap<u16, u64>,
    /// Requests whose response did not come, broke off or was not valid HTTP, and responses with further statuses when
    /// there are too many different ones.
    pub broken: u64,
    /// Times that a connection was opened again because the server had closed it. The server may close it after any
    /// response (RFC 9112 §9.6), so this is no error of its own.
    pub reconnects: u64,
    /// Times that a connection could not be opened again.
    pub refused_connections: u64,
    /// Requests without a response when the grace was over; with a fixed rate, this includes requests that were never
    /// sent.
    pub unfinished: u64,
    /// Arrivals that found the queue full and were never sent.
    pub overflowed: u64,
}

impl Errors {
    /// The number of errors together: of requests, and of attempts to open a connection.
    pub fn total(&self) -> u64 {
        let statuses: u64 = self.unexpected_status.values().sum();
        statuses + self.broken + self.refused_connections + self.unfinished + self.overflowed
    }

    /// The errors without the requests that were never sent: those waited for a server that was too slow for the rate,
    /// but did not fail.
    pub fn failed(&self) -> u64 {
        self.total() - self.overflowed
    }

    /// Adds the errors of another run.
    pub fn merge(&mut self, other: &Self) {
        for (status, count) in &other.unexpected_status {
            *self.unexpected_status.entry(*status).or_default() += count;
        }
        self.broken += other.broken;
        self.reconnects += other.reconnects;
        self.refused_connections += other.refused_connections;
        self.unfinished += other.unfinished;
        self.overflowed += other.overflowed;
    }
}

/// CPU cost of the generator itself, read from the CPU clocks of its own threads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeneratorCpu {
    /// User and system time of all generator threads.
    pub time: Duration,
    /// The share of the run (0.0 to 1.0) for which the busiest thread was on a core. Near 1, the generator is what was
    /// measured.
    pub busiest_share: f64,
}

/// The results of one run.
#[derive(Debug, Clone)]
pub struct Run {
    /// From the start of the clock to the last response; for a fixed rate, at least the length of the schedule.
    pub elapsed: Duration,
    /// Requests that got the expected response, its body read to the end.
    pub answered: u64,
    /// Total body size of those responses, in bytes.
    pub body_bytes: u64,
    /// What happened to each request and to each attempt to open a connection again.
    pub outcomes: Outcomes,
    /// Errors, in few kinds.
    pub errors: Errors,
    /// Latencies of the expected responses. Unfinished requests are included with the time that they had waited when
    /// they were given up: a lower bound is better than leaving them out. A fixed rate counts from the moment when the
    /// request was due, a closed loop from the moment of sending. Wrong or broken responses are left out: failing fast
    /// must not look like speed.
    pub latency: Latencies,
    /// Fixed rate only: the time from the due moment to the sending. It includes the wait for a free connection.
    pub send_lag: Option<Latencies>,
    /// Fixed rate only: how late the pacing thread released arrivals. This lateness is caused by the generator itself.
    pub pacing_lag: Option<Latencies>,
    /// Fixed rate only: the arrivals per second that were asked for.
    pub asked_rps: Option<f64>,
    /// The number of open connections.
    pub connections: usize,
    /// The time for which requests were in flight, summed over all connections.
    pub in_flight: Duration,
    /// The generator's own CPU cost; `None` where the system has no CPU clock per thread.
    pub generator: Option<GeneratorCpu>,
}

impl Run {
    /// A run in which no connection could be opened.
    pub(crate) fn unconnected(load: &Load, error: &io::Error) -> Self {
        let (connections, asked_rps) = match load {
            Load::Closed(plan) => (plan.connections, None),
            Load::Fixed(plan) => (plan.connections, Some(plan.rate_rps)),
        };
        let mut outcomes = Outcomes::default();
        outcomes.add(Outcome::of_io(error), connections as u64);
        Self {
            elapsed: Duration::ZERO,
            answered: 0,
            body_bytes: 0,
            outcomes,
            errors: Errors { refused_connections: connections as u64, ..Errors::default() },
            latency: Latencies::new(),
            send_lag: None,
            pacing_lag: None,
            asked_rps,
            connections,
            in_flight: Duration::ZERO,
            generator: None,
        }
    }

    /// The expected responses, and everything else that happened.
    pub(super) fn outcomes(target: &Target, answered: u64, failures: Outcomes) -> Outcomes {
        let mut all = Outcomes::default();
        all.add(Outcome::Answered(target.expected().as_u16()), answered);
        all.merge(&failures);
        all
    }

    /// Expected responses per second.
    pub fn throughput_rps(&self) -> f64 {
        per(self.answered as f64, self.elapsed.as_secs_f64())
    }

    /// All requests that the server answered or may have worked on. Costs per request are divided by this number.
    pub fn requests(&self) -> u64 {
        let statuses: u64 = self.errors.unexpected_status.values().sum();
        self.answered + statuses + self.errors.broken
    }

    /// The share of the asked rate that was achieved; `None` for a closed loop, which asks for no rate.
    pub fn achieved_of_asked(&self) -> Option<f64> {
        self.asked_rps.map(|asked| per(self.throughput_rps(), asked))
    }

    /// How far the run is off Little's law, as a share (0.03 is 3 %); `None` for a fixed rate.
    ///
    /// In a closed loop each connection always has one request in flight, so throughput × mean latency must equal the
    /// number of connections. A difference is time in which connections were idle, because the generator was slow to
    /// send or a connection was lost. With a fixed rate the law holds by construction and says nothing.
    pub fn littles_law_off(&self) -> Option<f64> {
        if self.asked_rps.is_some() {
            return None;
        }
        let possible = self.connections as f64 * self.elapsed.as_secs_f64();
        Some((1.0 - per(self.in_flight.as_secs_f64(), possible)).abs())
    }
}

fn per(amount: f64, unit: f64) -> f64 {
    if unit > 0.0 { amount / unit } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn closed(in_flight_s: u64) -> Run {
        Run {
            elapsed: Duration::from_secs(2),
            answered: 9_000,
            body_bytes: 0,
            outcomes: Outcomes::default(),
            errors: Errors {
                unexpected_status: BTreeMap::from([(401, 2), (503, 3)]),
                broken: 5,
                reconnects: 7,
                refused_connections: 11,
                unfinished: 13,
                overflowed: 17,
            },
            latency: Latencies::new(),
            send_lag: None,
            pacing_lag: None,
            asked_rps: None,
            connections: 10,
            in_flight: Duration::from_secs(in_flight_s),
            generator: None,
        }
    }

    #[test]
    fn throughput_counts_expected_answers_and_cost_counts_all_work() {
        assert_eq!(closed(20).throughput_rps(), 4_500.0);
        assert_eq!(closed(20).requests(), 9_010);
    }

    #[test]
    fn a_connection_that_is_opened_again_is_no_error_and_one_that_cannot_be_is() {
        let errors = closed(20).errors;
        assert_eq!(errors.total(), 2 + 3 + 5 + 11 + 13 + 17);
        assert_eq!(errors.failed(), errors.total() - 17, "what was never sent did not fail");
    }

    #[test]
    fn connections_that_were_always_busy_obey_littles_law_and_idle_ones_do_not() {
        assert_eq!(closed(20).littles_law_off(), Some(0.0));
        assert!((closed(15).littles_law_off().unwrap() - 0.25).abs() < 1e-9);
    }

    #[test]
    fn only_a_fixed_rate_is_held_against_what_was_asked() {
        assert_eq!(closed(20).achieved_of_asked(), None);
        let fixed = Run { asked_rps: Some(5_000.0), ..closed(20) };
        assert_eq!(fixed.achieved_of_asked(), Some(0.9));
        assert_eq!(fixed.littles_law_off(), None);
    }

    #[test]
    fn merged_errors_are_the_sum_of_both() {
        let mut errors = closed(20).errors;
        errors.merge(&closed(20).errors);
        assert_eq!((errors.total(), errors.reconnects), (102, 14));
        assert_eq!(errors.unexpected_status, BTreeMap::from([(401, 4), (503, 6)]));
    }
}
