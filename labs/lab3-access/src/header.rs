//! The header of an access token: it names the key, and the token may choose nothing else.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Header;
use kit::error::Error;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

use crate::access_token::{ALGORITHM, internal};
use crate::claims::Object;

/// The only `typ` that this server writes and accepts. RFC 9068 §4 also allows `application/at+jwt`, for issuers that
/// write it. This server is the only issuer and does not write it, so a token with any other `typ` is not its own.
const TYP: &str = "at+jwt";
/// The only algorithm, as it is written in the header (RFC 7518 §3.1; names are case-sensitive).
const ALG: &str = "HS256";

/// The most bytes of a header that [`key_number`] decodes. A header of this server is shorter.
const LONGEST: usize = 96;

/// The header parameters that matter. Unknown ones are ignored, as RFC 7515 §4 requires: a `jwk`, `jku`, `x5u` or `x5c`
/// supplies no key and causes no request. Parsing fails if a parameter occurs twice.
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

/// The first part of every token that the key with this number signs, in base64url and without the dot. It is always
/// the same text, so that a check may compare it and need not parse it.
///
/// # Errors
/// Fails if the header cannot be encoded as JSON.
pub fn segment(key_id: u16) -> Result<String, Error> {
    let json = serde_json::to_vec(&written(key_id)).map_err(internal)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

/// The number of the key for which [`segment`] returns this text, whether or not this server has that key. For the log
/// only: it trusts nothing but an exact match with that text. Text that does not look like such a header costs no
/// allocation.
pub fn key_number(written: &str) -> Option<u16> {
    let mut bytes = [0; LONGEST];
    let length = URL_SAFE_NO_PAD.decode_slice(written, &mut bytes).ok()?;
    let number = str::from_utf8(&bytes[..length]).ok()?.rsplit('"').nth(1)?.parse().ok()?;
    segment(number).is_ok_and(|ours| ours == written).then_some(number)
}

/// Returns the `kid` of a token, after checking all rules for the header.
///
/// The library's own `decode_header` would also return the `kid`. It is not used here, because it treats a `crit` that
/// is `null` as absent, and because this function refuses a token before any cryptography.
pub(crate) fn read(token: &str) -> Result<String, Error> {
    let (encoded, _) = token.split_once('.').ok_or(Error::InvalidToken("it does not have three parts"))?;
    let bytes =
        URL_SAFE_NO_PAD.decode(encoded).or(Err(Error::InvalidToken("the header is not base64url")))?;
    let Object(header): Object<Read<'_>> = serde_json::from_slice(&bytes)
        .or(Err(Error::InvalidToken("the header lacks typ, alg or kid, or cannot be read")))?;
    if header.crit || header.b64 {
        // RFC 7515 §4.1.11: a server must refuse an extension that it does not support, and this one supports none.
        return Err(Error::InvalidToken("the header asks for an extension"));
    }
    if header.alg != ALG {
        return Err(Error::InvalidToken("its alg is not that of its key"));
    }
    if header.typ != TYP {
        return Err(Error::InvalidToken("its typ is not that of an access token"));
    }
    Ok(header.kid)
}

fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|IgnoredAny| true)
}
