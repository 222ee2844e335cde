//! An account whose row is behind its store.
//!
//! The row is always raised before the store is told, so a store that is ahead of a row which was read just now belongs to
//! a database that was restored from a backup. Taken at its word, such a row would refuse the right password until the
//! store forgets the epoch (30 days), and its endings would end nothing. So the row is read again, lifted over the store's
//! epoch, and the operation goes on. The greater of the two always counts.

use http::request::Parts;

use crate::accounts::User;
use crate::audit::{Event, Whose};
use crate::error::Error;
use crate::scheme::{Client, Scheme};
use crate::state::App;

/// Issues a credential to a user whose password was checked against the row that `user` was read from.
pub(super) async fn issue<S: Scheme>(
    app: &App<S>,
    request: &Parts,
    user: &User,
    client: &Client,
) -> Result<S::Issued, Error> {
    let epoch = match app.scheme.issue(request, user, client).await {
        Err(Error::StoreAhead { epoch }) => epoch,
        done => return done,
    };
    match lift(app, request, user, epoch).await? {
        // The row is the one that the password was checked against: every change of it raises the epoch.
        Some(Lifted { user, was_behind: true }) => app.scheme.issue(request, &user, client).await,
        // It moved on meanwhile, and the password may be another by now.
        Some(Lifted { was_behind: false, .. }) | None => Err(Error::LogInAfresh),
    }
}

/// Ends every credential of an account whose row says so already.
pub(super) async fn end_all<S: Scheme>(
    app: &App<S>,
    request: &Parts,
    user: &User,
) -> Result<(S::Ended, User), Error> {
    let epoch = match app.scheme.end_all(user).await {
        Err(Error::StoreAhead { epoch }) => epoch,
        done => return Ok((done?, user.clone())),
    };
    // A row that moved on meanwhile is told to the store by whoever moved it; once more does no harm.
    let now = match lift(app, request, user, epoch).await? {
        Some(Lifted { user, .. }) => user,
        // A deleted account has no row to lift, and nothing opens a session of it.
        None => User { epoch: epoch.saturating_add(1), ..user.clone() },
    };
    Ok((app.scheme.end_all(&now).await?, now))
}

struct Lifted {
    user: User,
    was_behind: bool,
}

async fn lift<S: Scheme>(
    app: &App<S>,
    request: &Parts,
    user: &User,
    epoch: u64,
) -> Result<Option<Lifted>, Error> {
    let Some((user, was_behind)) = app.accounts.lifted(user.id, epoch).await? else { return Ok(None) };
    if was_behind {
        app.audit(request, Event::EpochLifted, Whose::user(user.id));
    }
    Ok(Some(Lifted { user, was_behind }))
}
