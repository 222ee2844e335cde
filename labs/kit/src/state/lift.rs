//! Raising the epoch of an account whose row is behind its store.
//!
//! The kit always raises the row's epoch before it tells the store. So a store whose epoch is greater than that of a row
//! which was read just now means that the accounts' database was restored from a backup. With such a row, the server would
//! refuse the right password until the store forgets the epoch (30 days), and endings would end nothing. So the kit reads
//! the row again, raises its epoch above the store's, and continues the operation. The greater of the two epochs always
//! counts.

use axum::response::Response;
use http::request::Parts;
use uuid::Uuid;

use super::App;
use crate::accounts::User;
use crate::audit::{Event, Whose};
use crate::client::Client;
use crate::error::Error;

/// Issues a credential to a user whose password was checked against the row that `user` was read from.
pub(crate) async fn issue(
    app: &App,
    request: &Parts,
    user: &User,
    client: &Client,
) -> Result<Response, Error> {
    let epoch = match app.scheme.issue(request, user, client).await {
        Err(Error::StoreAhead { epoch }) => epoch,
        done => return done,
    };
    match app.lift(Some(request), user.id, epoch).await? {
        // This is the row that the password was checked against: every change of it raises the epoch.
        Some(Lifted { user, was_behind: true }) => app.scheme.issue(request, &user, client).await,
        // The row has changed since, perhaps with a new password.
        Some(Lifted { was_behind: false, .. }) | None => Err(Error::LogInAfresh),
    }
}

/// An account's row, read again.
pub(crate) struct Lifted {
    pub(crate) user: User,
    /// Whether the row was behind the store and has been raised.
    pub(crate) was_behind: bool,
}

impl App {
    /// Raises an account's epoch above the one that its store knows, if the row is behind. `None`: there is no such
    /// account.
    pub(crate) async fn lift(
        &self,
        request: Option<&Parts>,
        user_id: Uuid,
        epoch: u64,
    ) -> Result<Option<Lifted>, Error> {
        let Some((user, was_behind)) = self.accounts.lifted(user_id, epoch).await? else { return Ok(None) };
        match request {
            _ if !was_behind => {}
            Some(request) => self.audit(request, Event::EpochLifted, Whose::user(user_id)),
            None => {
                self.metrics.happened(Event::EpochLifted);
                tracing::warn!(target: "audit", event = Event::EpochLifted.name(), user = %user_id);
            }
        }
        Ok(Some(Lifted { user, was_behind }))
    }
}
