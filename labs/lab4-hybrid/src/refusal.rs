//! Why the server refuses a refresh token, and what the client reads then.

use kit::Error;
use kit::error::{Audited, Refusal};

/// Why the server refused a refresh token. In every case the client drops its credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshRefusal {
    /// The token does not parse, its MAC is wrong, or the client sent it by the wrong transport.
    Invalid,
    /// The token names a key that this server does not have. The client gets the same answer as for `Invalid`.
    UnknownKey(u16),
    /// The token's session has passed its idle or absolute limit.
    Expired,
    /// The token had been exchanged before, so a copy of it exists, and the server has ended the whole session.
    Reused,
    /// The token's session was ended by a logout or by a change of the account.
    Ended,
}

impl RefreshRefusal {
    /// The stable code, by which a client recognises the refusal.
    pub fn code(self) -> &'static str {
        match self {
            Self::Invalid | Self::UnknownKey(_) => "refresh_invalid",
            Self::Expired => "refresh_expired",
            Self::Reused => "refresh_reused",
            Self::Ended => "refresh_ended",
        }
    }

    fn detail(self) -> &'static str {
        match self {
            Self::Invalid | Self::UnknownKey(_) => "This is not a refresh token of this server.",
            Self::Expired => "The session has expired. Log in again.",
            Self::Reused => "This token was used before, so the server has ended its session. Log in again.",
            Self::Ended => "The session was ended. Log in again.",
        }
    }

    /// The other refusals name a session, so the flow that detects them writes their lines.
    fn audited(self) -> Audited {
        match self {
            Self::Invalid => Audited::Forged("not a refresh token of this server"),
            Self::UnknownKey(key) => Audited::UnknownKey(key),
            Self::Expired | Self::Reused | Self::Ended => Audited::No,
        }
    }
}

impl From<RefreshRefusal> for Error {
    fn from(refusal: RefreshRefusal) -> Self {
        Self::Refused(Refusal {
            code: refusal.code(),
            title: "The refresh token was refused",
            detail: refusal.detail(),
            audited: refusal.audited(),
        })
    }
}
