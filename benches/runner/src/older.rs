//! Reads a report of an earlier run.

use std::path::Path;

use harness::Failure;
use measure::compare;
use measure::report::Report;

/// Reads the report from its file.
pub(crate) fn read(path: &Path) -> Result<Report, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("{} cannot be read ({error})", path.display())))?;
    compare::read(&text).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}
