//! `POST /auth/refresh`: a refresh token for a new pair.
//!
//! What must never happen here: a refusal because a store is down (the client would forget a good token), a cookie that a
//! refusal clears (its late answer would erase a newer log-in), and a cookie set by a token that stays (a late answer would
//! put an older token over a newer one).
//!
//! Rotation detects theft, and does not prevent it. A thief who exchanges a copy makes the person's next exchange a reuse,
//! and the session ends for both; but one who comes back inside every single window gets the same successors as the
//! person, unseen. Only a token that is bound to a key of the client closes that (DPoP, RFC 9449); a session's record has
//! room for the thumbprint. Addresses and user agents change on honest people every day: they are for the audit log. What
//! else cannot hold, the [crate's page](crate#what-cannot-be-promised) says.

use axum::extract::State;
use http::StatusCode;
use http::request::Parts;
use kit::audit::{Event, Whose};
use kit::body::{Body, Fields, FromFields};
use kit::error::RefreshRefusal;
use kit::openapi::schema::body;
use kit::openapi::{Access, Answer, Operation};
use kit::{App, ClientKind, Error};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::delivery::{Credentials, Granted, REFRESH_COOKIE, cookie_text, received};
use crate::hybrid::{Hybrid, Shared, grant};
use crate::idempotency::{HEADER, IdempotencyKey, MAX_CHARS};
use crate::store::{Refresh, Store, StoreError};
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

    fn shapes() -> Vec<(&'static str, Value)> {
        vec![("refresh_token", json!({ "type": "string" }))]
    }
}

/// Exchanges the token that came in the body or in the cookie.
pub async fn refresh<S: Store>(
    State(app): State<App<Hybrid<S>>>,
    request: Parts,
    Body(Request { refresh_token }): Body<Request>,
) -> Result<Credentials, Error> {
    let shared = app.scheme.parts();
    let token = match shown(shared, &request, refresh_token.as_ref()) {
        Ok(token) => token,
        Err(error) => {
            if let Error::Refresh(_) = error {
                app.refused_unknown_refresh();
            }
            return Err(error);
        }
    };
    let whose = Whose::session(token.user_id(), token.session_id());
    let attempt = IdempotencyKey::read(&request.headers)?;
    // The row is the authority: for the epoch, for the address in the access token, and for there being an account.
    let Some(user) = app.accounts.find(token.user_id()).await? else {
        app.audit(&request, told(&token, Refresh::Ended), whose);
        return Err(Error::Refresh(RefreshRefusal::Ended));
    };
    let verdict = shared.store.refresh(&token, user.epoch, attempt.as_ref()).await?;
    app.audit(&request, told(&token, verdict), whose);
    let (refresh, refresh_expires_in) = match verdict {
        Refresh::Rotated { expires_in } | Refresh::Replayed { expires_in } => {
            (Some(token.successor()), expires_in)
        }
        Refresh::Kept { expires_in } => (unchanged(&token), expires_in),
        Refresh::Reused => return Err(Error::Refresh(RefreshRefusal::Reused)),
        Refresh::Expired => return Err(Error::Refresh(RefreshRefusal::Expired)),
        Refresh::Ended => return Err(Error::Refresh(RefreshRefusal::Ended)),
        // Not knowing is 503: the token may well be the right one, and the client keeps it.
        Refresh::Ahead => return Err(StoreError::Behind.into()),
        Refresh::Invalid => return Err(Error::Refresh(RefreshRefusal::Invalid)),
    };
    let (access, access_ttl) =
        shared.access.issue_within(refresh_expires_in, &grant(&user, token.session_id()))?;
    let granted = Granted {
        user_id: user.id,
        session_id: token.session_id(),
        client: token.client(),
        access,
        access_ttl,
        refresh,
        refresh_expires_in,
    };
    Ok(granted.deliver())
}

/// The token that a request shows, by the one way that its kind of client has. It decides alone: an `Authorization` header
/// neither vouches for it nor takes anything away.
fn shown<S: Store>(
    shared: &Shared<S>,
    request: &Parts,
    body: Option<&SecretString>,
) -> Result<VerifiedToken, Error> {
    let cookie = cookie_text(request);
    if cookie.is_some() {
        shared.origins.require_own(request)?;
    }
    let (text, client) = match (body, cookie) {
        (Some(_), Some(_)) => {
            return Err(Error::Malformed("There is a refresh token in the body and one in the cookie."));
        }
        (None, None) => return Err(Error::Unauthenticated),
        (Some(text), None) => (text.expose_secret(), ClientKind::Mobile),
        (None, Some(text)) => (text, ClientKind::Web),
    };
    received(&shared.keys, text, client).ok_or_else(|| {
        let unknown = shared.keys.unknown_key(text).map(RefreshRefusal::UnknownKey);
        Error::Refresh(unknown.unwrap_or(RefreshRefusal::Invalid))
    })
}

/// A token that stays: an app is told it once more, since its body always names one; a page's cookie is left alone.
fn unchanged(token: &VerifiedToken) -> Option<crate::token::RefreshToken> {
    match token.client() {
        ClientKind::Mobile => Some(token.same()),
        ClientKind::Web => None,
    }
}

/// What the audit log hears of a verdict.
fn told(token: &VerifiedToken, verdict: Refresh) -> Event {
    let generation = token.generation();
    let outcome = match verdict {
        Refresh::Reused => return Event::RefreshReused { generation },
        Refresh::Ahead => return Event::RefreshAhead { generation },
        Refresh::Rotated { .. } => "rotated",
        Refresh::Kept { .. } => "kept",
        Refresh::Replayed { .. } => "replayed",
        Refresh::Expired => "expired",
        Refresh::Ended => "ended",
        Refresh::Invalid => "invalid",
    };
    Event::Refresh { outcome, generation }
}

/// What the route takes and answers, for the server's document.
pub fn described() -> Operation {
    let key = json!({
        "name": HEADER,
        "in": "header",
        "description": "Makes the exchange safe to repeat: one for each token, kept until there is an answer",
        "schema": { "type": "string", "maxLength": MAX_CHARS, "pattern": "^[!-~]*$" },
    });
    let refusals =
        [RefreshRefusal::Invalid, RefreshRefusal::Expired, RefreshRefusal::Reused, RefreshRefusal::Ended];
    let others = [Error::Unauthenticated, Error::Csrf(""), Error::StoreUnavailable("".into())];
    Operation {
        summary: "A refresh token for a new pair",
        access: Access::CookieOrNothing(REFRESH_COOKIE.name),
        body: Some(body::<Request>()),
        parameters: vec![key],
        answers: vec![(StatusCode::OK, Answer::Credentials)],
        refusals: refusals.map(Error::Refresh).into_iter().chain(others).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::openapi::schema::strays;

    #[test]
    fn the_document_tells_of_each_field_that_the_parser_reads_and_of_no_other() {
        assert_eq!(strays::<Request>(), Vec::<&str>::new());
    }
}
