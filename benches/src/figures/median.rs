//! The median of some values, with its confidence interval and their range.

use serde::{Deserialize, Serialize};

use super::exact;

/// The median of a figure over several rounds, with its confidence interval and the range of the values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Median {
    /// The middle value, or the mean of the two middle values.
    pub median: f64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
    /// The 95 % confidence interval of the median; `None` for fewer than [`exact::LEAST`] values, and in reports that
    /// were written before there were intervals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<Interval>,
}

/// A confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// Whether a value is inside, or at one of the ends.
    pub fn contains(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }
}

impl Median {
    /// The median of some values; `None` when there are none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let upper = sorted.len() / 2;
        let lower = (sorted.len() - 1) / 2;
        let median = (sorted[lower] + sorted[upper]) / 2.0;
        Some(Self { median, min, max, interval: exact::interval(&sorted) })
    }

    /// A value that is known exactly.
    pub fn exactly(value: f64) -> Self {
        Self { median: value, min: value, max: value, interval: None }
    }

    /// Where the median is with a probability of 95 %: the confidence interval. With fewer values than one needs, all of
    /// them; for five rounds that is 94 %.
    pub fn likely(&self) -> Interval {
        self.interval.unwrap_or(Interval { low: self.min, high: self.max })
    }

    /// Half the width of the likely range as a share of the median: 0.03 is ± 3 %. 0 when the median is 0.
    pub fn uncertainty(&self) -> f64 {
        let Interval { low, high } = self.likely();
        if self.median == 0.0 { 0.0 } else { (high - low) / 2.0 / self.median.abs() }
    }
}
