//! The results of a comparison: plain data, with raw figures beside their medians and units in the names.

mod doubts;
mod median;
mod round;

use serde::{Deserialize, Serialize};

pub use self::median::Median;
use self::round::is_served;
pub use self::round::{Costs, RoundFigures};
use crate::doubt::Doubt;
use crate::load::{Errors, Load};

/// The name of the design that every other one is compared with, if it takes part: the same route without
/// authentication.
pub const BASELINE: &str = "none";

/// Several designs under the same load in one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The load that each design had in each round.
    pub load: Load,
    /// The number of rounds.
    pub rounds: usize,
    /// Doubts about the comparison as a whole.
    pub doubts: Vec<Doubt>,
    /// One entry for each design, in the order in which they were given.
    pub designs: Vec<DesignFigures>,
}

impl Comparison {
    /// The figures of the design with this name.
    pub fn design(&self, name: &str) -> Option<&DesignFigures> {
        self.designs.iter().find(|figures| figures.design == name)
    }
}

/// One design: medians over the rounds, with their spread, and the rounds themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DesignFigures {
    /// The name of the design.
    pub design: String,
    /// Expected responses per second.
    pub throughput_rps: Median,
    /// Latency that half of the requests did not exceed, in µs.
    pub p50_us: Median,
    /// Latency that 90 % did not exceed, in µs.
    pub p90_us: Median,
    /// Latency that 99 % did not exceed, in µs.
    pub p99_us: Median,
    /// Latency that 99.9 % did not exceed, in µs.
    pub p99_9_us: Median,
    /// The longest latency, in µs.
    pub max_us: Median,
    /// CPU time of the server's process per request, user and system, in µs; `None` without its process id.
    pub server_cpu_us: Option<Median>,
    /// CPU time of the store's process per request, in µs; `None` without its process id.
    pub store_cpu_us: Option<Median>,
    /// Round trips to the store per request; `None` without a counter.
    pub store_round_trips: Option<Median>,
    /// Throughput as a share of the baseline's in the same round; `None` without a baseline.
    pub ratio: Option<Median>,
    /// Server CPU time per request beyond the baseline's in the same round, in µs; `None` unless both are known.
    pub server_cpu_over_baseline_us: Option<Median>,
    /// Errors of all rounds, by kind.
    pub errors: Errors,
    /// Why these figures should not be believed as they stand; empty when there is no doubt.
    pub doubts: Vec<Doubt>,
    /// The raw figures of each round.
    pub rounds: Vec<RoundFigures>,
}

impl DesignFigures {
    /// Whether the server kept up: at most one request in a hundred failed. When a machine stalls for a moment, a few
    /// requests fail, and a doubt reports them; beyond one in a hundred, the server is failing or its credential has
    /// expired.
    pub fn is_served(&self) -> bool {
        let (failed, answered) = (self.errors.total(), self.rounds.iter().map(|round| round.answered).sum());
        is_served(failed, answered)
    }

    /// Summarises the rounds of one design; `None` when there are no rounds.
    pub fn over(design: impl Into<String>, rounds: Vec<RoundFigures>) -> Option<Self> {
        let of = |figure: fn(&RoundFigures) -> f64| Median::of(rounds.iter().map(figure));
        let of_known = |figure: fn(&RoundFigures) -> Option<f64>| {
            // A figure that is missing in one round has no median over all rounds.
            let known: Option<Vec<f64>> = rounds.iter().map(figure).collect();
            known.and_then(Median::of)
        };
        let mut errors = Errors::default();
        rounds.iter().for_each(|round| errors.merge(&round.errors));
        let mut figures = Self {
            design: design.into(),
            throughput_rps: of(|round| round.throughput_rps)?,
            p50_us: of(|round| round.p50_us)?,
            p90_us: of(|round| round.p90_us)?,
            p99_us: of(|round| round.p99_us)?,
            p99_9_us: of(|round| round.p99_9_us)?,
            max_us: of(|round| round.max_us)?,
            server_cpu_us: of_known(|round| round.server_cpu_us),
            store_cpu_us: of_known(|round| round.store_cpu_us),
            store_round_trips: of_known(|round| round.store_round_trips),
            ratio: of_known(|round| round.ratio),
            server_cpu_over_baseline_us: of_known(|round| round.server_cpu_over_baseline_us),
            errors,
            doubts: Vec::new(),
            rounds,
        };
        figures.doubts = doubts::about(figures.errors.total(), figures.throughput_rps, &figures.rounds);
        Some(figures)
    }
}

#[cfg(test)]
mod tests;
