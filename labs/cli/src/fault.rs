//! Why a command could not do what it was asked, in one sentence that says what to do about it.

use std::fmt::Display;

/// The sentence. Printed on stderr; the command ends with exit code 2.
#[derive(Debug)]
pub(crate) struct Fault(pub(crate) String);

impl Fault {
    pub(crate) fn new(sentence: impl Display) -> Self {
        Self(sentence.to_string())
    }
}

impl<E: std::error::Error> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::new(error)
    }
}
