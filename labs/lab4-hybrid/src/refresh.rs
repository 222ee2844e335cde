//! `POST /auth/refresh`: exchanges a refresh token for a new pair of tokens.
//!
//! Four things must never happen here: a refusal because a store is down (the client would delete a good token); a
//! refusal because a browser still has the cookie of a session that is over, beside the cookie of its current session
//! ([`cookies`](crate::delivery::cookies)); a refusal that clears a cookie; and a response that sets a cookie although
//! the token stays (a late response would overwrite a newer token with an older one).
//!
//! Rotation detects theft and does not prevent it. When a thief exchanges a copy, the user's next exchange is a reuse,
//! and the session ends for both. But a thief who comes back within every single window gets the same successors as the
//! user, without being detected. Only a token that is bound to a key of the client prevents that (DPoP, RFC 9449); a
//! session's record has room for the thumbprint. Addresses and user agents of legitimate users change every day, so
//! they are for the audit log only. The [crate's page](crate#what-cannot-be-promised) lists what else cannot be
//! promised.

use axum::extract::State;
use http::StatusCode;
use http::request::Parts;
use kit::audit::{Event, Whose};
use kit::body::Body;
use kit::openapi::schema::body;
use kit::openapi::{Access, Answer, Operation};
use kit::{AppOf, ClientKind, Error};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use crate::delivery::cookies::{SetCookies, ShownSession};
use crate::delivery::{Credentials, Granted, REFRESH_COOKIE, received, shown_cookies};
use crate::hybrid::{Hybrid, Shared, grant};
use crate::idempotency::{HEADER, IdempotencyKey, MAX_CHARS};
use crate::in_body::InBody;
use crate::refusal::RefreshRefusal;
use crate::store::{Refresh, Store, StoreError};
use crate::token::VerifiedToken;

/// Exchanges the refresh token in the body or in a cookie.
///
/// # Errors
/// Fails with 401 if no token is presented or none is accepted, 403 if cookies come from another origin, 400 or 422 for
/// a malformed request, and 503 if the store or the accounts do not answer or the store has lost rotations.
pub async fn refresh<S: Store>(
    State(app): State<AppOf<Hybrid<S>>>,
    request: Parts,
    Body(InBody { refresh_token }): Body<InBody>,
) -> Result<Credentials, Error> {
    let shared = app.scheme.parts();
    let token = match shown(shared, &request, refresh_token.as_ref()) {
        Ok(token) => token,
        Err(error) => {
            if let Error::Refused(_) = error {
                app.count_refresh("invalid");
            }
            return Err(error);
        }
    };
    let attempt = IdempotencyKey::read(&request.headers)?;
    match token {
        Presented::Body(token) => {
            let granted = exchanged(&app, &request, &token, attempt.as_ref()).await?;
            Ok(granted.map_err(Error::from)?.deliver())
        }
        Presented::Cookies(sessions) => newest_alive(&app, &request, &sessions, attempt.as_ref()).await,
    }
}

/// Exchanges the token of the newest session that is alive. The response also clears the cookies of newer sessions that
/// turn out to be over: an ended session never comes back to life. If no session is alive, the response is the refusal
/// for the newest one, and it clears no cookie.
async fn newest_alive<S: Store>(
    app: &AppOf<Hybrid<S>>,
    request: &Parts,
    sessions: &[ShownSession],
    attempt: Option<&IdempotencyKey>,
) -> Result<Credentials, Error> {
    let (mut over, mut first_refusal) = (SetCookies::default(), None);
    for session in sessions {
        match exchanged(app, request, &session.token, attempt).await? {
            Ok(granted) => {
                let cookie_name = session.name.clone();
                return Ok(Granted { cookie_name, cleared: over, ..granted }.deliver());
            }
            Err(refusal) => {
                // A store that does not know the token may be behind one that does, so that session is not over.
                if refusal != RefreshRefusal::Invalid {
                    session.cleared().for_each(|cookie| over.push(cookie));
                }
                first_refusal = first_refusal.or(Some(refusal));
            }
        }
    }
    Err(first_refusal.unwrap_or(RefreshRefusal::Invalid).into())
}

/// Presents one token to the store. A refusal is the inner `Err`, an outage is the outer one.
async fn exchanged<S: Store>(
    app: &AppOf<Hybrid<S>>,
    request: &Parts,
    token: &VerifiedToken,
    attempt: Option<&IdempotencyKey>,
) -> Result<Result<Granted, RefreshRefusal>, Error> {
    let shared = app.scheme.parts();
    let whose = Whose::session(token.user_id(), token.session_id());
    // The account's row is authoritative for the epoch, for the address in the access token, and for whether the
    // account exists.
    let Some(user) = app.accounts.find(token.user_id()).await? else {
        app.audit(request, told(token, Refresh::Ended), whose);
        return Ok(Err(RefreshRefusal::Ended));
    };
    let verdict = shared.store.refresh(token, user.epoch, attempt).await?;
    app.audit(request, told(token, verdict), whose);
    let (refresh, refresh_expires_in) = match verdict {
        Refresh::Rotated { expires_in } | Refresh::Replayed { expires_in } => {
            (Some(token.successor()), expires_in)
        }
        Refresh::Kept { expires_in } | Refresh::Done { expires_in } => (unchanged(token), expires_in),
        Refresh::Reused => return Ok(Err(RefreshRefusal::Reused)),
        Refresh::Expired => return Ok(Err(RefreshRefusal::Expired)),
        Refresh::Ended => return Ok(Err(RefreshRefusal::Ended)),
        // The server cannot decide, so it answers 503: the token may well be the right one, and the client keeps it.
        Refresh::Ahead => return Err(StoreError::Behind.into()),
        Refresh::Invalid => return Ok(Err(RefreshRefusal::Invalid)),
    };
    let (access, access_ttl) =
        shared.access.issue_within(refresh_expires_in, &grant(&user, token.session_id()))?;
    Ok(Ok(Granted {
        user_id: user.id,
        session_id: token.session_id(),
        client: token.client(),
        access,
        access_ttl,
        refresh,
        is_kept: matches!(verdict, Refresh::Kept { .. }),
        refresh_expires_in,
        cookie_name: String::new(),
        cleared: SetCookies::default(),
    }))
}

/// The refresh tokens that a request presents.
enum Presented {
    /// An app's token, from the body.
    Body(VerifiedToken),
    /// The sessions of a browser, from its cookies, the newest first; at least one.
    Cookies(Vec<ShownSession>),
}

/// Reads the tokens that a request presents, from the body or from cookies but never from both. Only they count: an
/// `Authorization` header neither replaces them nor makes them invalid.
fn shown<S: Store>(
    shared: &Shared<S>,
    request: &Parts,
    body: Option<&SecretString>,
) -> Result<Presented, Error> {
    let cookies = shown_cookies(&shared.keys, request);
    if !cookies.is_empty() {
        shared.origins.require_own(request)?;
    }
    match (body, cookies.is_empty()) {
        (Some(_), false) => {
            Err(Error::Malformed("There is a refresh token in the body and another one in the cookie."))
        }
        (None, true) => Err(Error::Unauthenticated),
        (Some(text), true) => {
            let token = received(&shared.keys, text.expose_secret(), ClientKind::Mobile);
            token.map(Presented::Body).ok_or_else(|| unknown(shared.keys.unknown_key(text.expose_secret())))
        }
        (None, false) => {
            let unknown = unknown(cookies.unknown_key());
            let sessions = Some(cookies.into_sessions()).filter(|sessions| !sessions.is_empty());
            sessions.map(Presented::Cookies).ok_or(unknown)
        }
    }
}

/// The refusal of a token that this server did not issue, or whose key was removed.
fn unknown(key: Option<u16>) -> Error {
    key.map_or(RefreshRefusal::Invalid, RefreshRefusal::UnknownKey).into()
}

/// A token that stays: an app gets it once more, because an app's response always contains one; a page's cookie is not
/// set again.
fn unchanged(token: &VerifiedToken) -> Option<crate::token::RefreshToken> {
    match token.client() {
        ClientKind::Mobile => Some(token.same()),
        ClientKind::Web => None,
    }
}

/// The audit event for the result of an exchange.
fn told(token: &VerifiedToken, verdict: Refresh) -> Event {
    let generation = token.generation();
    let outcome = match verdict {
        Refresh::Reused => return Event::RefreshReused { generation },
        Refresh::Ahead => return Event::RefreshAhead { generation },
        Refresh::Rotated { .. } => "rotated",
        Refresh::Kept { .. } => "kept",
        Refresh::Done { .. } => "done",
        Refresh::Replayed { .. } => "replayed",
        Refresh::Expired => "expired",
        Refresh::Ended => "ended",
        Refresh::Invalid => "invalid",
    };
    Event::Refresh { outcome, generation }
}

/// The OpenAPI description of the route.
pub fn described() -> Operation {
    let key = json!({
        "name": HEADER,
        "in": "header",
        "description": "Makes the refresh safe to repeat: send the same key until a response contains a new token",
        "schema": { "type": "string", "maxLength": MAX_CHARS, "pattern": "^[!-~]*$" },
    });
    let refusals =
        [RefreshRefusal::Invalid, RefreshRefusal::Expired, RefreshRefusal::Reused, RefreshRefusal::Ended];
    let others = [Error::Unauthenticated, Error::Csrf(""), Error::StoreUnavailable("".into())];
    Operation {
        summary: "Exchange a refresh token for a new pair of tokens",
        access: Access::CookieOrNothing(REFRESH_COOKIE.name),
        body: Some(body::<InBody>()),
        parameters: vec![key],
        answers: vec![(StatusCode::OK, Answer::Credentials)],
        refusals: refusals.map(Error::from).into_iter().chain(others).collect(),
    }
}
