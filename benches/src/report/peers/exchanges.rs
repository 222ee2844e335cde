//! Compares an exchange of a refresh token on our server with the same exchange on other stacks.
//!
//! The raw rounds are kept, because a share is computed from pairs: the figure of ours and that of a peer in the same round.

use serde::{Deserialize, Serialize};

use crate::figures::Median;

/// Servers that rotate a refresh token at every exchange, measured in turn in the same rounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exchanges {
    /// The number of clients of each server, each of which exchanges one token after another.
    pub clients: usize,
    /// Exchanges per second, over all clients, at which latency was measured; `None` when it was not measured.
    pub rate_rps: Option<f64>,
    /// Our server.
    pub ours: Exchanger,
    /// The servers on other stacks.
    pub peers: Vec<Exchanger>,
}

/// A server that exchanges refresh tokens, with its figures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exchanger {
    /// The name of the server in every table.
    pub name: String,
    /// A description of the server.
    pub what: String,
    /// The runtime that it ran on, with the version; `None` for our server.
    pub runs_on: Option<String>,
    /// What our server does in an exchange and this one does not, as a sentence; `None` for our server.
    pub lacks: Option<String>,
    /// Round trips to Redis in one exchange, counted with one client; `None` when it was not counted.
    pub store_round_trips: Option<f64>,
    /// Commands that Redis ran for one exchange, including those inside scripts and transactions.
    pub store_commands: Option<f64>,
    /// The rounds in which each client exchanged as fast as the server answered.
    pub rounds: Vec<ExchangeRound>,
    /// The rounds at one rate.
    pub at_rate: Vec<PacedRound>,
}

/// One server's turn in one round, in which each client exchanged as fast as the server answered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ExchangeRound {
    /// The number of exchanges.
    pub exchanges: u64,
    /// Exchanges per second.
    pub throughput_rps: f64,
    /// CPU time of the server's process for one exchange, in µs.
    pub server_cpu_us: f64,
    /// CPU time of the Redis process for one exchange, in µs; `None` when Redis was not started by this program.
    pub store_cpu_us: Option<f64>,
}

/// One server's turn in one round at a fixed rate. Latencies count from the time at which an exchange was due.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PacedRound {
    /// The number of exchanges.
    pub exchanges: u64,
    /// The median latency, in µs.
    pub p50_us: f64,
    /// The 99th percentile of latency, in µs.
    pub p99_us: f64,
}

/// What our server takes as a share of a peer's figure for an exchange: below 1, ours takes less.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExchangeShare {
    /// The share of the server's CPU time.
    pub server_cpu: Median,
    /// The share of the CPU time of server and Redis together; `None` when Redis was not started by this program.
    pub whole_cpu: Option<Median>,
    /// The share of the 99th percentile of latency, at the same rate; `None` when that was not measured.
    pub p99: Option<Median>,
}

impl Exchanges {
    /// Our server, and then the peers.
    pub fn all(&self) -> impl Iterator<Item = &Exchanger> {
        std::iter::once(&self.ours).chain(&self.peers)
    }

    /// What ours takes as a share of a peer's figures, paired round by round; `None` when a round lacks the CPU time.
    pub fn share(&self, peer: &Exchanger) -> Option<ExchangeShare> {
        let closed = |figure: fn(&ExchangeRound) -> Option<f64>| {
            paired(self.ours.rounds.iter().map(figure), peer.rounds.iter().map(figure))
        };
        let p99 = |round: &PacedRound| Some(round.p99_us);
        Some(ExchangeShare {
            server_cpu: closed(|round| Some(round.server_cpu_us))?,
            whole_cpu: closed(|round| Some(round.server_cpu_us + round.store_cpu_us?)),
            p99: paired(self.ours.at_rate.iter().map(p99), peer.at_rate.iter().map(p99)),
        })
    }

    /// The throughput of the slowest server, in exchanges per second; `None` before it was measured.
    pub fn slowest_rps(&self) -> Option<f64> {
        let medians = self.all().map(|server| Some(server.throughput_rps()?.median));
        medians.collect::<Option<Vec<f64>>>()?.into_iter().reduce(f64::min).filter(|rps| *rps > 0.0)
    }
}

impl Exchanger {
    /// Exchanges per second, over the rounds.
    pub fn throughput_rps(&self) -> Option<Median> {
        Median::of(self.rounds.iter().map(|round| round.throughput_rps))
    }

    /// CPU time of the server for one exchange, in µs, over the rounds.
    pub fn server_cpu_us(&self) -> Option<Median> {
        Median::of(self.rounds.iter().map(|round| round.server_cpu_us))
    }

    /// CPU time of Redis for one exchange, in µs, over the rounds.
    pub fn store_cpu_us(&self) -> Option<Median> {
        let all: Option<Vec<f64>> = self.rounds.iter().map(|round| round.store_cpu_us).collect();
        Median::of(all?)
    }

    /// The median latency at the rate, in µs, over the rounds.
    pub fn p50_us(&self) -> Option<Median> {
        Median::of(self.at_rate.iter().map(|round| round.p50_us))
    }

    /// The 99th percentile of latency at the rate, in µs, over the rounds.
    pub fn p99_us(&self) -> Option<Median> {
        Median::of(self.at_rate.iter().map(|round| round.p99_us))
    }
}

/// The median of one figure divided by the other in the same round. `None` when a round lacks one of them.
fn paired(
    ours: impl Iterator<Item = Option<f64>>,
    theirs: impl Iterator<Item = Option<f64>>,
) -> Option<Median> {
    let ratios = ours.zip(theirs).map(|(ours, theirs)| Some(ours? / theirs.filter(|theirs| *theirs > 0.0)?));
    ratios.collect::<Option<Vec<f64>>>().and_then(Median::of)
}

#[cfg(test)]
mod tests;
