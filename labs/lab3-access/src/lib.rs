//! Access-only JWT, and the logout problem.
//!
//! - [`access_token`]: the token, how it is made and everything that is checked of it
//! - `header` and `claims`: its two parts, and what is read of each
//! - [`access`]: the scheme that hands it out, and why logging out ends nothing
//! - [`design`]: what the tools need to know of it

pub mod access;
pub mod access_token;
mod claims;
pub mod design;
mod header;

mod words;

pub use access::{Access, router};
pub use claims::Times;
pub use design::DESIGN;
