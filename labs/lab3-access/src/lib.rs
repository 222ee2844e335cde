//! A JWT as the only credential, and why its users cannot log out.
//!
//! - [`access_token`]: the access token: how it is made and everything that is checked of it
//! - `header` and `claims`: the two parts of the token, and what is read of each
//! - [`access`]: the scheme that issues the token, and why a logout ends nothing
//! - [`design`]: what the tools need to know about this lab
//!
//! ```
//! use std::time::Duration;
//!
//! use kit::Clock;
//! use kit::keyring::Keyring;
//! use lab3_access::access_token::{AccessTokens, Grant};
//! # use uuid::Uuid;
//!
//! let (keys, clock) = (Keyring::random(), Clock::system());
//! let (ttl, leeway) = (Duration::from_secs(900), Duration::from_secs(5));
//! let tokens = AccessTokens::new(&keys, "https://authlab.example", "authlab-api", ttl, leeway, clock.clone());
//!
//! let token = tokens.issue(&Grant { user_id: Uuid::new_v4(), email: "ann@example.test", session: None })?;
//! assert_eq!(tokens.check(token.expose())?.email, "ann@example.test");
//!
//! // The same key does not make a token valid that was issued for another service.
//! let other = AccessTokens::new(&keys, "https://authlab.example", "another-api", ttl, leeway, clock.clone());
//! assert!(other.check(token.expose()).is_err());
//!
//! // Nothing but time ends the token.
//! clock.advance(ttl);
//! assert!(tokens.check(token.expose()).is_err());
//! # Ok::<(), kit::Error>(())
//! ```

pub mod access;
pub mod access_token;
mod claims;
pub mod design;
mod header;

mod words;

pub use access::{Access, router};
pub use claims::Times;
pub use design::DESIGN;
