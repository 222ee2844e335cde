//! Lines on stdout. `println!` panics when it cannot write, as after `cargo book build | head -1`; this ends the program.

use std::fmt;
use std::io::{Error, ErrorKind, Write};

/// The exit code when the reader of stdout has gone: that of a program that the shell reports as ended by `SIGPIPE`.
const READER_GONE: i32 = 128 + 13;

/// Prints a line. If stdout cannot be written, the program ends: silently if the reader has gone, otherwise with a
/// sentence.
pub(crate) fn line(text: impl fmt::Display) {
    let mut stdout = std::io::stdout().lock();
    if let Err(error) = writeln!(stdout, "{text}").and_then(|()| stdout.flush()) {
        let (code, sentence) = end(&error);
        if let Some(sentence) = sentence {
            note(sentence);
        }
        std::process::exit(code);
    }
}

/// Prints a line on stderr; one that cannot be written is left out.
pub(crate) fn note(text: impl fmt::Display) {
    let _lost = writeln!(std::io::stderr().lock(), "{text}");
}

/// The exit code of a program that cannot write its result, and what it says.
fn end(error: &Error) -> (i32, Option<String>) {
    match error.kind() {
        ErrorKind::BrokenPipe => (READER_GONE, None),
        _ => (2, Some(format!("Error: stdout cannot be written: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_has_gone_is_no_error_and_a_full_disk_is_one() {
        assert_eq!(end(&ErrorKind::BrokenPipe.into()), (141, None));
        let (code, sentence) = end(&ErrorKind::StorageFull.into());
        assert_eq!(
            (code, sentence.as_deref()),
            (2, Some("Error: stdout cannot be written: no storage space"))
        );
    }
}
