//! Lab 1 with the parts left out that a learner writes: `src/jwt.rs` here, all else from the lab itself.
//!
//! `cargo lab learn` says what to do and judges it; so does `cargo test -p lab1-exercise`.

#![expect(clippy::todo, reason = "a part that is not written says so; clippy tells when none is left")]
#![allow(unused, reason = "what the parts to be written will use is here before they are")]

#[path = "../../src"]
mod lab {
    pub mod answers;
    pub mod guess;
}

// What this lab's attack gets in on is written out when it is played: `cargo lab defend`.
#[cfg_attr(feature = "weak", path = "../../../../.authlab/weak/jwt.rs")]
pub mod jwt;

pub use lab::{answers, guess};
