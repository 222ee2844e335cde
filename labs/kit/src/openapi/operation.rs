//! What one route takes, whom it lets in, and what it can answer.

use http::StatusCode;
use serde_json::{Value, json};

use crate::design::Credential;
use crate::error::Error;

/// One route, as its callers need to know it. The refusals that follow from the rest (of a body, of a credential) are not
/// listed: they are added where the document is made.
#[derive(Debug, Default)]
pub struct Operation {
    /// What it is for, in a few words.
    pub summary: &'static str,
    /// Who may call it.
    pub access: Access,
    /// Its body, by [`schema::body`](super::schema::body).
    pub body: Option<Value>,
    /// Parts of the path and headers that it reads, as OpenAPI parameters.
    pub parameters: Vec<Value>,
    /// What it answers when all is well.
    pub answers: Vec<(StatusCode, Answer)>,
    /// Why it refuses, beside the reasons that every such route has.
    pub refusals: Vec<Error>,
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, Default)]
pub enum Access {
    /// Anybody.
    #[default]
    Anybody,
    /// Whoever has a credential.
    Credential,
    /// Anybody, and a credential makes a difference.
    CredentialOrNothing,
    /// Anybody, and a cookie with this name makes a difference.
    CookieOrNothing(&'static str),
}

/// What comes back when all is well.
#[derive(Debug)]
pub enum Answer {
    /// No body.
    Nothing,
    /// What the scheme hands out at a log-in.
    Credentials,
    /// The same, or this where the change was made and the scheme's store could not be written to after it.
    CredentialsOr(Value),
    /// JSON of this shape.
    Json(Value),
}

impl Operation {
    /// The reasons to refuse that follow from what it takes and whom it lets in.
    pub(super) fn implied_refusals(&self, method: &str, credential: &Credential) -> Vec<Error> {
        // Any request may have two `Host` headers.
        let mut refusals = vec![Error::Malformed("")];
        if self.body.is_some() {
            refusals.extend([
                Error::TooLarge { most_bytes: 0 },
                Error::UnsupportedMediaType,
                Error::Invalid(Vec::new()),
            ]);
        }
        if let Access::Credential | Access::CredentialOrNothing = self.access {
            let away = Error::StoreUnavailable("".into());
            refusals.extend([Error::Unauthenticated, Error::InvalidToken(""), away]);
            if credential.is_cookie() && method != "get" {
                refusals.push(Error::Csrf(""));
            }
        }
        refusals
    }
}

impl Access {
    /// As OpenAPI says it: a list of ways, each enough by itself; an empty one lets anybody in.
    pub(super) fn security(self, credential: &Credential) -> Option<Value> {
        match self {
            Self::Anybody => None,
            Self::Credential => Some(json!([credential.requirement()])),
            Self::CredentialOrNothing => Some(json!([{}, credential.requirement()])),
            Self::CookieOrNothing(name) => Some(json!([{}, { name: [] }])),
        }
    }

    /// The cookie that it reads beside the credential.
    pub(super) fn cookie(self) -> Option<&'static str> {
        match self {
            Self::CookieOrNothing(name) => Some(name),
            Self::Anybody | Self::Credential | Self::CredentialOrNothing => None,
        }
    }
}
