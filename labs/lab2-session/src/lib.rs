//! Sessions: the server stores which user is logged in; the browser stores a cookie with a random id that an
//! attacker cannot guess.
//!
//! - [`session`]: the scheme: it reads a cookie, looks the session up, and returns the user
//! - [`holder`]: what a session record contains, and the two time limits of a session
//! - [`design`]: what the tools need to know about this lab
//! - [`store`]: where session records are stored: [`store::memory`] or [`store::redis`], both tested by one suite

pub mod design;
pub mod holder;
pub mod session;
pub mod store;
#[cfg(any(test, feature = "suite"))]
#[doc(hidden)]
pub mod suite;

mod watched;
mod words;

pub use design::DESIGN;
pub use session::{Sessions, router, router_over};
