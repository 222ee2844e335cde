//! How the two tokens reach a client, and how the refresh token comes back.
//!
//! An app keeps both and gets both in the body. A page gets the access token in the body, to keep in memory, and the
//! refresh token in a cookie of its session's own ([`cookies`]), which no script can read and no other site can send. A
//! token says itself which of the two it is for, and is good for nothing when it comes the other way.

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

/// What a log-in and a refresh answer with: cookies for pages, and the body (RFC 6749 §5.1).
/// The session's name goes along for the audit log, beside what is sent.
pub type Credentials = (Extension<Opened>, SetCookies, Json<Body>);

/// The body. Lifetimes are in seconds.
#[derive(Debug, Serialize)]
pub struct Body {
    token_type: &'static str,
    access_token: String,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    refresh_expires_in: u64,
    /// The token that was shown stays, and this exchange was not done. A page cannot see that, and keeps its idempotency
    /// key for the next one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    refresh_kept: bool,
    session_id: Uuid,
    user_id: Uuid,
}

/// What a client is to get.
pub(crate) struct Granted {
    pub(crate) user_id: Uuid,
    pub(crate) session_id: Uuid,
    pub(crate) client: ClientKind,
    pub(crate) access: AccessToken,
    pub(crate) access_ttl: Duration,
    /// None: the client keeps the one that it has.
    pub(crate) refresh: Option<RefreshToken>,
    /// The token stays, and the client keeps its idempotency key with it.
    pub(crate) is_kept: bool,
    /// How long the session lives if it is not used again, which is how long the refresh token is good for.
    pub(crate) refresh_expires_in: Duration,
    /// The name of a page's cookie; an app's token goes into the body.
    pub(crate) cookie_name: String,
    /// Clears the cookies of sessions that are over.
    pub(crate) cleared: SetCookies,
}

impl Granted {
    /// Packs it for the client's kind.
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

/// The refresh cookies of a request, from whichever page it came.
pub(crate) fn shown_cookies(keys: &Keys, request: &Parts) -> Shown {
    Shown::read(keys, &request.headers)
}

/// Reads a token that came in the way of `client`.
pub(crate) fn received(keys: &Keys, text: &str, client: ClientKind) -> Option<VerifiedToken> {
    keys.verify(text).filter(|token| token.client() == client)
}
