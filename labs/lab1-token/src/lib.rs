//! A JWT written by hand: three base64url strings with dots between them. Its content is signed and not secret.
//!
//! - [`jwt`]: makes and verifies the token, byte for byte as in the example of RFC 7515, appendix A.1
//! - [`guess`]: finds a weak secret with a word list, without sending a request to any server
//! - [`answers`]: calls the same functions one at a time, over a pipe
//! - [`judge`]: the checks that a token implementation must pass, and what an attacker gains where it fails one

pub mod answers;
pub mod guess;
pub mod judge;
pub mod jwt;

/// The token workbench: the source of a JavaScript file that the pages of the book and the playground load. It takes a
/// token apart, lets the reader edit and sign it, and judges it twice.
pub const WORKBENCH: &str = include_str!("../assets/workbench.js");
