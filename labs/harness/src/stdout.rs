//! Results on stdout, and notes on stderr, when the other end may be closed or the disk full.
//!
//! `println!` panics when it cannot write: `authlab token - --json | head -1` ended with a panic. Commands print with
//! [`outln!`](crate::outln) and [`errln!`](crate::errln) instead, and `main` runs inside [`run`].

use std::fmt;
use std::io::{ErrorKind, Write};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;

use crate::terminal;

/// The exit code when the reader of stdout has gone: that of a program that the shell reports as ended by `SIGPIPE`.
const READER_GONE: u8 = 128 + 13;

/// Prints a line on stdout, with colours on a terminal only.
#[macro_export]
macro_rules! outln {
    () => { $crate::stdout::print(format_args!("\n")) };
    ($($arguments:tt)*) => { $crate::stdout::print(format_args!("{}\n", format_args!($($arguments)*))) };
}

/// Prints a text on stdout, with colours on a terminal only.
#[macro_export]
macro_rules! out {
    ($($arguments:tt)*) => { $crate::stdout::print(format_args!($($arguments)*)) };
}

/// Prints a line on stderr, with colours on a terminal only. A line that cannot be written is left out.
#[macro_export]
macro_rules! errln {
    () => { $crate::stdout::note(format_args!("\n")) };
    ($($arguments:tt)*) => { $crate::stdout::note(format_args!("{}\n", format_args!($($arguments)*))) };
}

/// Prints a text on stderr, with colours on a terminal only. A text that cannot be written is left out.
#[macro_export]
macro_rules! err {
    ($($arguments:tt)*) => { $crate::stdout::note(format_args!($($arguments)*)) };
}

/// What unwinds the program when stdout cannot be written.
struct Unwritable(std::io::Error);

/// Prints on stdout; [`outln!`](crate::outln) calls it.
///
/// If stdout cannot be written, the caller is unwound up to [`run`], so that every server and container that a command
/// started is stopped on the way.
pub fn print(text: fmt::Arguments<'_>) {
    let mut stdout = anstream::stdout().lock();
    if let Err(error) = stdout.write_fmt(text).and_then(|()| stdout.flush()) {
        drop(stdout);
        // No panic hook runs: this is not a defect, and has nothing to say but the sentence of `run`.
        resume_unwind(Box::new(Unwritable(error)));
    }
}

/// Prints on stderr; [`errln!`](crate::errln) calls it.
pub fn note(text: fmt::Arguments<'_>) {
    let _lost = anstream::stderr().lock().write_fmt(text);
}

/// Runs a program, and ends it in order when stdout cannot be written.
///
/// When the reader has gone (`| head -1`), the program ends silently with exit code 141, as one that does not ignore
/// `SIGPIPE`; on any other error, for example a full disk, with one sentence on stderr and exit code 2.
pub fn run(program: impl FnOnce() -> ExitCode) -> ExitCode {
    let payload = match catch_unwind(AssertUnwindSafe(program)) {
        Ok(code) => return code,
        Err(payload) => payload,
    };
    match payload.downcast::<Unwritable>() {
        Ok(unwritable) if unwritable.0.kind() == ErrorKind::BrokenPipe => ExitCode::from(READER_GONE),
        Ok(unwritable) => {
            terminal::complain(&format!("stdout cannot be written: {}", unwritable.0));
            ExitCode::from(2)
        }
        Err(panic) => resume_unwind(panic),
    }
}
