//! What one run of load found.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Latencies;

/// Everything that did not go as asked, by kind. None of it is retried or left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Errors {
    /// Answers with another status than the expected one: how many of each.
    pub unexpected_status: BTreeMap<u16, u64>,
    /// Requests whose answer broke off or was no HTTP.
    pub broken: u64,
    /// Times that a connection had to be opened again because the server had closed it.
    pub reconnects: u64,
    /// Times that a connection could not be opened again.
    pub refused_connections: u64,
    /// Requests that had no answer when the grace was over; those of a fixed rate that were never sent are among them.
    pub unfinished: u64,
    /// Arrivals that found the queue full and were never sent.
    pub overflowed: u64,
}

impl Errors {
    /// All kinds together.
    pub fn total(&self) -> u64 {
        let statuses: u64 = self.unexpected_status.values().sum();
        statuses
            + self.broken
            + self.reconnects
            + self.refused_connections
            + self.unfinished
            + self.overflowed
    }

    /// Adds another's.
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

/// What the generator itself cost, read from the CPU clocks of its own threads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeneratorCpu {
    /// User and system time of all its threads.
    pub time: Duration,
    /// The share of the run (0.0 to 1.0) that its busiest thread was on a core. Near 1 the generator is what was measured.
    pub busiest_share: f64,
}

/// What one run found.
#[derive(Debug, Clone)]
pub struct Run {
    /// From the start of the clock to the last answer; for a fixed rate, at least the length of the schedule.
    pub elapsed: Duration,
    /// Requests that had the expected answer, its body read to the end.
    pub answered: u64,
    /// Bytes of the bodies of those answers.
    pub body_bytes: u64,
    /// What went wrong.
    pub errors: Errors,
    /// How long the expected answers took, and how long unfinished requests had waited when they were given up (a lower
    /// bound is better than leaving them out). A fixed rate counts from the intended start, a closed loop from the sending.
    /// Wrong or broken answers are not in it: failing fast must not look like speed.
    pub latency: Latencies,
    /// Fixed rate only: from the intended start to the sending. Includes the wait for a free connection.
    pub send_lag: Option<Latencies>,
    /// Fixed rate only: how late the pacing thread released arrivals. This is the generator's own fault.
    pub pacing_lag: Option<Latencies>,
    /// Fixed rate only: the arrivals per second that were asked for.
    pub asked_rps: Option<f64>,
    /// Connections that were open.
    pub connections: usize,
    /// The time that requests were in flight, summed over all connections.
    pub in_flight: Duration,
    /// The generator's own cost, where the system has a CPU clock per thread.
    pub generator: Option<GeneratorCpu>,
}

impl Run {
    /// Expected answers per second.
    pub fn throughput_rps(&self) -> f64 {
        per(self.answered as f64, self.elapsed.as_secs_f64())
    }

    /// All requests that the server answered or may have worked on: the divisor of costs per request.
    pub fn requests(&self) -> u64 {
        let statuses: u64 = self.errors.unexpected_status.values().sum();
        self.answered + statuses + self.errors.broken
    }

    /// The share of the asked rate that was achieved; none for a closed loop, which asks for no rate.
    pub fn achieved_of_asked(&self) -> Option<f64> {
        self.asked_rps.map(|asked| per(self.throughput_rps(), asked))
    }

    /// How far the run is off Little's law, as a share (0.03 is 3 %); none for a fixed rate.
    ///
    /// In a closed loop each connection always has one request in flight, so throughput × mean latency must equal the
    /// number of connections. What is missing is time in which connections stood idle, because the generator was slow to
    /// send, or a connection was lost. With a fixed rate the law holds by how the figures are made and says nothing.
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
        assert_eq!(closed(20).errors.total(), 58);
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
        assert_eq!(errors.total(), 116);
        assert_eq!(errors.unexpected_status, BTreeMap::from([(401, 4), (503, 6)]));
    }
}
