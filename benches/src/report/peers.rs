//! Servers in what people would otherwise use, beside ours.

use serde::{Deserialize, Serialize};

use crate::figures::{Comparison, Median, RoundFigures};
use crate::targets::paired;

/// The most of a peer's CPU time that ours may take for the same answer.
pub const MOST_CPU: f64 = 1.0 / 3.0;

/// The peers that could be measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Peers {
    /// Who they are.
    pub entries: Vec<Peer>,
    /// As fast as each answers, ours among them in the same rounds.
    pub ceiling: Option<Comparison>,
    /// All of them at one fixed rate that the slowest can keep up with.
    pub at_rate: Option<Comparison>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// Its name in every table.
    pub name: String,
    /// What it is.
    pub what: String,
    /// What it ran on, with the version.
    pub runs_on: String,
    /// Our designs that do the same work; the first is the one that has to be a third of it.
    pub ours: Vec<String>,
}

/// What libraries take to check one and the same token, without a server around them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Libraries {
    /// How long the token is.
    pub token_bytes: u64,
    /// The libraries; ours is the first.
    pub timed: Vec<LibraryTime>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LibraryTime {
    /// Its name, and the way it is called where that matters.
    pub library: String,
    /// Its version.
    pub version: String,
    /// What it ran on, with the version.
    pub runs_on: String,
    /// CPU time of the process for one check, in ns.
    pub ns: Median,
    /// The same in times of ours, paired round by round.
    pub times_ours: Median,
}

/// What ours takes of what a peer takes, for the same request: below 1, ours takes less.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// Of the server's CPU time per request, paired round by round.
    pub server_cpu: Median,
    /// Of the latency that 99 of 100 requests do not exceed, at the same rate; none where that was not measured.
    pub p99: Option<Median>,
}

impl Peers {
    /// What one of ours takes of what a peer takes; none where one of the two was not measured.
    pub fn share(&self, ours: &str, peer: &str) -> Option<Share> {
        let of = |comparison: Option<&Comparison>, figure: fn(&RoundFigures) -> Option<f64>| {
            paired(comparison?, (ours, peer), figure)
        };
        Some(Share {
            server_cpu: of(self.ceiling.as_ref(), |round| round.server_cpu_us)?,
            p99: of(self.at_rate.as_ref(), |round| Some(round.p99_us)),
        })
    }

    /// What the slowest of all managed, in requests per second; none before that was measured.
    pub fn slowest_rps(&self) -> Option<f64> {
        let designs = &self.ceiling.as_ref()?.designs;
        designs.iter().map(|figures| figures.throughput_rps.median).reduce(f64::min).filter(|rps| *rps > 0.0)
    }
}

impl Share {
    /// Whether ours takes at most a third of the CPU time, and answers sooner at the same rate.
    pub fn is_as_it_should(&self) -> Option<bool> {
        Some(self.server_cpu.median <= MOST_CPU && self.p99?.median < 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(server_cpu: f64, p99: Option<f64>) -> Share {
        let exactly = |median| Median { median, min: median, max: median };
        Share { server_cpu: exactly(server_cpu), p99: p99.map(exactly) }
    }

    #[test]
    fn a_third_of_the_cpu_time_and_a_lower_p99_is_as_it_should_be_and_nothing_less() {
        assert_eq!(share(0.33, Some(0.9)).is_as_it_should(), Some(true));
        assert_eq!(share(0.34, Some(0.9)).is_as_it_should(), Some(false));
        assert_eq!(share(0.33, Some(1.0)).is_as_it_should(), Some(false));
        assert_eq!(share(0.33, None).is_as_it_should(), None, "not measured is not met");
    }
}
