//! Where session records are stored.
//!
//! Both stores are [`SessionStore`]s of tower-sessions, with guarantees that tower-sessions' own memory store does not
//! give:
//!
//! - **Saving never creates.** A request may read a session before it is ended and save it afterwards; that must not
//!   revive the session.
//! - **Creating never overwrites.** If an id is already taken, that session is left alone and a new id is generated.
//! - **Time is the clock that was passed in.** A session is over when this clock reaches the expiry in its record.
//! - **A session that was ended stays ended.** Creating a session compares the account's epoch. A login whose password
//!   was checked before all sessions were ended, and which reaches the store afterwards, is refused. A login with a
//!   newer epoch than the store knows ends all older sessions, because the store was never told that they were ended.

pub mod memory;
pub mod redis;

use kit::marker::Marked;
use kit::{Error, NotReady};
use tower_sessions::Expiry;
use tower_sessions::session::{self, Id};
use tower_sessions::session_store::{self, SessionStore};
use uuid::Uuid;

use crate::holder::{Holder, moment};

/// The operations that tower-sessions' trait does not have: those on all sessions of one user, and the one that each
/// request needs.
pub trait Store: SessionStore {
    /// The store's name: `memory` or `redis`.
    const NAME: &'static str;

    /// The holder of the session with this id; `None` if there is no such session or it is over.
    ///
    /// It finds what [`SessionStore::load`] finds. A store may override it to read the holder alone: `load` returns a map
    /// of JSON values, which takes several times as long to decode, on the path of every request.
    ///
    /// # Errors
    /// Fails if the store does not answer, or if the record cannot be read.
    fn holder(&self, id: &Id) -> impl Future<Output = session_store::Result<Option<Holder>>> + Send {
        async move { Ok(self.load(id).await?.and_then(|record| Holder::among(&record.data))) }
    }

    /// Ends all sessions of a user except the one whose public id is `keep`.
    ///
    /// # Errors
    /// Fails if the store does not answer.
    fn end_others(&self, user: Uuid, keep: Uuid) -> impl Future<Output = session_store::Result<()>> + Send;

    /// Ends all sessions of a user that were created under an epoch below `epoch`, and refuses to create any such
    /// session from then on.
    ///
    /// Safe to repeat, and to receive late: a session that was created under `epoch` or a later one stays alive.
    /// Returns the epoch that the store knows afterwards. If it is greater than `epoch`, the store already knew it and
    /// nothing was ended.
    ///
    /// # Errors
    /// Fails if the store does not answer.
    fn end_all(&self, user: Uuid, epoch: u64) -> impl Future<Output = session_store::Result<u64>> + Send;

    /// The location of the store's marker, which tells this store from one that was restored to an earlier state. A
    /// store that ends with this process has no marker.
    fn marked(&self) -> Option<Marked> {
        None
    }

    /// Whether the store answers.
    ///
    /// # Errors
    /// Fails with the reason why the store is not ready.
    fn ready(&self) -> impl Future<Output = Result<(), NotReady>> + Send;
}

/// The start of the error message with which [`SessionStore::create`] fails when the store knows a later epoch of the
/// account; the epoch follows it. tower-sessions' error can carry nothing but text.
const STORE_AHEAD: &str = "the store knows a later epoch of this account: ";

/// The error for a login whose epoch is lower than the one the store knows.
pub(crate) fn store_ahead(epoch: u64) -> session_store::Error {
    session_store::Error::Backend(format!("{STORE_AHEAD}{epoch}"))
}

/// The epoch in the text of a [`store_ahead`] error, or `None` if the text is of another error.
fn epoch_ahead(text: &str) -> Option<u64> {
    text.strip_prefix(STORE_AHEAD)?.parse().ok()
}

/// The error for a record without a holder. The store needs the holder to know which user's session it is.
pub(crate) fn no_holder() -> session_store::Error {
    session_store::Error::Encode("a session has a holder".into())
}

/// Converts a store's error into the kit's error. A store that does not answer is an outage (503) and never a refused
/// credential.
pub(crate) fn fault(error: session_store::Error) -> Error {
    match error {
        session_store::Error::Backend(text) => match epoch_ahead(&text) {
            Some(epoch) => Error::StoreAhead { epoch },
            None => Error::StoreUnavailable(session_store::Error::Backend(text).into()),
        },
        other => Error::Internal(other.into()),
    }
}

/// Converts an error of a [`tower_sessions::Session`] into the kit's error, as [`fault`] does.
pub(crate) fn session_fault(error: session::Error) -> Error {
    match error {
        session::Error::Store(error) => fault(error),
        other => Error::Internal(other.into()),
    }
}

/// An expiry in the form that tower-sessions takes; `ms` is in milliseconds since the Unix epoch.
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
