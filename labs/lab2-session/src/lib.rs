//! Sessions: the server remembers who is logged in, the browser carries a name that nobody can guess.
//!
//! - [`session`]: the scheme: a cookie in, a look-up, a person out
//! - [`holder`]: what a session remembers, and its two limits
//! - [`design`]: what the tools need to know of it
//! - [`store`]: where it is remembered: [`store::memory`] or [`store::redis`], held to one suite of tests

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
