//! Reads and writes source files with either line ending.
//!
//! A clone with `core.autocrlf` has CRLF in every file, and an editor may write CRLF. The workshop compares and cuts
//! text with LF only, and a file that it writes keeps the line ending that it had.

use std::fs;
use std::path::Path;

use harness::Failure;

/// The text of a file, with LF.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("{} cannot be read", path.display())).caused_by(&error))?;
    Ok(with_lf(&text))
}

/// The text with LF instead of CRLF.
pub(crate) fn with_lf(text: &str) -> String {
    text.replace("\r\n", "\n")
}

/// A text with LF, changed to the line ending of another text.
pub(crate) fn as_in(other: &str, text: &str) -> String {
    match other.contains("\r\n") {
        true => text.replace('\n', "\r\n"),
        false => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_with_lf_and_written_with_the_line_ending_that_it_had() {
        assert_eq!(with_lf("a\r\nb\r\n"), "a\nb\n");
        assert_eq!(with_lf("a\nb\r"), "a\nb\r");
        assert_eq!(as_in("old\r\n", "a\nb\n"), "a\r\nb\r\n");
        assert_eq!(as_in("old\n", "a\nb\n"), "a\nb\n");
    }
}
