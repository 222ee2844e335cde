//! A JWT written by hand: three base64url strings with dots between them. Its content is signed and not secret.
//!
//! - [`jwt`]: makes and verifies the token, byte for byte as in the example of RFC 7515, appendix A.1
//! - [`guess`]: finds a weak secret with a word list, without sending a request to any server
//! - [`answers`]: calls the same functions one at a time, over a pipe
//! - [`judge`]: the checks that a token implementation must pass, and what an attacker gains where it fails one
//!
//! ```
//! use lab1_token::jwt::{self, Refused};
//!
//! let (header, payload) = (r#"{"alg":"HS256"}"#, r#"{"email":"ann@example.test","role":"user"}"#);
//! let token = jwt::sign(b"the server's key", header, payload);
//!
//! // Every holder of the token can read it; only a holder of the key can check it.
//! assert_eq!(jwt::read_without_a_key(&token).as_deref(), Some(payload));
//! assert_eq!(jwt::verify(b"the server's key", &token)?["role"], "user");
//! assert_eq!(jwt::verify(b"another key", &token), Err(Refused::Signature));
//!
//! // An attacker changes the role and keeps the signature.
//! let forged = token.replace(&jwt::encode(payload.as_bytes()), &jwt::encode(br#"{"role":"admin"}"#));
//! assert_eq!(jwt::verify(b"the server's key", &forged), Err(Refused::Signature));
//! # Ok::<(), Refused>(())
//! ```

pub mod answers;
pub mod guess;
pub mod judge;
pub mod jwt;

/// The token workbench: the source of a JavaScript file that the pages of the book and the playground load. It takes a
/// token apart, lets the reader edit and sign it, and judges it twice.
pub const WORKBENCH: &str = include_str!("../assets/workbench.js");
