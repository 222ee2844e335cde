//! The idempotency key, which makes a refresh safe to repeat.
//!
//! The key says that two requests are the same exchange. If the response to a rotation is lost, and the window passes
//! before the client is back on the network, the same token with the same key still gets the same successor. A thief
//! who has only the token does not know the key, and is detected. If the browser stored the response's cookie but the
//! page did not see the response, the current token is presented with that key, and stays: the exchange that issued it
//! is already done, and is not done twice. That response uses the key up, as the lost one would have.
//!
//! # What a client does
//!
//! 1. Before an exchange it takes the key that it has stored. If it has none, it generates a random key and stores it
//!    in a place that survives a reload or a crash and that all tabs share (`localStorage`).
//! 2. After a 5xx, or without a response, it keeps the key and sends it again: now, after a reload, or tomorrow.
//! 3. It deletes the key when a response says that its exchange is done (200), and when the session is over (401). A
//!    response with `"refresh_kept": true` says that the token stays and the exchange was not done, so the client keeps
//!    the key for the next one.
//!
//! So a key lives as long as a token. An app, which sees its token, may as well generate one key for each token. A page
//! cannot see its token, so the response tells it whether the token stays. If a page deletes its key at every response,
//! this can happen: one tab is told that the token stays; then the request of another tab, or of a page that was
//! reloaded, exchanges that token; the response to that is lost; and the next exchange looks like a thief's.
//!
//! # Why it is done this way
//!
//! There is another way to tolerate a lost response: the server accepts the parent of the current token until the
//! successor is presented. It needs no key, but it defeats the purpose of rotation: the owner and a thief who copied
//! the cookie can take turns for ever, at any pace, each getting the successor from the other's exchange. With the key,
//! a thief who copied the cookie alone gains nothing. A thief who copied the cookie and the key of an exchange in
//! progress may go undetected once, and is detected at the next late use. The model finds both
//! (`a_parent_that_is_answered_until_its_successor_was_shown_hides_a_thief_for_ever`,
//! `a_thief_who_copied_the_key_of_an_exchange_passes_once_and_not_twice`).
//!
//! A client that never changes its key keeps its token, and its session ends at the idle limit. Only such a client and
//! a thief who copied its token *and* its key can use the session side by side, and for no longer than that.

use std::fmt;

use http::HeaderMap;
use kit::Error;
use kit::error::Flaw;

use crate::chain::Digest;

/// The longest key, in characters.
pub const MAX_CHARS: usize = 64;

/// The name of the header that contains the key.
pub const HEADER: &str = "idempotency-key";

/// How many bytes of a key's digest are stored.
const KEPT_BYTES: usize = 16;

/// A client's key for one exchange. Only a digest is kept, which has 16 bytes whatever the client sends.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey([u8; KEPT_BYTES]);

impl IdempotencyKey {
    /// Reads the key from a request's headers; `None` if there is no such header, or an empty one.
    ///
    /// # Errors
    /// Fails if there are two such headers, or if the key is too long or not visible ASCII.
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

    /// The digest of the key, for a store.
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
