//! Compares two reports: which figures changed since the older one, and which of the changes are regressions.
//!
//! Two runs happen at two moments of a machine, so a change counts only when its whole confidence interval is beyond a
//! tolerance; [`interval`] explains how the interval is computed. A figure that is counted and not timed (commands,
//! bytes) has no interval; there, any difference beyond the tolerance is a change. Reports of two machines are compared
//! only on request, because their figures mostly show which machine is faster.

pub mod interval;
mod matched;
#[cfg(test)]
mod tests;

use crate::changes::Changes;
use crate::machine::Machine;
use crate::report::{Report, SCHEMA};

/// Why two reports cannot be compared, or why one of them cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// The text is not JSON, or not JSON of the shape of a report.
    #[error("it is no report of `cargo lab bench` ({0})")]
    NoReport(#[from] serde_json::Error),
    /// The report has a schema version that this program does not read.
    #[error("it has schema {found}, and this program reads schema {SCHEMA}: use the version that wrote it")]
    Schema {
        /// The schema version in the report.
        found: u64,
    },
    /// The report has no `schema` field.
    #[error("it is no report of `cargo lab bench` (it has no schema)")]
    NoSchema,
    /// The reports were made on two different machines.
    #[error("the reports are of two machines ({}): their difference is the machines'; --other-machine compares them all the same", .0.join("; "))]
    Machine(Vec<String>),
}

/// Compares an older report with a newer one.
///
/// ```
/// use measure::compare;
///
/// let report = compare::read(include_str!("../reports/report.json"))?;
/// let changes = compare::between(&report, &report, false)?;
/// assert!(changes.regressions().next().is_none(), "nothing is slower than itself");
///
/// let mut elsewhere = report.clone();
/// elsewhere.machine.cpu_model = "a faster one".to_owned();
/// assert!(compare::between(&report, &elsewhere, false).is_err(), "the difference would be the machines'");
/// # Ok::<(), compare::CompareError>(())
/// ```
///
/// # Errors
/// [`CompareError::Machine`] when the reports are of two machines and `any_machine` is false.
pub fn between(old: &Report, new: &Report, any_machine: bool) -> Result<Changes, CompareError> {
    let machines = differences(&old.machine, &new.machine);
    if !machines.is_empty() && !any_machine {
        return Err(CompareError::Machine(machines));
    }
    Ok(Changes {
        old_begun_unix_s: old.begun_unix_s,
        old_git_revision: old.machine.git_revision.clone(),
        machines,
        rows: matched::rows(old, new),
    })
}

/// Reads a report from JSON. A report with another schema version is refused by that version, before its fields are
/// read.
///
/// # Errors
/// [`CompareError`] when the text is not a report, or has another schema version.
pub fn read(text: &str) -> Result<Report, CompareError> {
    let value: serde_json::Value = serde_json::from_str(text)?;
    match value.get("schema").and_then(serde_json::Value::as_u64) {
        None => Err(CompareError::NoSchema),
        Some(found) if found != u64::from(SCHEMA) => Err(CompareError::Schema { found }),
        Some(_) => Ok(serde_json::from_value(value)?),
    }
}

/// The differences that make two figures incomparable, each as `what: old then, new now`. A new kernel or compiler is a
/// change worth seeing and is not among them; another kind of store, or a debug build, is another experiment.
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

/// The kind of a store: `redis` of `redis 7.0.15 (path)`. The version is left out, because a new version is a change
/// worth seeing.
fn kind_of(store: &str) -> String {
    store.split(' ').next().unwrap_or_default().to_owned()
}
