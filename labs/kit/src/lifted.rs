//! An account whose row is behind its store.
//!
//! The row is always raised before the store is told, so a store that is ahead of a row which was read just now belongs to
//! a database that was restored from a backup. Taken at its word, such a row would refuse the right password until the
//! store forgets the epoch (30 days), and its endings would end nothing. So the row is read again, lifted over the store's
//! epoch, and the operation goes on. The greater of the two always counts.

use http::request::Parts;
use uuid::Uuid;

use crate::accounts::User;
use crate::audit::{Event, Whose};
use crate::error::Error;
use crate::scheme::{Client, Scheme};
use crate::state::App;

/// Issues a credential to a user whose password was checked against the row that `user` was read from.
pub(crate) async fn issue<S: Scheme>(
    app: &App<S>,
    request: &Parts,
    user: &User,
    client: &Client,
) -> Result<S::Issued, Error> {
    let epoch = match app.scheme.issue(request, user, client).await {
        Err(Error::StoreAhead { epoch }) => epoch,
        done => return done,
    };
    match app.lift(Some(request), user.id, epoch).await? {
        // The row is the one that the password was checked against: every change of it raises the epoch.
        Some(Lifted { user, was_behind: true }) => app.scheme.issue(request, &user, client).await,
        // It moved on meanwhile, and the password may be another by now.
        Some(Lifted { was_behind: false, .. }) | None => Err(Error::LogInAfresh),
    }
}

/// An account's row, read again.
pub(crate) struct Lifted {
    pub(crate) user: User,
    /// Whether it was behind the store and has been lifted.
    pub(crate) was_behind: bool,
}

impl<S: Scheme> App<S> {
    /// Lifts an account's row over the epoch that its store knows, if it is behind. None: there is no such account.
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
