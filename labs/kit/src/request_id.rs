//! A request's id in the log and in its response.

use std::fmt;

/// A request's id in the log: 16 hexadecimal digits. It is stored in the request's extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestId {
    pub(crate) server: u32,
    pub(crate) number: u32,
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}{:08x}", self.server, self.number)
    }
}
