//! The extractors that protect a handler by its signature.

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::App;
use crate::error::Error;
use crate::scheme::{Confirmed, Principal, Scheme};

impl<S: Scheme> FromRequestParts<App<S>> for Principal {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App<S>) -> Result<Self, Error> {
        if app.scheme.live_check() {
            return Ok(Confirmed::from_request_parts(parts, app).await?.principal);
        }
        let principal = app.scheme.authenticate(parts).await?;
        app.endings.refuse_ended(&principal)?;
        Ok(principal)
    }
}

impl<S: Scheme> FromRequestParts<App<S>> for Confirmed {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App<S>) -> Result<Self, Error> {
        let principal = app.scheme.authenticate(parts).await?;
        let user =
            app.accounts.find(principal.user_id).await?.ok_or(Error::InvalidToken("no such account"))?;
        // The row is the authority: a store that does not know of an ending yet would accept the credential.
        if principal.epoch.is_some_and(|epoch| epoch < user.epoch) {
            return Err(Error::InvalidToken("its session has ended"));
        }
        let client = app.scheme.confirm(&principal, &user).await?;
        Ok(Self { principal, user, client })
    }
}
