//! The refresh token on the wire.
//!
//! `rt1.` and the base64url of 87 bytes: which key (2), where the token may be shown (1), whose (16), of which session
//! (16), its number in that session (4), its secret (32), and a MAC over all of that, `rt1.` included (16). To a client it is
//! one opaque word.
//!
//! A string from outside becomes a [`VerifiedToken`] only through [`Keys::verify`], and a store takes nothing else. So
//! garbage costs no round trip, and somebody who merely knows a session's name cannot make up a token that would look
//! like a reused one and end that session.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::{constant_time, hmac};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::ClientKind;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::chain::{DerivedKey, Digest, Keys, SECRET_BYTES, Secret};

const PREFIX: &str = "rt1.";
const MAC_BYTES: usize = 16;
const SEALED_BYTES: usize = 2 + 1 + 16 + 16 + 4 + SECRET_BYTES;
const TOKEN_BYTES: usize = SEALED_BYTES + MAC_BYTES;
/// 87 bytes are 29 groups of three, so the base64 has neither padding nor spare bits: one token, one spelling.
const ENCODED_CHARS: usize = TOKEN_BYTES / 3 * 4;

/// Characters of a token.
pub const TOKEN_CHARS: usize = PREFIX.len() + ENCODED_CHARS;

/// A token of ours, on its way out to a client.
pub struct RefreshToken(SecretString);

impl RefreshToken {
    /// The token in the clear, for the one response that carries it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(…)")
    }
}

/// What a token says. `secret` is the only part that is hard to know.
#[derive(Clone, Debug)]
struct Fields {
    client: ClientKind,
    user_id: Uuid,
    session_id: Uuid,
    generation: u32,
    secret: Secret,
}

/// The start of a session: its first token, and what the store needs to recognise it and its successor.
#[derive(Debug)]
pub struct FirstToken {
    /// The session's name, made here and never taken from a client (session fixation).
    pub session_id: Uuid,
    /// The token to hand out.
    pub token: RefreshToken,
    /// The digests of its secret and of the next one.
    pub digests: [Digest; 2],
}

/// A token that was shown to us and that one of our keys has sealed. It knows its successor, and that is all the authority
/// it has: whether its session still lives, the store says.
#[derive(Clone)]
pub struct VerifiedToken {
    fields: Fields,
    next: Secret,
    digests: [Digest; 3],
    key: Arc<DerivedKey>,
}

impl Keys {
    /// Starts the chain of a new session. Fails only when the system has no randomness to give.
    pub fn first_token(&self, user_id: Uuid, client: ClientKind) -> Result<FirstToken, Unspecified> {
        // Ordered by time (RFC 9562 §5.7), so that of a browser's sessions the newest can be told: see
        // [`cookies`](crate::delivery::cookies). It is the system's time, never a deadline. The id is no secret.
        let session_id = Uuid::now_v7();
        let fields = Fields { client, user_id, session_id, generation: 1, secret: Secret::random()? };
        let next = self.issuing().next(fields.session_id, 2, &fields.secret);
        Ok(FirstToken {
            session_id: fields.session_id,
            token: seal(self.issuing(), &fields),
            digests: [fields.secret.digest(), next.digest()],
        })
    }

    /// The key that a string names which has the form of a token, if that key is none of these: it was removed, or never
    /// was. Its MAC cannot tell.
    pub fn unknown_key(&self, presented: &str) -> Option<u16> {
        let encoded = presented.strip_prefix(PREFIX).filter(|encoded| encoded.len() == ENCODED_CHARS)?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let number = u16::from_be_bytes(*bytes.first_chunk()?);
        self.named(number).is_none().then_some(number)
    }

    // ANCHOR: verify
    /// Reads a string that claims to be a token. `None` says nothing about what was wrong with it, and there is nothing
    /// to say: it is not ours.
    pub fn verify(&self, presented: &str) -> Option<VerifiedToken> {
        let encoded = presented.strip_prefix(PREFIX).filter(|encoded| encoded.len() == ENCODED_CHARS)?;
        let mut bytes = [0; TOKEN_BYTES];
        URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes).ok().filter(|length| *length == TOKEN_BYTES)?;
        let (sealed, mac) = bytes.split_first_chunk::<SEALED_BYTES>()?;
        let key = self.named(u16::from_be_bytes([sealed[0], sealed[1]]))?;
        constant_time::verify_slices_are_equal(&mac_of(key, sealed), mac).ok()?;
        let fields = Fields::read(sealed)?;
        // Both numbers exist below 2³² − 2; at one rotation a second that is 136 years.
        let (second, third) = (fields.generation.checked_add(1)?, fields.generation.checked_add(2)?);
        let next = key.next(fields.session_id, second, &fields.secret);
        let after = key.next(fields.session_id, third, &next);
        let digests = [fields.secret.digest(), next.digest(), after.digest()];
        Some(VerifiedToken { fields, next, digests, key: Arc::clone(key) })
    }
    // ANCHOR_END: verify
}

impl VerifiedToken {
    /// Whose it is.
    pub fn user_id(&self) -> Uuid {
        self.fields.user_id
    }

    /// The session that it belongs to.
    pub fn session_id(&self) -> Uuid {
        self.fields.session_id
    }

    /// Where it may be shown: a web token in the cookie only, a mobile token in a body only. Otherwise a script that read
    /// one out of a body could put it to use as a cookie, past the cookie's protections, or the other way round.
    pub fn client(&self) -> ClientKind {
        self.fields.client
    }

    /// Its number in its session; the first is 1.
    pub fn generation(&self) -> u32 {
        self.fields.generation
    }

    /// The digests of its secret and of the two that follow it.
    pub fn digests(&self) -> &[Digest; 3] {
        &self.digests
    }

    /// The token that follows it: always the same one.
    pub fn successor(&self) -> RefreshToken {
        let fields = Fields {
            generation: self.fields.generation + 1,
            secret: self.next.clone(),
            ..self.fields.clone()
        };
        seal(&self.key, &fields)
    }

    /// The token itself, to be handed out once more.
    pub fn same(&self) -> RefreshToken {
        seal(&self.key, &self.fields)
    }
}

impl fmt::Debug for VerifiedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedToken")
            .field("session_id", &self.fields.session_id)
            .field("generation", &self.fields.generation)
            .finish_non_exhaustive()
    }
}

impl Fields {
    fn write(&self, key_id: u16) -> [u8; SEALED_BYTES] {
        let mut bytes = [0; SEALED_BYTES];
        bytes[0..2].copy_from_slice(&key_id.to_be_bytes());
        bytes[2] = match self.client {
            ClientKind::Web => 1,
            ClientKind::Mobile => 2,
        };
        bytes[3..19].copy_from_slice(self.user_id.as_bytes());
        bytes[19..35].copy_from_slice(self.session_id.as_bytes());
        bytes[35..39].copy_from_slice(&self.generation.to_be_bytes());
        bytes[39..].copy_from_slice(&self.secret.0);
        bytes
    }

    fn read(bytes: &[u8; SEALED_BYTES]) -> Option<Self> {
        let client = match bytes[2] {
            1 => ClientKind::Web,
            2 => ClientKind::Mobile,
            _ => return None,
        };
        Some(Self {
            client,
            user_id: Uuid::from_slice(&bytes[3..19]).ok()?,
            session_id: Uuid::from_slice(&bytes[19..35]).ok()?,
            generation: u32::from_be_bytes(bytes[35..39].try_into().ok()?),
            secret: Secret(bytes[39..].try_into().ok()?),
        })
    }
}

fn seal(key: &DerivedKey, fields: &Fields) -> RefreshToken {
    let sealed = fields.write(key.id);
    let mut bytes = [0; TOKEN_BYTES];
    bytes[..SEALED_BYTES].copy_from_slice(&sealed);
    bytes[SEALED_BYTES..].copy_from_slice(&mac_of(key, &sealed));
    let mut text = String::with_capacity(TOKEN_CHARS);
    text.push_str(PREFIX);
    URL_SAFE_NO_PAD.encode_string(bytes, &mut text);
    RefreshToken(text.into())
}

/// HMAC-SHA256 cut to 128 bits (RFC 2104 §5 allows half): a forger has one guess per request.
fn mac_of(key: &DerivedKey, sealed: &[u8; SEALED_BYTES]) -> [u8; MAC_BYTES] {
    let mut mac = hmac::Context::with_key(&key.mac);
    mac.update(PREFIX.as_bytes());
    mac.update(sealed);
    let tag = mac.sign();
    let mut short = [0; MAC_BYTES];
    short.copy_from_slice(&tag.as_ref()[..MAC_BYTES]);
    short
}

#[cfg(test)]
mod tests;
