//! Where sessions are remembered.
//!
//! Both stores are [`SessionStore`]s of tower-sessions, with the promises that its own memory store does not give:
//!
//! - **Saving never creates.** A request that read a session before it was ended, and saves it after, must not bring it
//!   back to life.
//! - **Creating never overwrites.** An id that is taken is left alone and another one drawn.
//! - **Time is the clock that was passed in.** A session is over at its expiry, by value.
//! - **An ending is an ending.** Creating takes part in the account's epoch: a log-in whose password was checked before
//!   everything was ended, and which arrives after, is refused; and one that arrives with a newer epoch than the store has
//!   seen ends what is older, since an ending then never reached this store.

pub mod memory;
pub mod redis;

use kit::marker::Marked;
use kit::{Error, NotReady};
use tower_sessions::session_store::{self, SessionStore};
use tower_sessions::{Expiry, session};
use uuid::Uuid;

use crate::holder::moment;

/// What a store can do beyond tower-sessions' trait: the sessions of one user together.
pub trait Store: SessionStore {
    /// `memory` or `redis`.
    const NAME: &'static str;

    /// Ends all sessions of a user but the one with this public name.
    fn end_others(&self, user: Uuid, keep: Uuid) -> impl Future<Output = session_store::Result<()>> + Send;

    /// Ends all sessions of a user that were made before `epoch`, and sees to it that none of before can still be made.
    /// May be repeated, and may arrive late: a session that was made under `epoch` or a later one lives on. Answers the
    /// epoch that the store knows then; one above `epoch` was there before, and nothing was ended.
    fn end_all(&self, user: Uuid, epoch: u64) -> impl Future<Output = session_store::Result<u64>> + Send;

    /// Where the store's marker is, which tells it from one that went back in time. A store that ends with this process
    /// has none.
    fn marked(&self) -> Option<Marked> {
        None
    }

    /// Whether the store answers.
    fn ready(&self) -> impl Future<Output = Result<(), NotReady>> + Send;
}

/// What [`SessionStore::create`] fails with when the store knows a later epoch of the account, followed by that epoch.
/// tower-sessions' error has only text to say it in.
const STORE_AHEAD: &str = "the store knows a later epoch of this account: ";

/// The refusal above.
pub(crate) fn store_ahead(epoch: u64) -> session_store::Error {
    session_store::Error::Backend(format!("{STORE_AHEAD}{epoch}"))
}

/// The epoch in the refusal above; none, if it is another failure.
fn epoch_ahead(text: &str) -> Option<u64> {
    text.strip_prefix(STORE_AHEAD)?.parse().ok()
}

/// A record that is no session of ours: a store needs to know whose it is.
pub(crate) fn no_holder() -> session_store::Error {
    session_store::Error::Encode("a session has a holder".into())
}

/// A store's failure as the kit tells it. That a store does not answer is never the credential's fault.
pub(crate) fn fault(error: session_store::Error) -> Error {
    match error {
        session_store::Error::Backend(text) => match epoch_ahead(&text) {
            Some(epoch) => Error::StoreAhead { epoch },
            None => Error::StoreUnavailable(session_store::Error::Backend(text).into()),
        },
        other => Error::Internal(other.into()),
    }
}

/// As [`fault`], for what comes through a [`tower_sessions::Session`].
pub(crate) fn session_fault(error: session::Error) -> Error {
    match error {
        session::Error::Store(error) => fault(error),
        other => Error::Internal(other.into()),
    }
}

/// An expiry as tower-sessions takes it.
pub(crate) fn until(ms: u64) -> Option<Expiry> {
    Some(Expiry::AtDateTime(moment(ms)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_refusal_of_a_late_log_in_is_told_as_one_and_names_the_epoch() {
        assert!(matches!(fault(store_ahead(7)), Error::StoreAhead { epoch: 7 }));
        let outage = session_store::Error::Backend("connection reset".into());
        assert!(matches!(fault(outage), Error::StoreUnavailable(_)));
        let unreadable = session_store::Error::Decode("expected value".into());
        assert!(matches!(session_fault(session::Error::Store(unreadable)), Error::Internal(_)));
    }
}
