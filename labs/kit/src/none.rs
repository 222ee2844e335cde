//! The baseline of every measurement: the same routes, the same answer, and no authentication.

use axum::Json;
use http::request::Parts;
use uuid::Uuid;

use crate::accounts::{Ending, User};
use crate::descriptor::Claims;
use crate::error::Error;
use crate::scheme::{Client, LogOut, Principal, Scheme};

/// Lets everybody in as the same person. It exists to be measured, and has no other use.
#[derive(Clone, Debug)]
pub struct NoAuthentication {
    everybody: Principal,
}

impl Default for NoAuthentication {
    fn default() -> Self {
        let user = User::sample();
        let email = user.email.as_str().to_owned();
        let session_id = Some(Uuid::from_u128(2));
        Self { everybody: Principal { user_id: user.id, email, session_id, epoch: None } }
    }
}

impl Scheme for NoAuthentication {
    type Issued = Json<Principal>;
    type Ended = ();

    fn claims(&self) -> Claims {
        Claims {
            lab: "none",
            store: "none",
            features: &[],
            access_ttl: None,
            refresh_ttl: None,
            idle_ttl: None,
            refresh_window: None,
        }
    }

    async fn issue(
        &self,
        _request: &Parts,
        _user: &User,
        _client: &Client,
    ) -> Result<Json<Principal>, Error> {
        Ok(Json(self.everybody.clone()))
    }

    async fn authenticate(&self, _request: &Parts) -> Result<Principal, Error> {
        Ok(self.everybody.clone())
    }

    async fn end(&self, _request: &Parts, _log_out: &LogOut) -> Result<(), Error> {
        Ok(())
    }

    async fn end_others(&self, _principal: &Principal) -> Result<(), Error> {
        Ok(())
    }

    async fn end_all(&self, _ending: &Ending) -> Result<(), Error> {
        Ok(())
    }

    fn forgotten(&self, _request: &Parts, _user_id: Uuid) {}
}
