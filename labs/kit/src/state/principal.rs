//! The extractors that protect a handler by its signature.

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::App;
use crate::error::Error;
use crate::scheme::{Confirmed, Principal};

impl<S: AsRef<App> + Sync> FromRequestParts<S> for Principal {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let app = state.as_ref();
        if app.scheme.live_check() {
            return Ok(app.confirmed(parts).await?.principal);
        }
        let principal = app.scheme.authenticate(parts).await?;
        app.endings.refuse_ended(&principal)?;
        Ok(principal)
    }
}

impl<S: AsRef<App> + Sync> FromRequestParts<S> for Confirmed {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        state.as_ref().confirmed(parts).await
    }
}

impl App {
    /// The principal of a request whose account exists and whose credential has not been ended.
    pub(crate) async fn confirmed(&self, request: &Parts) -> Result<Confirmed, Error> {
        let principal = self.scheme.authenticate(request).await?;
        let user =
            self.accounts.find(principal.user_id).await?.ok_or(Error::InvalidToken("no such account"))?;
        // The row is the authority: a store that does not know of an ending yet would accept the credential.
        if principal.epoch.is_some_and(|epoch| epoch < user.epoch) {
            return Err(Error::InvalidToken("its session has ended"));
        }
        let client = self.scheme.confirm(&principal, &user).await?;
        Ok(Confirmed { principal, user, client })
    }
}
