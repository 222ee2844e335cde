//! What surrounds every attempt that names an account: its place in the throttle, and its turn at the hasher.

use http::request::Parts;

use crate::accounts::{Accounts, Email};
use crate::audit::{Event, Whose};
use crate::error::Error;
use crate::password::{Lane, Work};
use crate::state::App;

/// The place that an attempt got; where it got none, the audit log is told.
pub(super) fn place<S, T>(
    app: &App<S>,
    request: &Parts,
    attempt: Result<T, Error>,
    throttled: (Event, Whose),
) -> Result<T, Error> {
    if let Err(Error::Throttled { .. }) = &attempt {
        app.audit(request, throttled.0, throttled.1);
    }
    attempt
}

/// Lets a sign-up go on, unless its address has sent too many or the e-mail address is taken. That is found before a
/// password is hashed: the client learns it in any case, and is not to keep the others waiting.
pub(super) async fn admit_sign_up<S>(app: &App<S>, request: &Parts, email: &Email) -> Result<Whose, Error> {
    let claimed = app.claimed(email);
    let counted = app.throttle.sign_up(app.proxies.client(request)).await;
    place(app, request, counted, (Event::SignUpThrottled, claimed))?;
    if app.accounts.known(email).await?.is_some() {
        app.audit(request, Event::SignUpRefused, claimed);
        return Err(Error::EmailTaken);
    }
    Ok(claimed)
}

/// The accounts, for a client whose passwords wait for their hashing behind its own and not behind everybody's.
pub(super) fn lane<S>(app: &App<S>, request: &Parts, work: Work) -> Accounts {
    app.accounts.in_lane(Lane { work, address: Some(app.proxies.client(request)) })
}
