//! Checks the folder of the report, and writes its files.

use std::path::{Path, PathBuf};

use harness::Failure;
use harness::output;
use kit::visible::visible;
use measure::report::{Report, html, markdown};

/// The JSON text of the report, and the folder with its files.
pub(crate) struct Written {
    pub(crate) json: String,
    pub(crate) folder: PathBuf,
}

/// The folder for the report, which exists and can be written: the one that was asked for, or else a folder below the
/// build folder, which git ignores.
pub(crate) fn writable(asked: Option<&Path>) -> Result<PathBuf, Failure> {
    let usual = || output::build_folder().join("authlab").join("report");
    let folder = asked.map_or_else(usual, Path::to_owned);
    std::fs::create_dir_all(&folder).map_err(|error| refused(&folder, &error))?;
    let probe = folder.join(format!(".probe-{}", std::process::id()));
    let written = std::fs::write(&probe, "").and_then(|()| std::fs::remove_file(&probe));
    written.map_err(|error| refused(&folder, &error))?;
    Ok(folder)
}

/// Writes all three files into the folder.
pub(crate) fn all(report: &Report, folder: &Path) -> Result<Written, Failure> {
    let json = serde_json::to_string(report)?;
    for (name, text) in [
        ("report.json", json.as_str()),
        ("report.md", &markdown::write(report)),
        ("report.html", &html::write(report)),
    ] {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|error| refused(&path, &error))?;
    }
    Ok(Written { json, folder: folder.to_owned() })
}

fn refused(path: &Path, error: &std::io::Error) -> Failure {
    let path = path.display().to_string();
    Failure::new(format!("the report cannot be written to {}", visible(&path)))
        .caused_by(error)
        .advice("choose another folder with --into")
}
