//! A JWT as the only credential, and why its users cannot log out.
//!
//! - [`access_token`]: the access token: how it is made and everything that is checked of it
//! - `header` and `claims`: the two parts of the token, and what is read of each
//! - [`access`]: the scheme that issues the token, and why a logout ends nothing
//! - [`design`]: what the tools need to know about this lab

pub mod access;
pub mod access_token;
mod claims;
pub mod design;
mod header;

mod words;

pub use access::{Access, router};
pub use claims::Times;
pub use design::DESIGN;
