//! The description of one route: what it accepts, which clients may call it, and what it can answer.

use http::StatusCode;
use serde_json::{Value, json};

use crate::design::Credential;
use crate::error::Error;

/// The description of one route for its callers. The refusals that follow from the body and the credential are not listed:
/// the document adds them.
#[derive(Debug, Default)]
pub struct Operation {
    /// The purpose of the route, in a few words.
    pub summary: &'static str,
    /// Which clients may call the route.
    pub access: Access,
    /// The JSON Schema of its body, by [`schema::body`](super::schema::body).
    pub body: Option<Value>,
    /// The path parameters and headers that it reads, as OpenAPI parameters.
    pub parameters: Vec<Value>,
    /// The responses in case of success.
    pub answers: Vec<(StatusCode, Answer)>,
    /// The reasons for refusal, beside those that every such route has.
    pub refusals: Vec<Error>,
}

/// Which clients may call a route.
#[derive(Clone, Copy, Debug, Default)]
pub enum Access {
    /// Any client.
    #[default]
    Anybody,
    /// Clients with a credential.
    Credential,
    /// Any client; a credential makes a difference.
    CredentialOrNothing,
    /// Any client; a cookie with this name makes a difference.
    CookieOrNothing(&'static str),
}

/// The body of a response in case of success.
#[derive(Debug)]
pub enum Answer {
    /// No body.
    Nothing,
    /// The body in which the scheme issues a credential at a login.
    Credentials,
    /// The same as `Credentials`, or this shape if the change was made but the scheme's store could not be written
    /// afterwards.
    CredentialsOr(Value),
    /// JSON of this shape.
    Json(Value),
}

impl Operation {
    /// The refusals that follow from the route's body and access.
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
    /// The access as OpenAPI security requirements: a list of alternatives; an empty one admits any client.
    pub(super) fn security(self, credential: &Credential) -> Option<Value> {
        match self {
            Self::Anybody => None,
            Self::Credential => Some(json!([credential.requirement()])),
            Self::CredentialOrNothing => Some(json!([{}, credential.requirement()])),
            Self::CookieOrNothing(name) => Some(json!([{}, { name: [] }])),
        }
    }

    /// The cookie that the route reads beside the credential.
    pub(super) fn cookie(self) -> Option<&'static str> {
        match self {
            Self::CookieOrNothing(name) => Some(name),
            Self::Anybody | Self::Credential | Self::CredentialOrNothing => None,
        }
    }
}
