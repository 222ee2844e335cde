//! The scheme with an access token alone: its advantage, and the logout problem that it causes.
//!
//! The server stores nothing about a token, so it asks no store when a request presents one: any server with the key
//! can verify it. For the same reason there is nothing to delete when a user logs out. `POST /auth/logout` answers 204,
//! a well-behaved client deletes its copy, and **every other copy works until its `exp`**: a thief's, one in a log
//! file, another tab's. A change of password does not change that, nor does "log out everywhere". Only the routes that
//! read the account's row notice that an account was deleted.
//!
//! This is not a bug that a better check would fix; it is the meaning of "stateless". A shorter lifetime reduces the
//! harm and makes users log in more often. A denylist of tokens, read on every request, would end them at once, but it
//! would be the store that this design avoids.

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::{Json, Router};
use http::request::Parts;
use kit::accounts::{Ending, User};
use kit::bearer;
use kit::clock::Clock;
use kit::config::Config;
use kit::csrf::Origins;
use kit::descriptor::Description;
use kit::error::Error;
use kit::keyring::{HeldKeys, Keyring};
use kit::scheme::{Principal, Scheme};
use kit::{App, Client, StartError};
use serde::Serialize;
use uuid::Uuid;

use crate::access_token::{AccessTokens, Grant};
use crate::design::DESIGN;

/// The scheme that has nothing but access tokens.
#[derive(Clone, Debug)]
pub struct Access {
    // In an `Arc`, because the server's state is cloned for every request.
    tokens: Arc<AccessTokens>,
    held_keys: Arc<HeldKeys>,
}

/// The body of the response to a login (RFC 6749 §5.1). It contains the token, so it does not implement `Debug`.
#[derive(Serialize)]
pub struct Body {
    token_type: &'static str,
    access_token: String,
    expires_in: u64,
    user_id: Uuid,
}

/// Builds the lab's server, for `kit::serve`. `origins` are the server's own origins, for logins from pages.
///
/// # Errors
/// Fails if the accounts cannot be opened or read.
pub async fn router(config: &Config, clock: Clock, origins: Origins) -> Result<Router, StartError> {
    let scheme = Access::new(config, clock.clone());
    Ok(kit::router(App::new(scheme, config, clock, origins).await?, Router::new()))
}

impl Access {
    /// The scheme with the configured keys, or with a random key, which is lost when the process ends.
    pub fn new(config: &Config, clock: Clock) -> Self {
        let keys = config.access_keys.clone().unwrap_or_else(Keyring::random);
        let (issuer, audience) = (&*config.issuer, &*config.audience);
        let tokens = AccessTokens::new(&keys, issuer, audience, config.access_ttl, config.leeway, clock);
        Self { tokens: tokens.into(), held_keys: keys.held_for("access").into() }
    }
}

impl Scheme for Access {
    type Issued = Json<Body>;
    type Ended = ();
    type LogOut = ();

    fn describe(&self) -> Description {
        Description {
            design: &DESIGN,
            store: "none",
            features: &["access-jwt"],
            access_ttl: Some(self.tokens.ttl()),
            refresh_ttl: None,
            idle_ttl: None,
            refresh_window: None,
        }
    }

    fn held_keys(&self) -> Vec<HeldKeys> {
        vec![HeldKeys::clone(&self.held_keys)]
    }

    async fn issue(&self, _request: &Parts, user: &User, _client: &Client) -> Result<Json<Body>, Error> {
        let token =
            self.tokens.issue(&Grant { user_id: user.id, email: user.email.as_str(), session: None })?;
        Ok(Json(Body {
            token_type: "Bearer",
            access_token: token.into_exposed(),
            expires_in: self.tokens.ttl().as_secs(),
            user_id: user.id,
        }))
    }

    async fn authenticate(&self, request: &Parts) -> Result<Principal, Error> {
        let token = bearer::token(request)?.ok_or(Error::Unauthenticated)?;
        let checked = self.tokens.check(token)?;
        Ok(Principal { user_id: checked.user_id, email: checked.email, session_id: None, epoch: None })
    }

    // ANCHOR: end
    /// Ends nothing, because the server stores nothing that it could delete. See the module's documentation.
    async fn end(&self, request: &Parts, _log_out: &()) -> Result<(), Error> {
        match bearer::token(request) {
            Err(unreadable @ Error::Malformed(_)) => Err(unreadable),
            _ => Ok(()),
        }
    }
    // ANCHOR_END: end

    /// Ends nothing, because the server stores no sessions.
    async fn end_others(&self, _principal: &Principal) -> Result<(), Error> {
        Ok(())
    }

    /// Ends nothing, because the server stores no sessions.
    async fn end_all(&self, _ending: &Ending) -> Result<(), Error> {
        Ok(())
    }

    fn forgotten(&self, _request: &Parts, _user_id: Uuid) {}
}
