//! Lab 4 with the parts left out that a learner writes: `src/hybrid.rs` and `src/rotation.rs` here, all else from the lab itself.
//!
//! `cargo lab learn` says what to do and judges it; so does `cargo test -p lab4-exercise`.

#![expect(clippy::todo, reason = "a part that is not written says so; clippy tells when none is left")]
#![allow(unused, reason = "what the parts to be written will use is here before they are")]

#[path = "../../src"]
mod lab {
    pub mod chain;
    pub mod delivery;
    pub mod design;
    pub mod idempotency;
    pub mod in_body;
    pub mod refresh;
    pub mod refusal;
    pub mod sessions;
    pub mod settings;
    pub mod store;
    pub mod strict;
    pub mod token;
    pub(crate) mod watched;
    pub(crate) mod words;
}

// What this lab's attack gets in on is written out when it is played: `cargo lab defend`.
#[cfg_attr(feature = "weak", path = "../../../../.authlab/weak/hybrid.rs")]
pub mod hybrid;
#[cfg_attr(feature = "weak", path = "../../../../.authlab/weak/rotation.rs")]
pub mod rotation;

pub use lab::{
    chain, delivery, design, idempotency, in_body, refresh, refusal, sessions, settings, store, strict, token,
};
use lab::{watched, words};

/// The lab's client for browsers.
pub const BROWSER_CLIENT: &str = include_str!("../../client/authlab-client.js");

pub use hybrid::{Hybrid, router};
