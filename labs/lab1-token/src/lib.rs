//! A JWT by hand: three strings with dots between them, and why nothing about them is secret.
//!
//! - [`jwt`]: the token, made and checked byte for byte, against the example of RFC 7515, appendix A.1
//! - [`guess`]: what a weak secret is worth: a word list finds it without asking any server
//! - [`answers`]: the same functions, asked one at a time over a pipe
//! - [`judge`]: what must hold of whoever answers, and what an attacker gains where it does not

pub mod answers;
pub mod guess;
pub mod judge;
pub mod jwt;

/// The token workbench, a script for a page: the book and the playground have it. It takes a token apart, lets it be edited
/// and signed, and judges it twice.
pub const WORKBENCH: &str = include_str!("../assets/workbench.js");
