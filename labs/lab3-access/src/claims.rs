//! The payload of an access token: its claims, and the checks of its times.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use kit::error::Error;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access_token::{Checked, Session};

/// The last second of the year 9999; a greater number is not a valid date.
const LAST_DATE_S: u64 = 253_402_300_799;

/// The claims of RFC 9068 §2.2, each one string or one whole number. Parsing fails if a claim is missing, of another
/// type, or occurs twice; unknown claims are ignored (RFC 7519 §4). When a token is issued, the strings are borrowed;
/// the library's `decode` reads them into owned strings.
#[derive(Serialize, Deserialize)]
pub(crate) struct Claims<'a> {
    pub(crate) iss: Cow<'a, str>,
    pub(crate) aud: Cow<'a, str>,
    pub(crate) sub: Uuid,
    pub(crate) iat: u64,
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    pub(crate) nbf: Option<u64>,
    pub(crate) exp: u64,
    pub(crate) jti: Cow<'a, str>,
    pub(crate) email: Cow<'a, str>,
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<Uuid>,
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    pub(crate) epoch: Option<u64>,
}

/// The times of a token (RFC 7519 §4.1.4 to §4.1.6), in seconds since the Unix epoch.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// When the token was issued.
    pub iat: u64,
    /// When the token becomes valid, if it says so.
    pub nbf: Option<u64>,
    /// When the token expires.
    pub exp: u64,
}

impl Times {
    // ANCHOR: times
    /// Checks that the token is valid at `now_s`, in seconds since the Unix epoch.
    ///
    /// RFC 7519 §4.1.4: a token must not be accepted *on or after* `exp`. The leeway is for new tokens of an issuer
    /// whose clock is ahead of this server's; it never extends a token that has expired.
    ///
    /// # Errors
    /// Fails if the token has expired, is not valid yet, or has times that contradict each other or are not dates.
    pub fn check(self, now_s: u64, leeway_s: u64) -> Result<(), Error> {
        if self.exp > LAST_DATE_S || self.exp <= self.iat {
            return Err(Error::InvalidToken("its times contradict each other or are not dates"));
        }
        if now_s >= self.exp {
            return Err(Error::InvalidToken("expired"));
        }
        let soonest = self.nbf.map_or(self.iat, |nbf| nbf.max(self.iat));
        if soonest > now_s.saturating_add(leeway_s) {
            return Err(Error::InvalidToken("not valid yet"));
        }
        Ok(())
    }
    // ANCHOR_END: times
}

impl Claims<'_> {
    /// Checks the times of these claims with [`Times::check`].
    pub(crate) fn check_times(&self, now_s: u64, leeway_s: u64) -> Result<(), Error> {
        Times { iat: self.iat, nbf: self.nbf, exp: self.exp }.check(now_s, leeway_s)
    }

    pub(crate) fn into_checked(self) -> Result<Checked, Error> {
        let session = match (self.sid, self.epoch) {
            (Some(id), Some(epoch)) => Some(Session { id, epoch }),
            (None, None) => None,
            _ => return Err(Error::InvalidToken("one of sid and epoch without the other")),
        };
        Ok(Checked { user_id: self.sub, email: self.email.into_owned(), session, expires_at_s: self.exp })
    }
}

/// Deserializes an optional claim that is present: `null` is an error, because it is of another type.
fn not_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A JSON object and nothing else. serde would also fill a struct from a list of the right values, and so would the
/// library for the claims that it checks: it accepts `[exp, nbf, sub, iss, aud]` as a payload. But a claims set is an
/// object (RFC 7519 §7.2), and so is a header (RFC 7515 §4).
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members(PhantomData))
    }
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Object)
    }
}
