//! The access token alone: what it buys, and the logout problem that it costs.
//!
//! Nothing is stored about a token, so nothing is asked when one comes in: any server with the key can check it. For the
//! same reason there is nothing to delete when a person logs out. `POST /auth/logout` answers 204, a well-behaved client
//! forgets its copy, and **every other copy works until its `exp`**: a thief's, a log file's, another tab's. A new
//! password does not change that, nor does "log out everywhere"; a deleted account is only noticed by the routes that
//! read its row.
//!
//! That is no bug that a better check would mend; it is what "stateless" means. A short lifetime makes the harm smaller
//! and logs people out more often. A list of refused tokens, asked on every request, would end them at once, and would be
//! the store that this design set out to do without.

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
use kit::scheme::{Client, LogOut, Principal, Scheme};
use kit::state::{App, StartError};
use serde::Serialize;
use uuid::Uuid;

use crate::access_token::{AccessTokens, Grant};
use crate::design::DESIGN;

/// The design with nothing but access tokens.
#[derive(Clone, Debug)]
pub struct Access {
    // Behind an `Arc`, since the server's state is cloned for every request.
    tokens: Arc<AccessTokens>,
    held_keys: Arc<HeldKeys>,
}

/// The body of a log-in (RFC 6749 §5.1). It holds the token, so it has no `Debug`.
#[derive(Serialize)]
pub struct Body {
    token_type: &'static str,
    access_token: String,
    expires_in: u64,
    user_id: Uuid,
}

/// The lab's server, to be handed to `kit::serve`. `origins` are the server's own, for log-ins from pages.
pub async fn router(config: &Config, clock: Clock, origins: Origins) -> Result<Router, StartError> {
    let scheme = Access::new(config, clock.clone());
    Ok(kit::router(App::new(scheme, config, clock, origins).await?, Router::new()))
}

impl Access {
    /// The scheme with the configured keys, or with a random one that does not survive a restart.
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
    /// Ends nothing, because nothing is kept that could be ended. See the module.
    async fn end(&self, request: &Parts, _log_out: &LogOut) -> Result<(), Error> {
        match bearer::token(request) {
            Err(unreadable @ Error::Malformed(_)) => Err(unreadable),
            _ => Ok(()),
        }
    }
    // ANCHOR_END: end

    /// Ends nothing.
    async fn end_others(&self, _principal: &Principal) -> Result<(), Error> {
        Ok(())
    }

    /// Ends nothing.
    async fn end_all(&self, _ending: &Ending) -> Result<(), Error> {
        Ok(())
    }

    fn forgotten(&self, _request: &Parts, _user_id: Uuid) {}
}
