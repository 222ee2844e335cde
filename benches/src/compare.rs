//! What changed since an older report, and which of it is for the worse.
//!
//! Two runs are two moments of a machine, so a change counts only where its whole confidence interval lies beyond a
//! tolerance: [`interval`] says how that is found. A figure that is counted and not timed (commands, bytes) has no
//! interval; there any change beyond the tolerance is one. Reports of two machines are not compared unless that is asked for:
//! their figures say which machine is faster.

pub mod interval;
mod matched;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::machine::Machine;
use crate::report::{Report, SCHEMA};

/// Why two reports are not compared, or one cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// It is no report.
    #[error("it is no report of `cargo lab bench` ({0})")]
    NoReport(#[from] serde_json::Error),
    /// It has another shape.
    #[error("it has schema {found}, and this program reads schema {SCHEMA}: use the version that wrote it")]
    Schema {
        /// What it says it has.
        found: u64,
    },
    /// It says no schema.
    #[error("it is no report of `cargo lab bench` (it has no schema)")]
    NoSchema,
    /// They are of two machines.
    #[error("the reports are of two machines ({}): their difference is the machines'; --other-machine compares them all the same", .0.join("; "))]
    Machine(Vec<String>),
}

/// Everything that both reports have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Changes {
    /// When the older report was begun, in seconds since the Unix epoch.
    pub old_begun_unix_s: u64,
    /// The source that the older one was made from.
    pub old_git_revision: Option<String>,
    /// How the machines differ, where that was allowed.
    pub machines: Vec<String>,
    /// One row for each figure.
    pub rows: Vec<Change>,
}

/// One figure of both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// The part of the report, in words.
    pub part: String,
    /// The design.
    pub design: String,
    /// The figure, with its unit.
    pub figure: String,
    /// As it was: the median.
    pub old: f64,
    /// As it is.
    pub new: f64,
    /// By how much it changed, as a share of the old one: 0.1 is ten per cent more. None where the old one was 0.
    pub change: Option<f64>,
    /// The 95 % confidence interval of that; none for a count, and where there are too few rounds.
    pub interval: Option<(f64, f64)>,
    /// What to think of it.
    pub verdict: Verdict,
    /// Whether either report doubts the figure.
    pub is_doubted: bool,
}

/// What to think of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Surely worse by more than the tolerance.
    Worse,
    /// Surely better by more than the tolerance.
    Better,
    /// Surely within the tolerance, or too little to tell from noise.
    Same,
    /// Too few rounds to say.
    Unknown,
}

impl Changes {
    /// From an older report to a newer one.
    ///
    /// # Errors
    /// [`CompareError::Machine`] where they are of two machines and `any_machine` is not set.
    pub fn between(old: &Report, new: &Report, any_machine: bool) -> Result<Self, CompareError> {
        let machines = differences(&old.machine, &new.machine);
        if !machines.is_empty() && !any_machine {
            return Err(CompareError::Machine(machines));
        }
        Ok(Self {
            old_begun_unix_s: old.begun_unix_s,
            old_git_revision: old.machine.git_revision.clone(),
            machines,
            rows: matched::rows(old, new),
        })
    }

    /// What is surely worse.
    pub fn regressions(&self) -> impl Iterator<Item = &Change> {
        self.rows.iter().filter(|row| row.verdict == Verdict::Worse)
    }
}

/// Reads a report, and says which schema it has if that is not ours.
///
/// # Errors
/// [`CompareError`] when it is none, or has another schema.
pub fn read(text: &str) -> Result<Report, CompareError> {
    let value: serde_json::Value = serde_json::from_str(text)?;
    match value.get("schema").and_then(serde_json::Value::as_u64) {
        None => Err(CompareError::NoSchema),
        Some(found) if found != u64::from(SCHEMA) => Err(CompareError::Schema { found }),
        Some(_) => Ok(serde_json::from_value(value)?),
    }
}

/// What makes figures of two runs those of two machines. A new kernel or compiler is a change worth seeing; another store, or
/// a debug build, is another experiment.
fn differences(old: &Machine, new: &Machine) -> Vec<String> {
    let pairs = [
        ("processor", old.cpu_model.clone(), new.cpu_model.clone()),
        ("processors", old.logical_cpus.to_string(), new.logical_cpus.to_string()),
        ("architecture", old.architecture.clone(), new.architecture.clone()),
        ("build", old.build_profile.clone(), new.build_profile.clone()),
        ("store", kind_of(&old.store), kind_of(&new.store)),
    ];
    let differ = pairs.into_iter().filter(|(_, old, new)| old != new);
    differ.map(|(what, old, new)| format!("{what}: {old} then, {new} now")).collect()
}

/// `redis` of `redis 7.0.15 (path)`: a new version is a change worth seeing.
fn kind_of(store: &str) -> String {
    store.split(' ').next().unwrap_or_default().to_owned()
}
