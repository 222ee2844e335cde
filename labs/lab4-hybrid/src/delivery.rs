//! How the two tokens reach a client, and how the refresh token comes back.
//!
//! An app keeps both and gets both in the body. A page gets the access token in the body, to keep in memory, and the
//! refresh token in a cookie that no script can read and no other site can send. A token says itself which of the two it
//! is for, and is good for nothing when it comes the other way.

use std::time::Duration;

use axum::{Extension, Json};
use http::request::Parts;
use kit::ClientKind;
use kit::audit::Opened;
use kit::cookie::{self, HostCookie, SameSite, SetCookie};
use lab3_access::access_token::AccessToken;
use serde::Serialize;
use uuid::Uuid;

use crate::chain::Keys;
use crate::token::{RefreshToken, VerifiedToken};

/// The cookie of the refresh token. Strict: a page of ours asks for it by script, and no link from elsewhere needs it.
pub const REFRESH_COOKIE: HostCookie = HostCookie { name: "__Host-refresh", same_site: SameSite::Strict };

/// What a log-in and a refresh answer with: a cookie for pages, and the body (RFC 6749 §5.1).
/// The session's name goes along for the audit log, beside what is sent.
pub type Credentials = (Extension<Opened>, Option<SetCookie>, Json<Body>);

/// The body. Lifetimes are in seconds.
#[derive(Debug, Serialize)]
pub struct Body {
    token_type: &'static str,
    access_token: String,
    expires_in: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    refresh_expires_in: u64,
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
    /// How long the session lives if it is not used again, which is how long the refresh token is good for.
    pub(crate) refresh_expires_in: Duration,
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
            session_id: self.session_id,
            user_id: self.user_id,
        };
        let opened = Extension(Opened(self.session_id));
        match (self.client, self.refresh) {
            (ClientKind::Web, Some(token)) => {
                (opened, Some(REFRESH_COOKIE.set(token.expose(), self.refresh_expires_in)), Json(body))
            }
            (ClientKind::Mobile, Some(token)) => {
                body.refresh_token = Some(token.expose().to_owned());
                (opened, None, Json(body))
            }
            (_, None) => (opened, None, Json(body)),
        }
    }
}

/// The text in the refresh cookie, whoever sent it.
pub(crate) fn cookie_text(request: &Parts) -> Option<&str> {
    cookie::read(request, REFRESH_COOKIE.name).filter(|text| !text.is_empty())
}

/// Reads a token that came in the way of `client`.
pub(crate) fn received(keys: &Keys, text: &str, client: ClientKind) -> Option<VerifiedToken> {
    keys.verify(text).filter(|token| token.client() == client)
}
