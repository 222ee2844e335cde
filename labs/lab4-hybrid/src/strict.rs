//! The check of an access token on the path that every request takes, and nothing that this path does not need.
//!
//! `jsonwebtoken` issues, and the access-only lab shows how to check with it. It is made for every token there is, so it
//! reads the header three times, derives the HMAC key anew and reads the claims twice. Here one program checks what it
//! issued itself, and may use what it knows. Each short cut, and why it lets nothing more in:
//!
//! | short cut | why it is safe |
//! |---|---|
//! | the header is compared, not read | RFC 7515 §5.2 asks that its members are understood and obeyed. These bytes are the ones that we write for this key, so what they say was settled when the server started: `typ`, `alg`, one `kid`, no `crit`. No part of a stranger's header is ever parsed (RFC 8725 §3.1, §3.11) |
//! | the header names the key | one comparison instead of a look-up by `kid`: no text of a token's choosing is searched for (RFC 8725 §3.10) |
//! | the key is prepared once | RFC 2104 §4: the two padded key blocks do not depend on the message |
//! | the signature is cut off by length | HMAC with SHA-256 has 32 bytes (RFC 7518 §3.2), so 43 characters; another length is no signature of ours |
//! | the claims are read in place, once | only after the MAC holds over exactly these bytes (RFC 8725 §3.2: nothing is trusted before) |
//!
//! Not supported, on purpose: a header in any other spelling, even an equivalent one; any other algorithm; other
//! issuers; a token without a session; escapes in `sub`, `sid` and `jti`, and a UUID in any other form than the one with
//! hyphens. Whoever needs those has the library. What is refused by `AccessTokens::check` of the access-only lab is
//! refused here, too: the test `differential` holds the two against each other on mutated tokens.

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

/// What the payload of the longest token decodes to, in bytes, rounded up.
const MAX_PAYLOAD_BYTES: usize = MAX_BYTES / 4 * 3;

/// Enough for the payload of a token with an address of usual length; see [`StrictVerifier::read`].
const USUAL_PAYLOAD_BYTES: usize = 512;

/// Checks access tokens that carry a session. Built once. It allocates nothing but what the [`Principal`] owns.
pub struct StrictVerifier {
    issued: Vec<Issued>,
    issuer: String,
    audience: String,
    leeway_s: u64,
    clock: Clock,
}

/// How every token begins that one of our keys signed, and that key.
struct Issued {
    header_and_dot: String,
    key: hmac::Key,
}

impl StrictVerifier {
    /// Prepares the keys, the issuing one first since most tokens are its. `leeway` is how far `iat` and `nbf` may lie
    /// ahead of our clock; `exp` has none.
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

    /// Says who a token speaks for, if every check holds. Asks nobody.
    pub fn check(&self, token: &str) -> Result<Principal, Error> {
        if token.len() > MAX_BYTES {
            return Err(Error::InvalidToken("longer than 4096 bytes"));
        }
        let payload = self.signed_payload(token)?;
        // The buffer is cleared before it is used, and clearing the large one would cost as much as decoding a usual token.
        if payload.len() <= USUAL_PAYLOAD_BYTES / 3 * 4 {
            self.read(payload, &mut [0; USUAL_PAYLOAD_BYTES])
        } else {
            self.read(payload, &mut [0; MAX_PAYLOAD_BYTES])
        }
    }

    /// The payload as it came, once the MAC over it and our own header holds.
    fn signed_payload<'t>(&self, token: &'t str) -> Result<&'t str, Error> {
        let begun = self.issued.iter().find_map(|issued| {
            let rest = token.strip_prefix(&*issued.header_and_dot)?;
            Some((issued, rest))
        });
        let (issued, rest) = begun.ok_or_else(|| foreign(token))?;
        let cut = rest.len().checked_sub(SIGNATURE_CHARACTERS).and_then(|at| rest.split_at_checked(at));
        let (payload_and_dot, signature) =
            cut.ok_or(Error::InvalidToken("no signature of this algorithm"))?;
        let payload = payload_and_dot.strip_suffix('.');
        let payload = payload.ok_or(Error::InvalidToken("no signature of this algorithm"))?;
        // RFC 4648 §3.5: this engine takes one spelling per value, so no second token says the same as the first.
        let mut mac = [0; SIGNATURE_CHARACTERS.div_ceil(4) * 3];
        let length = URL_SAFE_NO_PAD
            .decode_slice(signature, &mut mac)
            .or(Err(Error::ForgedToken("the signature is no base64url")))?;
        // RFC 7515 §5.1: what is signed is the text of the first two parts, with the dot between them, as it came.
        let signed = &token.as_bytes()[..token.len() - SIGNATURE_CHARACTERS - 1];
        hmac::verify(&issued.key, signed, &mac[..length])
            .or(Err(Error::ForgedToken("the signature does not hold")))?;
        Ok(payload)
    }

    fn read(&self, payload: &str, buffer: &mut [u8]) -> Result<Principal, Error> {
        // A fourth part would be refused here: a dot is no character of base64url.
        let length = URL_SAFE_NO_PAD
            .decode_slice(payload, buffer)
            .or(Err(Error::InvalidToken("the payload is no base64url")))?;
        let claims = Claims::read(&buffer[..length])?;
        // RFC 7519 §4.1.1: compared as they are.
        if claims.iss != self.issuer {
            return Err(Error::InvalidToken("another issuer"));
        }
        if claims.aud != self.audience {
            return Err(Error::InvalidToken("another audience"));
        }
        claims.times().check(self.clock.now_s(), self.leeway_s)?;
        claims.into_principal()
    }
}

/// Why a token is refused whose header does not match: it names a key that this server does not hold, or another issuer made it.
fn foreign(token: &str) -> Error {
    match token.split('.').next().and_then(header_key_number) {
        Some(number) => Error::UnknownKey(number),
        None => Error::ForgedToken("the header does not match any that this server issues"),
    }
}

/// Keys and settings stay out of every log.
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
