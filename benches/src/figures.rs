//! The results of a comparison: plain data, with raw figures beside their medians and units in the names.

mod control;
mod doubts;
pub mod exact;
mod median;
mod round;
mod unserved;

use serde::{Deserialize, Serialize};

pub use self::control::{Resolution, is_different};
pub(crate) use self::doubts::OTHERS_SHARE;
pub use self::median::{Interval, Median};
pub use self::round::{Costs, RoundFigures};
pub use self::unserved::Unserved;
use self::unserved::{is_served, why};
use crate::cores::Cores;
use crate::doubt::Doubt;
use crate::load::{Errors, Load, Outcomes};

/// The name of the design that every other one is compared with, if it takes part: the same route without
/// authentication.
pub const BASELINE: &str = "none";

/// The name of a second server of the baseline, if it takes part: the A/A control. Both servers are equal, so every
/// difference between them is a difference that the measurement makes.
pub const CONTROL: &str = "none, again";

/// Several designs under the same load in one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The load that each design had in each round.
    pub load: Load,
    /// The number of rounds.
    pub rounds: usize,
    /// Doubts about the comparison as a whole.
    pub doubts: Vec<Doubt>,
    /// One entry for each design that did the work, in the order in which they were given.
    pub designs: Vec<DesignFigures>,
    /// The designs that did not: more than one request in a hundred failed, so they have no figures.
    #[serde(default)]
    pub unserved: Vec<Unserved>,
    /// The A/A control, if [`CONTROL`] took part; it is not among the designs.
    #[serde(default)]
    pub control: Option<DesignFigures>,
    /// The processors that servers and generator were pinned to; `None` if they were not.
    #[serde(default)]
    pub cores: Option<Cores>,
    /// How many rounds of single designs were repeated because other processes disturbed them.
    #[serde(default)]
    pub repeated: usize,
    /// Why no more rounds were made; `None` in older reports.
    #[serde(default)]
    pub ended: Option<Ended>,
}

/// Why a comparison made no more rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The intervals are as narrow as the plan asked for.
    Precise,
    /// The plan has no more rounds.
    AllRounds,
    /// It was stopped.
    Stopped,
}

impl Comparison {
    /// Why the design with this name has no figures; `None` if it has, or if it was not measured.
    pub fn unserved(&self, name: &str) -> Option<&Unserved> {
        self.unserved.iter().find(|unserved| unserved.design == name)
    }

    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.designs.is_empty() && self.unserved.is_empty()
    }

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
    /// Server CPU time per request over the baseline's in the same round; `None` unless both are known.
    #[serde(default)]
    pub server_cpu_ratio: Option<Median>,
    /// What happened to the requests of all rounds; empty in older reports.
    #[serde(default)]
    pub outcomes: Outcomes,
    /// What happened to the requests of the warm-up, whose figures do not count; empty in older reports.
    #[serde(default)]
    pub warm_up: Outcomes,
    /// Errors of all rounds, in few kinds.
    pub errors: Errors,
    /// Why these figures should not be believed as they stand; empty when there is no doubt.
    pub doubts: Vec<Doubt>,
    /// The raw figures of each round.
    pub rounds: Vec<RoundFigures>,
}

impl DesignFigures {
    /// Requests that got the expected response, over all rounds.
    pub fn answered(&self) -> u64 {
        self.rounds.iter().map(|round| round.answered).sum()
    }

    /// The figures, if the server did the work: at most one request in a hundred failed.
    ///
    /// # Errors
    /// [`Unserved`], with what it did instead of answering with the status `expected`.
    pub fn served(self, expected: u16) -> Result<Self, Unserved> {
        let answered = self.answered();
        if is_served(self.errors.failed(), answered) {
            return Ok(self);
        }
        let why = why(&self.errors, answered, expected, &self.outcomes);
        Err(Unserved { design: self.design, why, outcomes: self.outcomes, warm_up: self.warm_up })
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
        let mut outcomes = Outcomes::default();
        for round in &rounds {
            errors.merge(&round.errors);
            outcomes.merge(&round.outcomes);
        }
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
            server_cpu_ratio: of_known(|round| round.server_cpu_ratio),
            outcomes,
            warm_up: Outcomes::default(),
            errors,
            doubts: Vec::new(),
            rounds,
        };
        figures.doubts = doubts::about(&figures.errors, figures.throughput_rps, &figures.rounds);
        Some(figures)
    }
}

#[cfg(test)]
mod tests;
