//! The key that makes a refresh safe to repeat.
//!
//! A client makes one per token and keeps it until it has an answer. If the answer to a rotation is lost, and the window
//! passes before the client is back on the network, the same token with the same key still gets the same successor; a
//! thief who holds the token alone is told apart by not knowing the key.

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
