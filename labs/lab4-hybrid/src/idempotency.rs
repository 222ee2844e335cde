//! The key that makes a refresh safe to repeat.
//!
//! The key says: this request and that one are the same exchange. If the answer to a rotation is lost, and the window
//! passes before the client is back on the network, the same token with the same key still gets the same successor; a
//! thief who holds the token alone is told apart by not knowing the key. And if the browser got the answer's cookie but the
//! page did not see the answer, the current token with that key stays: the exchange that made it is done, and is not done
//! twice. That answer spends the key, as the lost one would have.
//!
//! # What a client does
//!
//! 1. Before an exchange it takes the key that it has stored. If there is none, it makes a random one and stores it, where
//!    a reload or a crash does not lose it and where all tabs find it (`localStorage`).
//! 2. After a 5xx, or without an answer, it keeps the key and sends it again: now, after a reload, or tomorrow.
//! 3. It forgets the key when an answer says that its exchange is done (200), and when the session is over (401). An answer
//!    with `"refresh_kept": true` says that the token stays and the exchange was not done: the key is kept for the next one.
//!
//! So a key lives as long as a token. An app, which sees its token, may as well make one key for each. A page cannot see
//! its token, which is why the answer tells it whether the token stays. If a page forgets its key at every answer, this
//! can happen: one tab hears that the token stays, the request of another tab or of a page that was reloaded makes it an
//! old one, that answer is lost, and the next exchange looks like a thief's.
//!
//! # Why it is done so
//!
//! The other way to forgive a lost answer is to answer the parent of the current token as long as the successor has not
//! been shown. It needs no key, and loses what rotation is for: a thief who copied the cookie, and its owner, can take
//! turns for ever, at any pace, each getting the successor from the other's exchange. With the key, a thief who copied the
//! cookie alone gains nothing. One who copied the cookie and the key of an exchange under way may pass unnoticed once, and
//! is noticed at its next late use. The model finds both
//! (`a_parent_that_is_answered_until_its_successor_was_shown_hides_a_thief_for_ever`,
//! `a_thief_who_copied_the_key_of_an_exchange_passes_once_and_not_twice`).
//!
//! A client that never changes its key keeps its token, and its session ends with the idle time. Only such a client and a
//! thief who copied its token *and* its key can go on side by side, for that long at most.

use std::fmt;

use http::HeaderMap;
use kit::Error;
use kit::error::Flaw;

use crate::chain::Digest;

/// The longest key, in characters.
pub const MAX_CHARS: usize = 64;

/// The header that carries it.
pub const HEADER: &str = "idempotency-key";

/// Bytes of a key's digest that are kept.
const KEPT_BYTES: usize = 16;

/// A client's key for one exchange. Only a digest of it is kept: always the same few bytes, whatever the client sends.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey([u8; KEPT_BYTES]);

impl IdempotencyKey {
    /// The key that came with a request, if any.
    pub fn read(headers: &HeaderMap) -> Result<Option<Self>, Error> {
        let mut values = headers.get_all(HEADER).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.next().is_some() {
            return Err(Error::Malformed("There are two Idempotency-Key headers."));
        }
        match value.to_str() {
            Ok("") => Ok(None),
            Ok(text) if text.len() <= MAX_CHARS => Ok(Some(Self::of(text))),
            _ => Err(Error::Invalid(vec![Flaw {
                pointer: "/headers/Idempotency-Key".into(),
                detail: format!("has at most {MAX_CHARS} characters, all of them visible ASCII"),
            }])),
        }
    }

    /// The key with this text.
    pub fn of(text: &str) -> Self {
        let mut kept = [0; KEPT_BYTES];
        kept.copy_from_slice(&Digest::of(text.as_bytes()).as_bytes()[..KEPT_BYTES]);
        Self(kept)
    }

    /// What a store keeps.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Result<Option<IdempotencyKey>, Error> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(HEADER, value.parse().unwrap());
        }
        IdempotencyKey::read(&headers)
    }

    #[test]
    fn a_key_does_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", IdempotencyKey::of("a client's own")), "IdempotencyKey(…)");
    }

    #[test]
    fn a_key_of_64_characters_is_taken_and_one_of_65_is_not() {
        let key = "k".repeat(64);
        assert_eq!(read(&[&key]).unwrap(), Some(IdempotencyKey::of(&key)));
        assert!(matches!(read(&[&"k".repeat(65)]), Err(Error::Invalid(_))));
    }

    #[test]
    fn no_key_and_an_empty_key_are_the_same_and_two_keys_are_malformed() {
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&[""]).unwrap(), None);
        assert!(matches!(read(&["a", "a"]), Err(Error::Malformed(_))));
    }
}
