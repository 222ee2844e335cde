//! `POST /auth/refresh`: a refresh token for a new pair.
//!
//! What must never happen here: a refusal because a store is down (the client would forget a good token), a cookie that a
//! refusal clears (its late answer would erase a newer log-in), and a cookie set by a token that stays (a late answer would
//! put an older token over a newer one).
//!
//! Rotation detects theft, and does not prevent it. A thief who exchanges a copy makes the person's next exchange a reuse,
//! and the session ends for both; but one who comes back inside every single window gets the same successors as the
//! person, unseen. Only a token that is bound to a key of the client closes that (DPoP, RFC 9449); a session's record has
//! room for the thumbprint. Addresses and user agents change on honest people every day: they are for the audit log.

use axum::extract::State;
use http::request::Parts;
use kit::body::{Body, Fields, FromFields};
use kit::error::RefreshRefusal;
use kit::{App, ClientKind, Error};
use secrecy::{ExposeSecret, SecretString};

use crate::delivery::{Credentials, Granted, judged_cookie_text, received};
use crate::hybrid::{Hybrid, Shared, grant};
use crate::idempotency::IdempotencyKey;
use crate::store::{Refresh, Store};
use crate::token::VerifiedToken;

/// The body: the token of an app, or nothing.
pub struct Request {
    refresh_token: Option<SecretString>,
}

impl FromFields for Request {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        // Any text will do: one that is no token is a refused credential (401) and no flaw of the body (422).
        let refresh_token = fields.optional("refresh_token", |text| Ok(SecretString::from(text)));
        Some(Self { refresh_token })
    }
}

/// Exchanges the token that came in the body or in the cookie.
pub async fn refresh<S: Store>(
    State(app): State<App<Hybrid<S>>>,
    request: Parts,
    Body(Request { refresh_token }): Body<Request>,
) -> Result<Credentials, Error> {
    let shared = app.scheme.parts();
    let token = shown(shared, &request, refresh_token.as_ref())?;
    let attempt = IdempotencyKey::read(&request.headers)?;
    // The row is the authority: for the epoch, for the address in the access token, and for there being an account.
    let Some(user) = app.accounts.find(token.user_id()).await? else {
        return Err(Error::Refresh(RefreshRefusal::Ended));
    };
    let verdict = shared.store.refresh(&token, user.epoch, attempt.as_ref()).await?;
    audit(&token, verdict);
    let (refresh, refresh_expires_in) = match verdict {
        Refresh::Rotated { expires_in } | Refresh::Replayed { expires_in } => {
            (Some(token.successor()), expires_in)
        }
        Refresh::Kept { expires_in } => (unchanged(&token), expires_in),
        Refresh::Reused => return Err(Error::Refresh(RefreshRefusal::Reused)),
        Refresh::Expired => return Err(Error::Refresh(RefreshRefusal::Expired)),
        Refresh::Ended => return Err(Error::Refresh(RefreshRefusal::Ended)),
        Refresh::Invalid => return Err(Error::Refresh(RefreshRefusal::Invalid)),
    };
    let granted = Granted {
        user_id: user.id,
        session_id: token.session_id(),
        client: token.client(),
        access: shared.access.issue(&grant(&user, token.session_id()))?,
        access_ttl: shared.access.ttl(),
        refresh,
        refresh_expires_in,
    };
    Ok(granted.deliver())
}

/// The token that a request shows, by the one way that its kind of client has.
fn shown<S: Store>(
    shared: &Shared<S>,
    request: &Parts,
    body: Option<&SecretString>,
) -> Result<VerifiedToken, Error> {
    let cookie = judged_cookie_text(request);
    if cookie.is_some() {
        shared.origins.require_own(request)?;
    }
    let token = match (body, cookie) {
        (Some(_), Some(_)) => {
            return Err(Error::Malformed("There is a refresh token in the body and one in the cookie."));
        }
        (None, None) => return Err(Error::Unauthenticated),
        (Some(text), None) => received(&shared.keys, text.expose_secret(), ClientKind::Mobile),
        (None, Some(text)) => received(&shared.keys, text, ClientKind::Web),
    };
    token.ok_or(Error::Refresh(RefreshRefusal::Invalid))
}

/// A token that stays: an app is told it once more, since its body always names one; a page's cookie is left alone.
fn unchanged(token: &VerifiedToken) -> Option<crate::token::RefreshToken> {
    match token.client() {
        ClientKind::Mobile => Some(token.same()),
        ClientKind::Web => None,
    }
}

/// Who did what, without the credential that they did it with.
fn audit(token: &VerifiedToken, verdict: Refresh) {
    let (user, session, generation) = (token.user_id(), token.session_id(), token.generation());
    match verdict {
        Refresh::Reused => {
            tracing::warn!(target: "audit", event = "refresh_reused", %user, %session, generation);
        }
        Refresh::Rotated { .. } | Refresh::Kept { .. } | Refresh::Replayed { .. } => {
            tracing::info!(target: "audit", event = "refresh", %user, %session, generation, ?verdict);
        }
        Refresh::Expired | Refresh::Ended | Refresh::Invalid => {
            tracing::info!(target: "audit", event = "refresh_refused", %user, %session, generation, ?verdict);
        }
    }
}
