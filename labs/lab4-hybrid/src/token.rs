//! The refresh token on the wire.
//!
//! `rt1.`, followed by the base64url encoding of 87 bytes: the number of the key (2), the kind of client that may
//! present the token (1), the user's id (16), the session's id (16), the token's number in its session (4), its secret
//! (32), and a MAC over all of that including `rt1.` (16). For a client it is an opaque string.
//!
//! A string from outside becomes a [`VerifiedToken`] only through [`Keys::verify`], and a store accepts nothing else.
//! So garbage causes no request to the store, and an attacker who merely knows a session's id cannot forge a token that
//! would look like a reused one and end that session.

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
/// 87 bytes are 29 groups of three, so the base64url has neither padding nor unused bits: each token has one encoding.
const ENCODED_CHARS: usize = TOKEN_BYTES / 3 * 4;

/// The length of a token, in characters.
pub const TOKEN_CHARS: usize = PREFIX.len() + ENCODED_CHARS;

/// A refresh token made by this server, to be sent to a client.
pub struct RefreshToken(SecretString);

impl RefreshToken {
    /// The token's text, for the response that contains it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(…)")
    }
}

/// The content of a token. Only `secret` is hard to guess.
#[derive(Clone, Debug)]
struct Fields {
    client: ClientKind,
    user_id: Uuid,
    session_id: Uuid,
    generation: u32,
    secret: Secret,
}

/// The start of a session: its first token, and the digests by which the store recognizes that token and its successor.
#[derive(Debug)]
pub struct FirstToken {
    /// The session's id, generated here and never taken from a client (session fixation).
    pub session_id: Uuid,
    /// The token to issue.
    pub token: RefreshToken,
    /// The digests of the secrets of this token and of the next one.
    pub digests: [Digest; 2],
}

/// A token that a client presented and that was sealed with one of this server's keys. It contains enough to compute
/// its successor, and proves nothing else: whether its session is still alive, only the store knows.
#[derive(Clone)]
pub struct VerifiedToken {
    fields: Fields,
    next: Secret,
    digests: [Digest; 3],
    key: Arc<DerivedKey>,
}

impl Keys {
    /// Starts the chain of a new session.
    ///
    /// # Errors
    /// Fails only if the operating system provides no random bytes.
    pub fn first_token(&self, user_id: Uuid, client: ClientKind) -> Result<FirstToken, Unspecified> {
        // Ordered by time (RFC 9562 §5.7), so that the newest of a browser's sessions can be found: see
        // [`cookies`](crate::delivery::cookies). It contains the system's time, which is never used as a deadline. The
        // id is not secret.
        let session_id = Uuid::now_v7();
        let fields = Fields { client, user_id, session_id, generation: 1, secret: Secret::random()? };
        let next = self.issuing().next(fields.session_id, 2, &fields.secret);
        Ok(FirstToken {
            session_id: fields.session_id,
            token: seal(self.issuing(), &fields),
            digests: [fields.secret.digest(), next.digest()],
        })
    }

    /// The number of the key that a string in the form of a token names, if this server has no key with that number: it
    /// was removed, or never existed. The MAC cannot be checked without the key.
    pub fn unknown_key(&self, presented: &str) -> Option<u16> {
        let encoded = presented.strip_prefix(PREFIX).filter(|encoded| encoded.len() == ENCODED_CHARS)?;
        let bytes = URL_SAFE_NO_PAD.decode(encoded).ok()?;
        let number = u16::from_be_bytes(*bytes.first_chunk()?);
        self.named(number).is_none().then_some(number)
    }

    // ANCHOR: verify
    /// Verifies a string that may be a token. `None` means that it is not a token of this server; it gives no reason.
    pub fn verify(&self, presented: &str) -> Option<VerifiedToken> {
        let encoded = presented.strip_prefix(PREFIX).filter(|encoded| encoded.len() == ENCODED_CHARS)?;
        let mut bytes = [0; TOKEN_BYTES];
        URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes).ok().filter(|length| *length == TOKEN_BYTES)?;
        let (sealed, mac) = bytes.split_first_chunk::<SEALED_BYTES>()?;
        let key = self.named(u16::from_be_bytes([sealed[0], sealed[1]]))?;
        constant_time::verify_slices_are_equal(&mac_of(key, sealed), mac).ok()?;
        let fields = Fields::read(sealed)?;
        // The numbers of the next two tokens; they do not overflow for 2³² − 2 rotations, which take 136 years at one
        // per second.
        let (second, third) = (fields.generation.checked_add(1)?, fields.generation.checked_add(2)?);
        let next = key.next(fields.session_id, second, &fields.secret);
        let after = key.next(fields.session_id, third, &next);
        let digests = [fields.secret.digest(), next.digest(), after.digest()];
        Some(VerifiedToken { fields, next, digests, key: Arc::clone(key) })
    }
    // ANCHOR_END: verify
}

impl VerifiedToken {
    /// The id of the token's user.
    pub fn user_id(&self) -> Uuid {
        self.fields.user_id
    }

    /// The id of the token's session.
    pub fn session_id(&self) -> Uuid {
        self.fields.session_id
    }

    /// The kind of client that may present it: a web token in the cookie only, a mobile token in a body only. Otherwise
    /// a script that read a token out of a body could use it as a cookie and so bypass the cookie's protections, or the
    /// other way round.
    pub fn client(&self) -> ClientKind {
        self.fields.client
    }

    /// The token's number in its session; the first is 1.
    pub fn generation(&self) -> u32 {
        self.fields.generation
    }

    /// The digests of the secrets of this token and of the next two.
    pub fn digests(&self) -> &[Digest; 3] {
        &self.digests
    }

    /// The token that follows this one; always the same.
    pub fn successor(&self) -> RefreshToken {
        let fields = Fields {
            generation: self.fields.generation + 1,
            secret: self.next.clone(),
            ..self.fields.clone()
        };
        seal(&self.key, &fields)
    }

    /// This token once more, to be sent to the client again.
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

/// HMAC-SHA256 truncated to 128 bits (RFC 2104 §5 allows half): an attacker who forges a MAC has one guess per request.
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
