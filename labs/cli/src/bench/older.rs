//! A report that was made before.

use std::path::Path;

use measure::compare;
use measure::report::Report;

use crate::fault::Fault;

/// Reads it from its file.
pub(crate) fn read(path: &Path) -> Result<Report, Fault> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Fault::new(format!("{} cannot be read ({error})", path.display())))?;
    compare::read(&text).map_err(|error| Fault::new(format!("{}: {error}", path.display())))
}
