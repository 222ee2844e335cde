//! The targets that the servers must meet: each a ratio or a count of one run, with its limit and its outcome.
//!
//! Figures of two runs come from two moments of a machine, so no target is a constant in seconds. A target that could
//! not be measured states the reason: without it, a reader would take it for met.

use serde::{Deserialize, Serialize};

use crate::figures::{Comparison, DesignFigures, Interval, Median, RoundFigures};
use crate::turns::Timed;

/// How far a count per request may be off its whole number, because a driver sends a command of its own now and then.
const COUNT_OFF: f64 = 0.01;

/// All targets, and the raw figures that they were judged by.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Targets {
    /// One row for each condition; some targets have several.
    pub rows: Vec<Target>,
    /// The designs and their counterparts without authentication, measured in turn.
    pub comparison: Option<Comparison>,
    /// The check of a token, its parts and a library, measured in turn.
    #[serde(default)]
    pub token_check: Vec<Timed>,
}

impl Targets {
    /// Adds a row after the others of its target: T10 comes after T9.
    pub fn add(&mut self, row: Target) {
        let number = |row: &Target| row.id.trim_start_matches('T').parse().unwrap_or(u32::MAX);
        let place = self.rows.partition_point(|other| number(other) <= number(&row));
        self.rows.insert(place, row);
    }
}

/// One condition that must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// The number of the target: `T1` to `T9`.
    pub id: String,
    /// The figures that are compared, as a short phrase.
    pub what: String,
    /// The limit for the figure.
    pub limit: Limit,
    /// The measured figure, or why there is none.
    pub outcome: Outcome,
    /// How the figure was measured.
    pub how: String,
}

/// The limit for a figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum Limit {
    /// The figure must not be above this value.
    AtMost(f64),
    /// The figure must not be below this value.
    AtLeast(f64),
    /// The figure must be this count, to a hundredth.
    Exactly(f64),
}

/// The result of measuring a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Outcome {
    /// The figure was measured.
    Measured {
        /// The figure over its rounds. Its confidence interval decides.
        figure: Median,
    },
    /// The figure was not measured.
    NotMeasured {
        /// The reason, and what would help.
        why: String,
    },
}

/// Whether a target is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The whole confidence interval is within the limit.
    Met,
    /// The whole confidence interval is outside the limit.
    NotMet,
    /// The limit is inside the confidence interval, so another run may have the opposite result.
    Undecided,
    /// The figure was not measured.
    NotMeasured,
}

impl Limit {
    /// Whether a figure is within the limit.
    pub fn holds(self, figure: f64) -> bool {
        match self {
            Self::AtMost(most) => figure <= most,
            Self::AtLeast(least) => figure >= least,
            Self::Exactly(count) => (figure - count).abs() <= COUNT_OFF,
        }
    }

    /// Whether a figure meets the limit, by its confidence interval. A count has no uncertainty: its median decides.
    pub fn judge(self, figure: &Median) -> Verdict {
        let Interval { low, high } = match self {
            Self::Exactly(_) => Interval { low: figure.median, high: figure.median },
            Self::AtMost(_) | Self::AtLeast(_) => figure.likely(),
        };
        match (self.holds(low), self.holds(high)) {
            (true, true) => Verdict::Met,
            (false, false) => Verdict::NotMet,
            _ => Verdict::Undecided,
        }
    }
}

impl Target {
    /// A target with its figure, or with the reason why it was not measured.
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

    /// Whether the target is met.
    pub fn verdict(&self) -> Verdict {
        match &self.outcome {
            Outcome::Measured { figure } => self.limit.judge(figure),
            Outcome::NotMeasured { .. } => Verdict::NotMeasured,
        }
    }
}

/// A figure of one design as a share of the same figure of another in the same round, because neighbours in time share
/// their noise. `None` when a round of either design lacks the figure or failed.
pub fn paired(
    comparison: &Comparison,
    (one, other): (&str, &str),
    figure: impl Fn(&RoundFigures) -> Option<f64>,
) -> Option<Median> {
    let (one, other) = (comparison.design(one)?, comparison.design(other)?);
    ratio(one, other, figure)
}

/// Like [`paired`], for the figures of two designs.
pub fn ratio(
    one: &DesignFigures,
    other: &DesignFigures,
    figure: impl Fn(&RoundFigures) -> Option<f64>,
) -> Option<Median> {
    in_pairs((one, other), figure, |one, other| (other > 0.0).then_some(one / other))
}

/// A figure of one design minus the same figure of another in the same round, divided by `unit`. `None` when a round of
/// either design lacks the figure or failed.
pub fn difference(
    comparison: &Comparison,
    (one, other): (&str, &str),
    unit: f64,
    figure: impl Fn(&RoundFigures) -> Option<f64>,
) -> Option<Median> {
    let designs = (comparison.design(one)?, comparison.design(other)?);
    in_pairs(designs, figure, |one, other| (unit > 0.0).then_some((one - other) / unit))
}

fn in_pairs(
    (one, other): (&DesignFigures, &DesignFigures),
    figure: impl Fn(&RoundFigures) -> Option<f64>,
    combine: impl Fn(f64, f64) -> Option<f64>,
) -> Option<Median> {
    let pairs = one.rounds.iter().zip(&other.rounds).map(|(one, other)| {
        let are_served = one.is_served() && other.is_served();
        let (one, other) = figure(one).zip(figure(other)).filter(|_| are_served)?;
        combine(one, other)
    });
    pairs.collect::<Option<Vec<f64>>>().and_then(Median::of)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(limit: Limit, figure: Result<[f64; 3], &str>) -> Target {
        let figure = figure
            .map(|[min, median, max]| Median { median, min, max, interval: None })
            .map_err(str::to_owned);
        Target::new("T2", "hybrid : none", limit, figure, "in turn")
    }

    #[test]
    fn the_whole_interval_decides_and_one_that_contains_the_limit_decides_nothing() {
        let verdict = |limit, figure| target(limit, Ok(figure)).verdict();
        assert_eq!(verdict(Limit::AtLeast(0.95), [0.96, 0.98, 1.01]), Verdict::Met);
        assert_eq!(verdict(Limit::AtLeast(0.95), [0.90, 0.98, 1.01]), Verdict::Undecided);
        assert_eq!(verdict(Limit::AtMost(1.0), [1.2, 1.3, 1.4]), Verdict::NotMet);
        assert_eq!(verdict(Limit::AtMost(1.0), [0.9, 1.3, 1.4]), Verdict::Undecided);
    }

    #[test]
    fn a_disturbed_round_beyond_the_limit_does_not_make_a_figure_of_many_rounds_undecided() {
        let rounds = (0..60).map(|round| if round == 7 { 0.4 } else { 0.97 + 0.0001 * f64::from(round) });
        let target =
            Target::new("T2", "hybrid : none", Limit::AtLeast(0.95), Ok(Median::of(rounds).unwrap()), "");
        assert_eq!(target.verdict(), Verdict::Met);
    }

    #[test]
    fn a_count_is_exact_to_a_hundredth_and_what_was_not_measured_is_never_met() {
        assert!(Limit::Exactly(1.0).holds(1.004) && Limit::Exactly(0.0).holds(0.0));
        assert!(!Limit::Exactly(1.0).holds(1.02) && !Limit::Exactly(0.0).holds(0.5));
        let absent = target(Limit::AtMost(1.0), Err("there is no Redis"));
        assert_eq!(absent.verdict(), Verdict::NotMeasured);
    }
}
