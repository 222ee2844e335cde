//! What every attempt that names an account needs: a check by the throttle, and a queue for password hashing.

use http::request::Parts;

use crate::accounts::{Accounts, Email};
use crate::audit::{Event, Whose};
use crate::error::Error;
use crate::password::{Lane, Work};
use crate::state::App;

/// Returns the throttle's answer unchanged; if the throttle refused the attempt, first writes `throttled` to the audit log.
pub(super) fn place<T>(
    app: &App,
    request: &Parts,
    attempt: Result<T, Error>,
    throttled: (Event, Whose),
) -> Result<T, Error> {
    if let Err(Error::Throttled { .. }) = &attempt {
        app.audit(request, throttled.0, throttled.1);
    }
    attempt
}

/// Admits a sign-up, unless its IP address has sent too many or the e-mail address has an account. Both are checked before
/// the password is hashed: the client learns of the taken address in any case, and its password must not delay the hashing
/// of others.
pub(super) async fn admit_sign_up(app: &App, request: &Parts, email: &Email) -> Result<Whose, Error> {
    let claimed = app.claimed(email);
    let counted = app.throttle.sign_up(app.proxies.client(request)).await;
    place(app, request, counted, (Event::SignUpThrottled, claimed))?;
    if app.accounts.known(email).await?.is_some() {
        app.audit(request, Event::SignUpRefused, claimed);
        return Err(Error::EmailTaken);
    }
    Ok(claimed)
}

/// The accounts, with hashing in the lane of this client's address: its passwords wait behind its own earlier ones and not
/// behind those of all clients.
pub(super) fn lane(app: &App, request: &Parts, work: Work) -> Accounts {
    app.accounts.in_lane(Lane { work, address: Some(app.proxies.client(request)) })
}
