//! The payload: what it must say, and when that is true.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use kit::error::Error;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::access_token::{Checked, Session};

/// The last second of the year 9999, beyond which a number is no date any more.
const LAST_DATE_S: u64 = 253_402_300_799;

/// RFC 9068 §2.2, with one string or one whole number per claim. A claim that is missing, of another type, or there twice
/// makes the payload unreadable; claims that we do not know are ignored (RFC 7519 §4). Borrowed where it is written; the
/// library's `decode` reads it into strings of its own.
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

/// When a token is good (RFC 7519 §4.1.4 to §4.1.6), in seconds since the Unix epoch.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// When it was issued.
    pub iat: u64,
    /// When it begins to be good, where that is said.
    pub nbf: Option<u64>,
    /// When it ends to be good.
    pub exp: u64,
}

impl Times {
    // ANCHOR: times
    /// RFC 7519 §4.1.4: not accepted *on or after* `exp`. Leeway is for clocks that run ahead of ours when a token is
    /// new, never for one that has run out.
    pub fn check(self, now_s: u64, leeway_s: u64) -> Result<(), Error> {
        if self.exp > LAST_DATE_S || self.exp <= self.iat {
            return Err(Error::InvalidToken("its times make no sense"));
        }
        if now_s >= self.exp {
            return Err(Error::InvalidToken("expired"));
        }
        let soonest = self.nbf.map_or(self.iat, |nbf| nbf.max(self.iat));
        if soonest > now_s.saturating_add(leeway_s) {
            return Err(Error::InvalidToken("not good yet"));
        }
        Ok(())
    }
    // ANCHOR_END: times
}

impl Claims<'_> {
    /// See [`Times::check`].
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

/// An optional claim that is there has a value: `null` is of another type.
fn not_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A JSON object and nothing else. serde would fill a struct from a list of the right values too, and so would the library
/// for the claims that it checks: `[exp, nbf, sub, iss, aud]` is a payload to it, and a claims set is an object (RFC 7519
/// §7.2), as a header is (RFC 7515 §4).
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
