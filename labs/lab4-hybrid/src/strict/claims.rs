//! The payload of an access token, parsed in place.

use std::borrow::Cow;

use kit::{Error, Principal};
use lab3_access::Times;
use serde::Deserialize;
use serde::de::Deserializer;
use uuid::Uuid;

/// The length of a UUID with hyphens, in characters. No other form that the parser accepts has this length.
const UUID_CHARACTERS: usize = 36;

/// The claims of this design's access tokens. Parsing fails if a claim is missing, of another type, or occurs twice;
/// unknown claims are ignored (RFC 7519 §4), so that a newer server may add one.
///
/// Every string borrows from the payload. Names and addresses may contain characters that JSON escapes, so they are
/// `Cow`, which borrows whenever it can. The values that this server generates never contain such characters, so they
/// are `&str`, and an escape in them is refused.
#[derive(Deserialize)]
pub(super) struct Claims<'a> {
    #[serde(borrow)]
    pub(super) iss: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) aud: Cow<'a, str>,
    sub: &'a str,
    iat: u64,
    #[serde(default, deserialize_with = "not_null")]
    nbf: Option<u64>,
    exp: u64,
    jti: &'a str,
    #[serde(borrow)]
    email: Cow<'a, str>,
    sid: &'a str,
    /// Parsed so that it must be present and a number. Nothing on this path compares it, because that needs the
    /// account's row.
    #[serde(rename = "epoch")]
    _epoch: u64,
}

impl<'a> Claims<'a> {
    pub(super) fn read(payload: &'a [u8]) -> Result<Self, Error> {
        // serde would also fill a struct from a list; a claims set is an object (RFC 7519 §7.2).
        if payload.first() != Some(&b'{') {
            return Err(Error::InvalidToken("the payload is not an object"));
        }
        // UTF-8 is checked once here: `from_slice` would check each name and each string separately, which takes
        // longer.
        let payload = str::from_utf8(payload).or(Err(Error::InvalidToken("the payload is not UTF-8")))?;
        serde_json::from_str(payload)
            .or(Err(Error::InvalidToken("a claim is missing, repeated, or of the wrong type")))
    }

    pub(super) fn times(&self) -> Times {
        Times { iat: self.iat, nbf: self.nbf, exp: self.exp }
    }

    pub(super) fn into_principal(self) -> Result<Principal, Error> {
        if self.jti.is_empty() {
            return Err(Error::InvalidToken("the jti is empty"));
        }
        Ok(Principal {
            user_id: uuid(self.sub)?,
            session_id: Some(uuid(self.sid)?),
            email: self.email.into_owned(),
            // Stateless: no server asks whether the session has ended until the token's `exp`.
            epoch: None,
        })
    }
}

fn uuid(text: &str) -> Result<Uuid, Error> {
    if text.len() != UUID_CHARACTERS {
        return Err(Error::InvalidToken("sub or sid is not a UUID as this server writes it"));
    }
    Uuid::try_parse_ascii(text.as_bytes()).or(Err(Error::InvalidToken("sub or sid is not a UUID")))
}

/// Deserializes an optional claim that is present: `null` is an error, because it is of another type.
fn not_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    u64::deserialize(deserializer).map(Some)
}
