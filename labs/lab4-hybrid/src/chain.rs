//! The keyed chain: why no refresh token is ever stored.
//!
//! The secret inside a session's first token is random. Each later one is `HMAC(K_chain, sid · n+1 · secret n)`, so the
//! server computes a token's successor from the token that it is shown, always the same successor, and whoever holds
//! token *n* without the server's key cannot compute *n+1*. Asking twice gives one answer: a repeated request is harmless
//! by construction, and the store needs to remember hashes only.
//!
//! What a leak opens: the store alone gives nothing, since it holds hashes of random-looking secrets. A key alone gives
//! nothing, since every chain starts from a random secret. **A key and any token that a session ever had give its current
//! token.** So a key that leaked leaves at once; a key that is only old leaves after one absolute lifetime.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{digest, hkdf, hmac, rand};
use kit::keyring::Keyring;
use uuid::Uuid;

/// Bytes of a secret, and of its SHA-256.
pub const SECRET_BYTES: usize = 32;

/// HKDF's salt is public (RFC 5869 §3.1): it only keeps these keys apart from anything else made of the same master.
const SALT: &[u8] = b"authlab refresh tokens, version 1";

/// The derived keys of a keyring, by number. Clones share them.
#[derive(Clone)]
pub struct Keys {
    keys: Arc<[Arc<DerivedKey>]>,
    issuing: Arc<DerivedKey>,
}

/// What one master secret gives: one key to seal tokens with, and one to walk the chain with. Two labels, so that a MAC
/// can never be mistaken for a secret.
pub(crate) struct DerivedKey {
    pub(crate) id: u16,
    pub(crate) mac: hmac::Key,
    chain: hmac::Key,
}

impl Keys {
    /// Derives the keys by HKDF-SHA256 (RFC 5869). The first key of the ring issues, all of them check.
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

    /// The key that a token names. Its successors keep it: a session's chain never changes keys half way, or two servers
    /// in the middle of a change of keys would compute two successors of one token.
    pub(crate) fn named(&self, id: u16) -> Option<&Arc<DerivedKey>> {
        self.keys.iter().find(|key| key.id == id)
    }
}

impl DerivedKey {
    // ANCHOR: next
    /// The secret that follows `secret` in a session, as that session's number `generation`.
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

/// What makes a refresh token hard to guess.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) [u8; SECRET_BYTES]);

impl Secret {
    /// A fresh one, to start a chain with.
    pub(crate) fn random() -> Result<Self, Unspecified> {
        let mut bytes = [0; SECRET_BYTES];
        rand::fill(&mut bytes)?;
        Ok(Self(bytes))
    }

    /// What the store gets to see of it. No salt and no slow hash: 256 random bits cannot be searched for.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The SHA-256 of a secret: what stores compare.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub(crate) [u8; SECRET_BYTES]);

impl Digest {
    /// The digest of any bytes.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut digest = [0; SECRET_BYTES];
        digest.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
        Self(digest)
    }

    /// The bytes, for a store.
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
