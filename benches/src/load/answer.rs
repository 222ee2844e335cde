//! The response to one request of the generator.

use hyper::StatusCode;

/// A response with the expected status whose body was read to its end, or one with another status.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body_bytes: u64,
}
