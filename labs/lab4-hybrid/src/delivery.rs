//! How a client gets the two tokens, and how it sends the refresh token back.
//!
//! An app keeps both tokens and gets both in the body. A page gets the access token in the body, and keeps it in
//! memory; it gets the refresh token in a cookie of its own for each session ([`cookies`]), which no script can read
//! and no other site can send. A refresh token contains the kind of client that it is for, and is refused when it comes
//! the other way.

pub mod cookies;

use std::time::Duration;

use axum::{Extension, Json};
use http::request::Parts;
use kit::ClientKind;
use kit::audit::Opened;
use lab3_access::access_token::AccessToken;
use serde::Serialize;
use uuid::Uuid;

pub use self::cookies::REFRESH_COOKIE;
use self::cookies::{SetCookies, Shown};
use crate::chain::Keys;
use crate::token::{RefreshToken, VerifiedToken};

/// The response to a login and to a refresh: cookies for pages, and the body (RFC 6749 §5.1). The session's id in
/// [`Opened`] is for the audit log and is not sent.
pub type Credentials = (Extension<Opened>, SetCookies, Json<Body>);

/// The response body. Lifetimes are in seconds.
#[derive(Debug, Serialize)]
pub struct Body {
    token_type: &'static str,
    access_token: String,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    refresh_expires_in: u64,
    /// Whether the presented token stays and this exchange was not done. A page cannot see its token, so this field
    /// tells it to keep its idempotency key for the next exchange.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    refresh_kept: bool,
    session_id: Uuid,
    user_id: Uuid,
}

/// The tokens that a client is to get, and the data for its response.
pub(crate) struct Granted {
    pub(crate) user_id: Uuid,
    pub(crate) session_id: Uuid,
    pub(crate) client: ClientKind,
    pub(crate) access: AccessToken,
    pub(crate) access_ttl: Duration,
    /// The new refresh token, or `None` if the client keeps the one that it has.
    pub(crate) refresh: Option<RefreshToken>,
    /// Whether the token stays, and the client must keep its idempotency key too.
    pub(crate) is_kept: bool,
    /// How long the session lives if it is not used again. The refresh token is valid for the same time.
    pub(crate) refresh_expires_in: Duration,
    /// The name of a page's cookie; not used for an app, whose token is in the body.
    pub(crate) cookie_name: String,
    /// The headers that clear the cookies of sessions that are over.
    pub(crate) cleared: SetCookies,
}

impl Granted {
    /// Builds the response for the client's kind.
    pub(crate) fn deliver(self) -> Credentials {
        let mut body = Body {
            token_type: "Bearer",
            access_token: self.access.into_exposed(),
            expires_in: self.access_ttl.as_secs(),
            refresh_token: None,
            refresh_expires_in: self.refresh_expires_in.as_secs(),
            refresh_kept: self.is_kept,
            session_id: self.session_id,
            user_id: self.user_id,
        };
        let mut cookies = self.cleared;
        match (self.client, self.refresh) {
            (ClientKind::Web, Some(token)) => {
                let (name, lives) = (&self.cookie_name, self.refresh_expires_in);
                cookies.push(REFRESH_COOKIE.set_as(name, token.expose(), lives));
            }
            (ClientKind::Mobile, Some(token)) => body.refresh_token = Some(token.expose().to_owned()),
            (_, None) => {}
        }
        (Extension(Opened(self.session_id)), cookies, Json(body))
    }
}

/// Reads the refresh cookies of a request, whatever page sent it.
pub(crate) fn shown_cookies(keys: &Keys, request: &Parts) -> Shown {
    Shown::read(keys, &request.headers)
}

/// Verifies a token that came in the way that clients of this kind use; `None` if it is not one for them.
pub(crate) fn received(keys: &Keys, text: &str, client: ClientKind) -> Option<VerifiedToken> {
    keys.verify(text).filter(|token| token.client() == client)
}
