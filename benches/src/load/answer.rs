//! The response to one request of the generator.

use hyper::StatusCode;

/// A response whose body was read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body_bytes: u64,
}
