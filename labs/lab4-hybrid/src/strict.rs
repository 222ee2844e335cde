//! The check of an access token. Every request passes through it, so it does nothing that is not needed.
//!
//! `jsonwebtoken` issues tokens, and the access-only lab shows how to verify with it. The library supports every kind
//! of token, so it reads the header three times, derives the HMAC key again for each token and reads the claims twice.
//! Here one program verifies tokens that it issued itself, and may use what it knows about them. These are the short
//! cuts, each with the reason why it is safe:
//!
//! - **The header is compared, not parsed.** RFC 7515 §5.2 requires that its parameters are understood and obeyed. The
//!   header must equal the text that this server writes for its key, so its meaning was settled when the server
//!   started: `typ`, `alg`, one `kid`, no `crit`. No part of a foreign header is ever parsed (RFC 8725 §3.1, §3.11).
//! - **The header names the key.** One comparison replaces the look-up by `kid`, so no text that the token chooses is
//!   searched for (RFC 8725 §3.10).
//! - **The key is prepared once.** The two padded key blocks do not depend on the message (RFC 2104 §4).
//! - **The signature is split off by its length.** HMAC with SHA-256 has 32 bytes (RFC 7518 §3.2), which are 43
//!   characters; a text of another length is not a valid signature.
//! - **The claims are parsed once, in place.** This happens only after the MAC over exactly these bytes is verified
//!   (RFC 8725 §3.3: a token is refused as a whole if its signature does not match).
//!
//! Deliberately not supported: a header in any other spelling, even an equivalent one; any other algorithm; other
//! issuers; a token without a session; escapes in `sub`, `sid` and `jti`; and a UUID in any form but the one with
//! hyphens. A program that needs those uses the library. Every token that `AccessTokens::check` of the access-only lab
//! refuses is refused here too: the test `differential` compares the two on mutated tokens.

mod claims;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::keyring::{Key, Keyring};
use kit::{Clock, Error, Principal};
use lab3_access::access_token::{MAX_BYTES, header_key_number, header_segment};

use claims::Claims;

/// The length of an HMAC-SHA-256 in base64url without padding, in characters.
const SIGNATURE_CHARACTERS: usize = 43;

/// The greatest length of a decoded payload, in bytes, rounded up.
const MAX_PAYLOAD_BYTES: usize = MAX_BYTES / 4 * 3;

/// A buffer size, in bytes, that is large enough for the payload of a token with an address of usual length; see
/// [`StrictVerifier::read`].
const USUAL_PAYLOAD_BYTES: usize = 512;

/// Verifies access tokens that contain a session. A server creates one of these. A check allocates only the memory that
/// the [`Principal`] owns.
pub struct StrictVerifier {
    issued: Vec<Issued>,
    issuer: String,
    audience: String,
    leeway_s: u64,
    clock: Clock,
}

/// The start of every token that one of the server's keys signed, and that key.
struct Issued {
    header_and_dot: String,
    key: hmac::Key,
}

impl StrictVerifier {
    /// Prepares the keys, the issuing key first because most tokens are signed with it. `leeway` is how far `iat` and
    /// `nbf` may be ahead of the server's clock; it does not extend `exp`.
    ///
    /// # Errors
    /// Fails if the header for a key cannot be encoded.
    pub fn new(
        keys: &Keyring,
        issuer: impl Into<String>,
        audience: impl Into<String>,
        leeway: Duration,
        clock: Clock,
    ) -> Result<Self, Error> {
        Ok(Self {
            issued: keys.all().map(issued).collect::<Result<_, _>>()?,
            issuer: issuer.into(),
            audience: audience.into(),
            leeway_s: leeway.as_secs(),
            clock,
        })
    }

    /// Returns the user and the session of a token, if every check passes. Asks no store.
    ///
    /// # Errors
    /// Fails if the token is too long, is not an access token of this server, or is not valid at this time.
    pub fn check(&self, token: &str) -> Result<Principal, Error> {
        if token.len() > MAX_BYTES {
            return Err(Error::InvalidToken("longer than 4096 bytes"));
        }
        let payload = self.signed_payload(token)?;
        // The buffer is cleared before use, and clearing the large one would take as long as decoding a usual token.
        if payload.len() <= USUAL_PAYLOAD_BYTES / 3 * 4 {
            self.read(payload, &mut [0; USUAL_PAYLOAD_BYTES])
        } else {
            self.read(payload, &mut [0; MAX_PAYLOAD_BYTES])
        }
    }

    /// Returns the encoded payload, after verifying the MAC over the header and the payload.
    fn signed_payload<'t>(&self, token: &'t str) -> Result<&'t str, Error> {
        let begun = self.issued.iter().find_map(|issued| {
            let rest = token.strip_prefix(&*issued.header_and_dot)?;
            Some((issued, rest))
        });
        let (issued, rest) = begun.ok_or_else(|| foreign(token))?;
        let cut = rest.len().checked_sub(SIGNATURE_CHARACTERS).and_then(|at| rest.split_at_checked(at));
        let (payload_and_dot, signature) =
            cut.ok_or(Error::InvalidToken("its signature is not one of this algorithm"))?;
        let payload = payload_and_dot.strip_suffix('.');
        let payload = payload.ok_or(Error::InvalidToken("its signature is not one of this algorithm"))?;
        // RFC 4648 §3.5: this decoder accepts one encoding per value, so no second token has the same content.
        let mut mac = [0; SIGNATURE_CHARACTERS.div_ceil(4) * 3];
        let length = URL_SAFE_NO_PAD
            .decode_slice(signature, &mut mac)
            .or(Err(Error::ForgedToken("the signature is not base64url")))?;
        // RFC 7515 §5.1: the signature is over the text of the first two parts, with the dot between them, as received.
        let signed = &token.as_bytes()[..token.len() - SIGNATURE_CHARACTERS - 1];
        hmac::verify(&issued.key, signed, &mac[..length])
            .or(Err(Error::ForgedToken("the signature does not match")))?;
        Ok(payload)
    }

    fn read(&self, payload: &str, buffer: &mut [u8]) -> Result<Principal, Error> {
        // A fourth part is refused here, because a dot is not a character of base64url.
        let length = URL_SAFE_NO_PAD
            .decode_slice(payload, buffer)
            .or(Err(Error::InvalidToken("the payload is not base64url")))?;
        let claims = Claims::read(&buffer[..length])?;
        // RFC 7519 §4.1.1: compared as exact strings.
        if claims.iss != self.issuer {
            return Err(Error::InvalidToken("the issuer is another one"));
        }
        if claims.aud != self.audience {
            return Err(Error::InvalidToken("the audience is another one"));
        }
        claims.times().check(self.clock.now_s(), self.leeway_s)?;
        claims.into_principal()
    }
}

/// The error for a token whose header does not match: it names a key that this server does not have, or another issuer
/// made it.
fn foreign(token: &str) -> Error {
    match token.split('.').next().and_then(header_key_number) {
        Some(number) => Error::UnknownKey(number),
        None => Error::ForgedToken("the header does not match any that this server issues"),
    }
}

/// Keys and settings must not appear in a log.
impl fmt::Debug for StrictVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StrictVerifier").field("keys", &self.issued.len()).finish_non_exhaustive()
    }
}

fn issued(key: &Key) -> Result<Issued, Error> {
    Ok(Issued {
        header_and_dot: format!("{}.", header_segment(key.id)?),
        key: hmac::Key::new(hmac::HMAC_SHA256, key.expose_bytes()),
    })
}
