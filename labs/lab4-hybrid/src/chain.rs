//! The keyed chain: why the server stores no refresh token.
//!
//! The secret in a session's first token is random. Each later secret is `HMAC(K_chain, sid · n+1 · secret n)`. So the
//! server computes a token's successor from the token that a client presents, and always computes the same successor. A
//! client that has token *n* but not the server's key cannot compute token *n+1*. Because a repeated request gets the
//! same result, repeating is harmless by construction, and the store needs to keep hashes only.
//!
//! What a leak reveals: the store alone reveals nothing, because it contains hashes of random-looking secrets. A key
//! alone reveals nothing, because every chain starts from a random secret. **A key together with any token that a
//! session ever had reveals its current token.** So an operator removes a leaked key at once, and a key that is only
//! old after one absolute lifetime.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{digest, hkdf, hmac, rand};
use kit::keyring::Keyring;
use uuid::Uuid;

/// The length of a secret and of its SHA-256 digest, in bytes.
pub const SECRET_BYTES: usize = 32;

/// The salt for HKDF, which is public (RFC 5869 §3.1): it only separates these keys from others derived from the same
/// master secret.
const SALT: &[u8] = b"authlab refresh tokens, version 1";

/// The keys derived from a keyring, each with its number. Clones share them.
#[derive(Clone)]
pub struct Keys {
    keys: Arc<[Arc<DerivedKey>]>,
    issuing: Arc<DerivedKey>,
}

/// The keys derived from one master secret: one seals tokens, the other computes the chain. They are derived with two
/// different labels, so that a MAC can never be used as a secret.
pub(crate) struct DerivedKey {
    pub(crate) id: u16,
    pub(crate) mac: hmac::Key,
    chain: hmac::Key,
}

impl Keys {
    /// Derives the keys by HKDF-SHA256 (RFC 5869). The first key of the ring issues tokens; all of them verify.
    ///
    /// # Errors
    /// Fails if HKDF fails in the cryptography library.
    pub fn derive(keyring: &Keyring) -> Result<Self, Unspecified> {
        let derived = |key: &kit::keyring::Key| {
            let master = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(key.expose_bytes());
            let mac = master.expand(&[b"mac"], hmac::HMAC_SHA256)?.into();
            let chain = master.expand(&[b"chain"], hmac::HMAC_SHA256)?.into();
            Ok(Arc::new(DerivedKey { id: key.id, mac, chain }))
        };
        let keys = keyring.all().map(derived).collect::<Result<Arc<[_]>, Unspecified>>()?;
        Ok(Self { issuing: derived(keyring.issuing())?, keys })
    }

    /// The key of new sessions.
    pub(crate) fn issuing(&self) -> &Arc<DerivedKey> {
        &self.issuing
    }

    /// The key with the number that a token names. The token's successors use the same key: if a chain could change its
    /// key, two servers in the middle of a key change would compute two different successors of one token.
    pub(crate) fn named(&self, id: u16) -> Option<&Arc<DerivedKey>> {
        self.keys.iter().find(|key| key.id == id)
    }
}

impl DerivedKey {
    // ANCHOR: next
    /// The secret that follows `secret` in a session; `generation` is the number of the token with the new secret.
    pub(crate) fn next(&self, session_id: Uuid, generation: u32, secret: &Secret) -> Secret {
        let mut link = hmac::Context::with_key(&self.chain);
        link.update(session_id.as_bytes());
        link.update(&generation.to_be_bytes());
        link.update(&secret.0);
        let mut next = [0; SECRET_BYTES];
        next.copy_from_slice(link.sign().as_ref());
        Secret(next)
    }
    // ANCHOR_END: next
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| key.id)).finish()
    }
}

/// The secret part of a refresh token, which makes it hard to guess.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) [u8; SECRET_BYTES]);

impl Secret {
    /// A new random secret, for the first token of a session.
    pub(crate) fn random() -> Result<Self, Unspecified> {
        let mut bytes = [0; SECRET_BYTES];
        rand::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// The digest of the secret, which the store keeps. No salt and no slow hash is needed: an attacker cannot search
    /// 256 random bits.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The SHA-256 of a secret, which stores compare.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub(crate) [u8; SECRET_BYTES]);

impl Digest {
    /// The digest of any bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut digest = [0; SECRET_BYTES];
        digest.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
        Self(digest)
    }

    /// The bytes of the digest, for a store.
    pub fn as_bytes(&self) -> &[u8; SECRET_BYTES] {
        &self.0
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({:02x}{:02x}…)", self.0[0], self.0[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(text: &str) -> Keys {
        Keys::derive(&text.parse().unwrap()).unwrap()
    }

    const ONE: &str = "1=0123456789abcdef0123456789abcdef";

    #[test]
    fn the_chain_follows_from_key_session_number_and_secret_and_from_nothing_else() {
        let (sid, secret) = (Uuid::from_u128(7), Secret([9; SECRET_BYTES]));
        let next = |keys: &Keys, sid, n, secret: &Secret| keys.issuing().next(sid, n, secret).0;
        let expected = next(&keys(ONE), sid, 2, &secret);
        assert_eq!(next(&keys(ONE), sid, 2, &secret), expected);
        assert_ne!(next(&keys("1=fedcba9876543210fedcba9876543210"), sid, 2, &secret), expected);
        assert_ne!(next(&keys(ONE), Uuid::from_u128(8), 2, &secret), expected);
        assert_ne!(next(&keys(ONE), sid, 3, &secret), expected);
        assert_ne!(next(&keys(ONE), sid, 2, &Secret([8; SECRET_BYTES])), expected);
    }

    #[test]
    fn the_two_derived_keys_differ() {
        let keys = keys(ONE);
        let by = |key: &hmac::Key| hmac::sign(key, b"same").as_ref().to_vec();
        assert_ne!(by(&keys.issuing().mac), by(&keys.issuing().chain));
    }

    #[test]
    fn the_first_key_of_the_ring_issues_and_the_others_are_found_by_number() {
        let keys = keys("2=fedcba9876543210fedcba9876543210,1=0123456789abcdef0123456789abcdef");
        assert_eq!(keys.issuing().id, 2);
        assert_eq!(keys.named(1).map(|key| key.id), Some(1));
        assert!(keys.named(3).is_none());
    }

    #[test]
    fn nothing_secret_shows_in_debug_output() {
        let secret = Secret([0xAB; SECRET_BYTES]);
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(format!("{:?}", Digest([0xAB; SECRET_BYTES])), "Digest(abab…)");
        assert_eq!(format!("{:?}", keys(ONE)), "[1]");
    }
}
