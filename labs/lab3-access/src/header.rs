//! The header: which key, and nothing else that a token may choose.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Header;
use kit::error::Error;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

use crate::access_token::{ALGORITHM, internal};
use crate::claims::Object;

/// The one `typ` we write and read. RFC 9068 §4 also knows `application/at+jwt`, for issuers that write it; ours is the
/// only issuer here and does not, so any other spelling was not made by us.
const TYP: &str = "at+jwt";
/// The one algorithm, as it is spelled (RFC 7518 §3.1; names are case-sensitive).
const ALG: &str = "HS256";

/// More bytes than a header of ours has, and than are decoded of another.
const LONGEST: usize = 96;

/// The members that decide something. Unknown ones are ignored, as RFC 7515 §4 asks: a `jwk`, `jku`, `x5u` or `x5c` brings
/// no key and fetches none. A member that is there twice makes the header unreadable.
#[derive(Deserialize)]
struct Read<'a> {
    #[serde(borrow)]
    typ: Cow<'a, str>,
    #[serde(borrow)]
    alg: Cow<'a, str>,
    kid: String,
    #[serde(default, deserialize_with = "is_there")]
    crit: bool,
    #[serde(default, deserialize_with = "is_there")]
    b64: bool,
}

/// The header of every token that the key with this number signs.
pub(crate) fn written(key_id: u16) -> Header {
    Header { typ: Some(TYP.into()), kid: Some(key_id.to_string()), ..Header::new(ALGORITHM) }
}

/// The first part of every token that the key with this number signs, in base64url and without the dot: always the same
/// bytes, so that a check may compare instead of read.
pub fn segment(key_id: u16) -> Result<String, Error> {
    let json = serde_json::to_vec(&written(key_id)).map_err(internal)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

/// The number of the key that [`segment`] wrote this for, ours or not. For the log: it compares what it finds with what
/// would have been written, and believes nothing else. What does not look like it costs no allocation.
pub fn key_number(written: &str) -> Option<u16> {
    let mut bytes = [0; LONGEST];
    let length = URL_SAFE_NO_PAD.decode_slice(written, &mut bytes).ok()?;
    let number = str::from_utf8(&bytes[..length]).ok()?.rsplit('"').nth(1)?.parse().ok()?;
    segment(number).is_ok_and(|ours| ours == written).then_some(number)
}

/// The `kid` of a token whose header keeps all the rules.
///
/// The library's own `decode_header` would name it as well. It is not used, because a `crit` that is `null` looks to it
/// like none, and because what is refused here is refused before any cryptography.
pub(crate) fn read(token: &str) -> Result<String, Error> {
    let (encoded, _) = token.split_once('.').ok_or(Error::InvalidToken("not three parts"))?;
    let bytes = URL_SAFE_NO_PAD.decode(encoded).or(Err(Error::InvalidToken("the header is no base64url")))?;
    let Object(header): Object<Read<'_>> = serde_json::from_slice(&bytes)
        .or(Err(Error::InvalidToken("the header lacks typ, alg or kid, or cannot be read")))?;
    if header.crit || header.b64 {
        // RFC 7515 §4.1.11: an extension that is not understood must not be passed over, and we understand none.
        return Err(Error::InvalidToken("the header asks for an extension"));
    }
    if header.alg != ALG {
        return Err(Error::InvalidToken("another alg than its key is for"));
    }
    if header.typ != TYP {
        return Err(Error::InvalidToken("not made to be an access token"));
    }
    Ok(header.kid)
}

fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|IgnoredAny| true)
}
