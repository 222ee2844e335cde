//! The changes between two reports, as plain data. [`compare`](crate::compare) computes them.

use serde::{Deserialize, Serialize};

/// Every figure that both reports contain, with its change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// When the older report was begun, in seconds since the Unix epoch.
    pub old_begun_unix_s: u64,
    /// The git revision that the older report was made from.
    pub old_git_revision: Option<String>,
    /// How the two machines differ; empty unless comparing two machines was allowed.
    pub machines: Vec<String>,
    /// One row for each figure.
    pub rows: Vec<Change>,
}

/// One figure that both reports contain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The part of the report, in words.
    pub part: String,
    /// The name of the design.
    pub design: String,
    /// The figure, with its unit.
    pub figure: String,
    /// The median in the older report.
    pub old: f64,
    /// The median in the newer report.
    pub new: f64,
    /// The relative change: 0.1 is ten per cent more. `None` when the old figure was 0.
    pub change: Option<f64>,
    /// The 95 % confidence interval of `change`; `None` for a count, and when there are too few rounds.
    pub interval: Option<(f64, f64)>,
    /// Whether the change is for the worse, for the better, or neither.
    pub verdict: Verdict,
    /// Whether either report doubts the figure.
    pub is_doubted: bool,
}

/// Whether a change is for the worse, for the better, or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Worse by more than the tolerance, with confidence.
    Worse,
    /// Better by more than the tolerance, with confidence.
    Better,
    /// Within the tolerance, or too small to tell from noise.
    Same,
    /// There are too few rounds to decide.
    Unknown,
}

impl Changes {
    /// The changes that are regressions: worse by more than the tolerance, with confidence.
    pub fn regressions(&self) -> impl Iterator<Item = &Change> {
        self.rows.iter().filter(|row| row.verdict == Verdict::Worse)
    }
}
