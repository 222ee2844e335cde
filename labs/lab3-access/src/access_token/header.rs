//! The header: which key, and nothing else that a token may choose.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::error::Error;
use serde::de::{Deserializer, IgnoredAny};
use serde::{Deserialize, Serialize};

/// The one `typ` we write and read. RFC 9068 §4 also knows `application/at+jwt`, for issuers that write it; ours is the
/// only issuer here and does not, so any other spelling was not made by us.
const TYP: &str = "at+jwt";
/// The one algorithm, as it is spelled (RFC 7518 §3.1; names are case-sensitive).
const ALG: &str = "HS256";

#[derive(Serialize)]
struct Written<'a> {
    typ: &'a str,
    alg: &'a str,
    kid: &'a str,
}

/// Unknown members are ignored, as RFC 7515 §4 asks: a `jwk`, `jku`, `x5u` or `x5c` brings no key and fetches none. A
/// member that is there twice makes the header unreadable.
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

/// The header of every token that the key called `kid` signs, in base64url.
pub(super) fn encoded(kid: &str) -> String {
    // A struct of three strings always has a JSON form: this default is never taken, and an empty header checks nothing.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&Written { typ: TYP, alg: ALG, kid }).unwrap_or_default())
}

/// The `kid` of a header that keeps all the rules.
pub(super) fn read(encoded: &str) -> Result<String, Error> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).or(Err(Error::InvalidToken("the header is no base64url")))?;
    // serde would read a list as a struct too; a header is an object (RFC 7515 §4).
    if bytes.first() != Some(&b'{') {
        return Err(Error::InvalidToken("the header is no object"));
    }
    let header: Read<'_> = serde_json::from_slice(&bytes)
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
