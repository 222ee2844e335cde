//! What must hold: each a ratio or a count of one run, with its limit and with what became of it.
//!
//! Two figures of two runs are two moments of a machine, so nothing here is compared with a constant in seconds. A target
//! that could not be measured says why: silence would read as success.

use serde::{Deserialize, Serialize};

use crate::figures::{Comparison, DesignFigures, Median, RoundFigures};
use crate::turns::Timed;

/// How far a count per request may be off a whole number: a driver's own question now and then.
const COUNT_OFF: f64 = 0.01;

/// All of them, and the raw figures that they were judged by.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Targets {
    /// One row for each thing that must hold; several for some targets.
    pub rows: Vec<Target>,
    /// The designs and their bare twins, in turn.
    pub comparison: Option<Comparison>,
    /// The check of a token beside its parts and a library, in turn.
    #[serde(default)]
    pub token_check: Vec<Timed>,
}

/// One thing that must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Its number: `T1` to `T9`.
    pub id: String,
    /// What is compared, as a short phrase.
    pub what: String,
    /// What it must be.
    pub limit: Limit,
    /// What it is.
    pub outcome: Outcome,
    /// How it was measured.
    pub how: String,
}

/// What a figure must be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Limit {
    /// No more than this.
    AtMost(f64),
    /// No less.
    AtLeast(f64),
    /// This count, to a hundredth.
    Exactly(f64),
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// The figure over its rounds.
    Measured {
        /// The median decides; smallest and largest say how sure that is.
        figure: Median,
    },
    /// There is none.
    NotMeasured {
        /// Why, and what would help.
        why: String,
    },
}

/// The end of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Met,
    /// It does not.
    NotMet,
    /// Nobody knows.
    NotMeasured,
}

impl Limit {
    /// Whether a figure keeps it.
    pub fn holds(self, figure: f64) -> bool {
        match self {
            Self::AtMost(most) => figure <= most,
            Self::AtLeast(least) => figure >= least,
            Self::Exactly(count) => (figure - count).abs() <= COUNT_OFF,
        }
    }
}

impl Target {
    /// A target with its figure, or with why there is none.
    pub fn new(
        id: &str,
        what: &str,
        limit: Limit,
        figure: Result<Median, String>,
        how: impl Into<String>,
    ) -> Self {
        let outcome = match figure {
            Ok(figure) => Outcome::Measured { figure },
            Err(why) => Outcome::NotMeasured { why },
        };
        Self { id: id.to_owned(), what: what.to_owned(), limit, outcome, how: how.into() }
    }

    /// Whether it is met.
    pub fn verdict(&self) -> Verdict {
        match &self.outcome {
            Outcome::Measured { figure } if self.limit.holds(figure.median) => Verdict::Met,
            Outcome::Measured { .. } => Verdict::NotMet,
            Outcome::NotMeasured { .. } => Verdict::NotMeasured,
        }
    }

    /// Whether some rounds say otherwise than the median does: then another run may, too.
    pub fn is_close(&self) -> bool {
        match &self.outcome {
            Outcome::Measured { figure } => self.limit.holds(figure.min) != self.limit.holds(figure.max),
            Outcome::NotMeasured { .. } => false,
        }
    }
}

/// A figure of one design as a share of the same figure of another in the same round: neighbours in time share their noise.
/// None where a round of either lacks it, or failed.
pub fn paired(
    comparison: &Comparison,
    (one, other): (&str, &str),
    figure: impl Fn(&RoundFigures) -> Option<f64>,
) -> Option<Median> {
    let (one, other) = (comparison.design(one)?, comparison.design(other)?);
    ratio(one, other, figure)
}

/// The same of two designs that are at hand.
pub fn ratio(
    one: &DesignFigures,
    other: &DesignFigures,
    figure: impl Fn(&RoundFigures) -> Option<f64>,
) -> Option<Median> {
    let ratios = one.rounds.iter().zip(&other.rounds).map(|(one, other)| {
        if !one.is_served() || !other.is_served() {
            return None;
        }
        let below = figure(other).filter(|below| *below > 0.0)?;
        Some(figure(one)? / below)
    });
    ratios.collect::<Option<Vec<f64>>>().and_then(Median::of)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(limit: Limit, figure: Result<[f64; 3], &str>) -> Target {
        let figure = figure.map(|[min, median, max]| Median { median, min, max }).map_err(str::to_owned);
        Target::new("T2", "hybrid : none", limit, figure, "in turn")
    }

    #[test]
    fn the_median_decides_and_rounds_on_the_other_side_make_it_close() {
        let clear = target(Limit::AtLeast(0.95), Ok([0.96, 0.98, 1.01]));
        assert_eq!((clear.verdict(), clear.is_close()), (Verdict::Met, false));
        let close = target(Limit::AtLeast(0.95), Ok([0.90, 0.98, 1.01]));
        assert_eq!((close.verdict(), close.is_close()), (Verdict::Met, true));
        let missed = target(Limit::AtMost(1.0), Ok([1.2, 1.3, 1.4]));
        assert_eq!((missed.verdict(), missed.is_close()), (Verdict::NotMet, false));
    }

    #[test]
    fn a_count_is_exact_to_a_hundredth_and_what_was_not_measured_is_never_met() {
        assert!(Limit::Exactly(1.0).holds(1.004) && Limit::Exactly(0.0).holds(0.0));
        assert!(!Limit::Exactly(1.0).holds(1.02) && !Limit::Exactly(0.0).holds(0.5));
        let absent = target(Limit::AtMost(1.0), Err("there is no Redis"));
        assert_eq!((absent.verdict(), absent.is_close()), (Verdict::NotMeasured, false));
    }
}
