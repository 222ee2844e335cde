//! A credential, as a request or a response contains it.

use crate::{call::Call, exchange::Exchange};

/// A credential that authenticates a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Credential {
    /// An access token.
    Bearer(String),
    /// A cookie, `name=value`.
    Cookie(String),
}

impl Credential {
    /// The credential in a response: the access token if there is one, else the cookie.
    pub(crate) fn of_answer(answer: &Exchange) -> Option<Self> {
        if let Some(token) = answer.text("access_token") {
            return Some(Self::Bearer(token));
        }
        answer.credential_cookie().map(Self::Cookie)
    }

    /// The credential in a request.
    pub(crate) fn of_call(call: &Call) -> Option<Self> {
        let header =
            |name: &str| call.headers.iter().find(|(given, _)| *given == name).map(|(_, value)| value);
        match (header("authorization"), header("cookie")) {
            (Some(value), _) => value.strip_prefix("Bearer ").map(|token| Self::Bearer(token.to_owned())),
            (None, cookie) => cookie.map(|pair| Self::Cookie(pair.clone())),
        }
    }

    /// Authenticates `call` with this credential.
    pub(crate) fn on(&self, call: Call) -> Call {
        match self {
            Self::Bearer(token) => call.bearer(token),
            Self::Cookie(pair) => call.own_cookie(pair),
        }
    }
}
