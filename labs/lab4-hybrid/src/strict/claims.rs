//! The payload, read in place.

use std::borrow::Cow;

use kit::{Error, Principal};
use lab3_access::Times;
use serde::Deserialize;
use serde::de::Deserializer;
use uuid::Uuid;

/// The length of a UUID with its hyphens, in characters; no other form that a parser takes has it.
const UUID_CHARACTERS: usize = 36;

/// What a token of this design says. A claim that is missing, of another type, or there twice makes the payload unreadable;
/// unknown ones are ignored (RFC 7519 §4), so that a newer server may add one.
///
/// Every text borrows from the payload. Names and addresses may contain what JSON escapes: those are `Cow`, which borrows
/// whenever it can. What we make ourselves never does: those are `&str`, and an escape in them is refused.
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
    /// Read so that it must be there and be a number. Nothing on this path compares it: that needs the account's row.
    #[serde(rename = "epoch")]
    _epoch: u64,
}

impl<'a> Claims<'a> {
    pub(super) fn read(payload: &'a [u8]) -> Result<Self, Error> {
        // serde would read a list as a struct too; a claims set is an object (RFC 7519 §7.2).
        if payload.first() != Some(&b'{') {
            return Err(Error::InvalidToken("the payload is no object"));
        }
        // Checked for UTF-8 once: `from_slice` would do it for each name and each text alone, which takes longer.
        let payload = str::from_utf8(payload).or(Err(Error::InvalidToken("the payload is no UTF-8")))?;
        serde_json::from_str(payload)
            .or(Err(Error::InvalidToken("a claim is missing, there twice, or of another type")))
    }

    pub(super) fn times(&self) -> Times {
        Times { iat: self.iat, nbf: self.nbf, exp: self.exp }
    }

    pub(super) fn into_principal(self) -> Result<Principal, Error> {
        if self.jti.is_empty() {
            return Err(Error::InvalidToken("an empty jti"));
        }
        Ok(Principal {
            user_id: uuid(self.sub)?,
            session_id: Some(uuid(self.sid)?),
            email: self.email.into_owned(),
            // Stateless: until its `exp` no server asks whether it has ended.
            epoch: None,
        })
    }
}

fn uuid(text: &str) -> Result<Uuid, Error> {
    if text.len() != UUID_CHARACTERS {
        return Err(Error::InvalidToken("sub or sid is no UUID as we write it"));
    }
    Uuid::try_parse_ascii(text.as_bytes()).or(Err(Error::InvalidToken("sub or sid is no UUID")))
}

/// An optional claim that is there has a value: `null` is of another type.
fn not_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    u64::deserialize(deserializer).map(Some)
}
