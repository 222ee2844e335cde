//! Plans for the generator. Every plan has a limit in time and in number of requests.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::LoadError;

const MOST_CONNECTIONS: usize = 4_096;
const MOST_THREADS: usize = 64;
const LONGEST: Duration = Duration::from_secs(3_600);
const HIGHEST_RATE_RPS: f64 = 1_000_000.0;

/// One of the two kinds of load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Load {
    /// As fast as the server responds: measures the server's ceiling.
    Closed(ClosedLoop),
    /// On a schedule that does not depend on the server: measures its latency.
    Fixed(FixedRate),
}

/// A closed loop: each connection sends its next request when the last one was answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClosedLoop {
    /// Connections, each with one request in flight; 1 to 4,096.
    pub connections: usize,
    /// For how long new requests are started; at most an hour.
    pub duration: Duration,
    /// The most requests that are started, over all connections.
    pub max_requests: u64,
    /// How long after `duration` a response is still waited for; after that, the request counts as unfinished.
    pub grace: Duration,
    /// The number of generator threads; the connections are spread over them.
    pub threads: usize,
}

impl ClosedLoop {
    /// A closed loop with the usual limits: fifty million requests, five seconds of grace, two generator threads (one
    /// for a single connection). With only one thread, the generator would limit the throughput of a small server.
    pub fn new(connections: usize, duration: Duration) -> Self {
        let threads = connections.clamp(1, 2);
        Self { connections, duration, max_requests: 50_000_000, grace: Duration::from_secs(5), threads }
    }
}

/// A fixed arrival rate: requests are due at fixed instants, and a free connection sends each one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FixedRate {
    /// Arrivals per second; above 0, at most a million.
    pub rate_rps: f64,
    /// Connections that send the arrivals; 1 to 4,096. With too few of them arrivals queue, and the wait counts as
    /// latency.
    pub connections: usize,
    /// The length of the schedule; at most an hour.
    pub duration: Duration,
    /// The largest number of arrivals.
    pub max_requests: u64,
    /// How many arrivals may wait for a free connection. An arrival that finds the queue full is counted as an error.
    pub queue: usize,
    /// How long after the schedule's end a response is still waited for; after that, the request counts as unfinished.
    pub grace: Duration,
    /// The number of generator threads that send requests; the pacing thread is an additional one.
    pub threads: usize,
}

impl FixedRate {
    /// A fixed rate with the usual limits: fifty million arrivals, 65,536 of them queued, five seconds of grace, one
    /// thread.
    pub fn new(rate_rps: f64, connections: usize, duration: Duration) -> Self {
        let grace = Duration::from_secs(5);
        Self { rate_rps, connections, duration, max_requests: 50_000_000, queue: 65_536, grace, threads: 1 }
    }

    /// The number of arrivals in the schedule.
    pub fn arrivals(&self) -> u64 {
        ((self.rate_rps * self.duration.as_secs_f64()).round() as u64).min(self.max_requests)
    }
}

impl Load {
    /// How long requests are sent, without the grace at the end.
    pub fn duration(&self) -> Duration {
        match self {
            Self::Closed(plan) => plan.duration,
            Self::Fixed(plan) => plan.duration,
        }
    }

    /// The same load with another duration.
    #[must_use]
    pub fn lasting(mut self, duration: Duration) -> Self {
        match &mut self {
            Self::Closed(plan) => plan.duration = duration,
            Self::Fixed(plan) => plan.duration = duration,
        }
        self
    }

    pub(super) fn check(&self) -> Result<(), LoadError> {
        let (connections, threads, duration, count, grace) = match self {
            Self::Closed(plan) => {
                (plan.connections, plan.threads, plan.duration, plan.max_requests, plan.grace)
            }
            Self::Fixed(plan) => {
                if !(plan.rate_rps > 0.0 && plan.rate_rps <= HIGHEST_RATE_RPS) {
                    return Err(LoadError::Plan("the rate must be above 0 and at most 1,000,000 a second"));
                }
                if plan.queue == 0 {
                    return Err(LoadError::Plan("the queue must have room for one arrival"));
                }
                (plan.connections, plan.threads, plan.duration, plan.arrivals(), plan.grace)
            }
        };
        if !(1..=MOST_CONNECTIONS).contains(&connections) {
            return Err(LoadError::Plan("there must be 1 to 4,096 connections"));
        }
        if !(1..=MOST_THREADS).contains(&threads) || threads > connections {
            return Err(LoadError::Plan("there must be 1 to 64 threads, and a connection for each"));
        }
        if duration.is_zero() || duration > LONGEST || grace > LONGEST {
            return Err(LoadError::Plan("it must last more than nothing and at most an hour"));
        }
        if count == 0 {
            return Err(LoadError::Plan("it must have at least one request"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn refused(load: Load) -> bool {
        matches!(load.check(), Err(LoadError::Plan(_)))
    }

    #[test]
    fn a_plan_within_its_bounds_is_taken() {
        assert!(Load::Closed(ClosedLoop::new(64, SECOND)).check().is_ok());
        assert!(Load::Fixed(FixedRate::new(1_000.0, 16, SECOND)).check().is_ok());
    }

    #[test]
    fn a_plan_without_connections_time_rate_queue_or_count_is_refused() {
        assert!(refused(Load::Closed(ClosedLoop::new(0, SECOND))));
        assert!(refused(Load::Closed(ClosedLoop::new(4_097, SECOND))));
        assert!(refused(Load::Closed(ClosedLoop::new(1, Duration::ZERO))));
        assert!(refused(Load::Closed(ClosedLoop { threads: 2, ..ClosedLoop::new(1, SECOND) })));
        assert!(refused(Load::Closed(ClosedLoop { max_requests: 0, ..ClosedLoop::new(1, SECOND) })));
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(refused(Load::Fixed(FixedRate::new(rate, 1, SECOND))), "{rate}");
        }
        assert!(refused(Load::Fixed(FixedRate { queue: 0, ..FixedRate::new(1.0, 1, SECOND) })));
    }

    #[test]
    fn a_schedule_has_rate_times_duration_arrivals_up_to_its_bound() {
        let plan = FixedRate::new(1_000.0, 1, Duration::from_millis(2_500));
        assert_eq!(plan.arrivals(), 2_500);
        assert_eq!(FixedRate { max_requests: 40, ..plan }.arrivals(), 40);
    }
}
