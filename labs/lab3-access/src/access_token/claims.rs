//! The payload: what it must say, and when that is true.

use std::borrow::Cow;

use kit::error::Error;
use serde::de::Deserializer;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Checked, Session};

/// The last second of the year 9999, beyond which a number is no date any more.
const LAST_DATE_S: u64 = 253_402_300_799;

/// RFC 9068 §2.2, with one string or one whole number per claim. A claim that is missing, of another type, or there twice
/// makes the payload unreadable; claims that we do not know are ignored (RFC 7519 §4).
#[derive(Serialize, Deserialize)]
pub(super) struct Claims<'a> {
    #[serde(borrow)]
    pub(super) iss: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) aud: Cow<'a, str>,
    pub(super) sub: Uuid,
    pub(super) iat: u64,
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    pub(super) nbf: Option<u64>,
    pub(super) exp: u64,
    #[serde(borrow)]
    pub(super) jti: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) email: Cow<'a, str>,
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    pub(super) sid: Option<Uuid>,
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    pub(super) epoch: Option<u64>,
}

impl<'a> Claims<'a> {
    pub(super) fn read(payload: &'a [u8]) -> Result<Self, Error> {
        // serde would read a list as a struct too; a claims set is an object (RFC 7519 §7.2).
        if payload.first() != Some(&b'{') {
            return Err(Error::InvalidToken("the payload is no object"));
        }
        serde_json::from_slice(payload)
            .or(Err(Error::InvalidToken("a claim is missing, there twice, or of another type")))
    }

    /// RFC 7519 §4.1.4: not accepted *on or after* `exp`. Leeway is for clocks that run ahead of ours when a token is
    /// new, never for one that has run out.
    pub(super) fn check_times(&self, now_s: u64, leeway_s: u64) -> Result<(), Error> {
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

    pub(super) fn into_checked(self) -> Result<Checked, Error> {
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
