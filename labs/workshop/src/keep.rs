//! Makes sure that nothing a learner wrote is lost: before the program overwrites a file, it stores a copy beside it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use harness::Failure;

use super::course::Lab;
use super::line_endings::{as_in, with_lf};
use super::source;

/// Writes `text` into a learner's file, with the line ending that the file had. Returns the path of the copy of the
/// earlier contents; no copy is made if they are the starter or equal to `text`, whatever their line ending.
pub(crate) fn replace(lab: &Lab, file: &Path, text: &str) -> Result<Option<PathBuf>, Failure> {
    let path = lab.exercise(file);
    let before = match fs::read_to_string(&path) {
        Ok(before) => Some(before),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(Failure::new(format!("{}: {error}", path.display()))),
    };
    let starter = source::starter(lab, file)?;
    let is_code = |before: &String| ![text, &starter].contains(&with_lf(before).as_str());
    let kept = match before.as_ref().filter(|before| is_code(before)) {
        Some(before) => Some(keep(&path, before)?),
        None => None,
    };
    let text = as_in(before.as_deref().unwrap_or_default(), text);
    let unfinished = path.with_extension("rs.new");
    fs::write(&unfinished, text)?;
    fs::rename(&unfinished, &path)?;
    Ok(kept)
}

/// Writes `text` to the first unused name of the form `*.rs.kept-1`, `*.rs.kept-2`, …; returns the path.
fn keep(path: &Path, text: &str) -> Result<PathBuf, Failure> {
    for number in 1.. {
        let copy = path.with_extension(format!("rs.kept-{number}"));
        match OpenOptions::new().write(true).create_new(true).open(&copy) {
            Ok(mut file) => {
                file.write_all(text.as_bytes())?;
                file.sync_all()?;
                return Ok(copy);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Failure::new(format!("{}: {error}", copy.display()))),
        }
    }
    Err(Failure::new(format!("{}: there is no free name for a copy", path.display())))
}
