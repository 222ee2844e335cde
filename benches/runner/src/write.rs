//! Writes the report's files.

use std::path::{Path, PathBuf};

use harness::Failure;
use harness::output;
use measure::report::{Report, html, markdown};

/// The JSON text of the report, and the folder with its files.
pub(crate) struct Written {
    pub(crate) json: String,
    pub(crate) folder: PathBuf,
}

/// Writes all three files into `folder`, or else into a folder below the build folder, which git ignores.
pub(crate) fn all(report: &Report, folder: Option<&Path>) -> Result<Written, Failure> {
    let usual = || output::build_folder().join("authlab").join("report");
    let folder = folder.map_or_else(usual, Path::to_owned);
    let json = serde_json::to_string(report)?;
    std::fs::create_dir_all(&folder).map_err(|error| refused(&folder, &error))?;
    for (name, text) in [
        ("report.json", json.as_str()),
        ("report.md", &markdown::write(report)),
        ("report.html", &html::write(report)),
    ] {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| refused(&path, &error))?;
    }
    Ok(Written { json, folder })
}

fn refused(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("{} cannot be written ({error})", path.display()))
}
