//! Compares our servers with servers on popular stacks in other languages.

mod exchanges;

use serde::{Deserialize, Serialize};

pub use self::exchanges::{ExchangeRound, ExchangeShare, Exchanger, Exchanges, PacedRound};
use crate::figures::{Comparison, Median, RoundFigures};
use crate::targets::paired;

/// The largest share of a peer's CPU time that our server may take for the same response.
pub const MOST_CPU: f64 = 1.0 / 3.0;

/// The largest share of a peer's 99th percentile of latency, at the same rate.
pub const MOST_P99: f64 = 1.0;

/// The peers that could be measured, with their figures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Peers {
    /// The peers that answer `/me`.
    pub entries: Vec<Peer>,
    /// The highest throughput of each peer and of our designs, measured in the same rounds.
    pub ceiling: Option<Comparison>,
    /// All of them at one fixed rate, which the slowest can keep up with.
    pub at_rate: Option<Comparison>,
    /// The servers that exchange refresh tokens; `None` when none was measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exchanges: Option<Exchanges>,
}

/// A server on another stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Peer {
    /// The name of the peer in every table.
    pub name: String,
    /// A description of the peer.
    pub what: String,
    /// The runtime that it ran on, with the version.
    pub runs_on: String,
    /// Our designs that do the same work. The first is the one that must take at most a third of the peer's CPU time.
    pub ours: Vec<String>,
}

/// CPU time of libraries that check the same token, without a server around them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Libraries {
    /// The length of the token, in bytes.
    pub token_bytes: u64,
    /// The measured libraries; ours is the first.
    pub timed: Vec<LibraryTime>,
}

/// The CPU time of one library.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LibraryTime {
    /// The name of the library, and how it is called if that matters.
    pub library: String,
    /// The version of the library.
    pub version: String,
    /// The runtime that it ran on, with the version.
    pub runs_on: String,
    /// CPU time of the process for one check, in ns.
    pub ns: Median,
    /// The CPU time as a multiple of ours, paired round by round.
    pub times_ours: Median,
}

/// What our server takes as a share of a peer's figure, for the same request: below 1, ours takes less.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// The share of the server's CPU time per request, paired round by round.
    pub server_cpu: Median,
    /// The share of the 99th percentile of latency, at the same rate; `None` when that was not measured.
    pub p99: Option<Median>,
}

impl Peers {
    /// What one of our designs takes as a share of a peer's figures; `None` when one of the two was not measured.
    pub fn share(&self, ours: &str, peer: &str) -> Option<Share> {
        let of = |comparison: Option<&Comparison>, figure: fn(&RoundFigures) -> Option<f64>| {
            paired(comparison?, (ours, peer), figure)
        };
        Some(Share {
            server_cpu: of(self.ceiling.as_ref(), |round| round.server_cpu_us)?,
            p99: of(self.at_rate.as_ref(), |round| Some(round.p99_us)),
        })
    }

    /// The throughput of the slowest of all, in requests per second; `None` before it was measured.
    pub fn slowest_rps(&self) -> Option<f64> {
        let designs = &self.ceiling.as_ref()?.designs;
        designs.iter().map(|figures| figures.throughput_rps.median).reduce(f64::min).filter(|rps| *rps > 0.0)
    }
}

impl Share {
    /// Whether ours takes at most a third of the CPU time and has the lower p99 at the same rate; `None` when the
    /// latency was not measured.
    pub fn is_as_it_should(&self) -> Option<bool> {
        Some(self.server_cpu.median <= MOST_CPU && self.p99?.median < 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(server_cpu: f64, p99: Option<f64>) -> Share {
        let exactly = Median::exactly;
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
