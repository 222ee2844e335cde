//! Endings that an account's row has decided, and that the session store could not be told of.
//!
//! A new password, a logout everywhere and a deletion are complete when the row is written: the response is a success,
//! whatever the session store does afterwards. If the session store refuses to write or does not answer, three mechanisms
//! enforce the ending:
//!
//! - The **database remembers** the ending, in the transaction that decided it ([`crate::accounts`]). Every server that
//!   uses these accounts looks for such endings when it starts and once a second, and tells its session store until that
//!   succeeds. So a crash loses no ending.
//! - The **server knows** it meanwhile: this server at once, every other server within a second. A credential of a scheme
//!   that promises instant revocation contains the epoch that it was issued under, and is refused here whatever the store
//!   answers.
//! - Routes that **read the account's row** compare its epoch, so they need neither.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use uuid::Uuid;

use crate::accounts::Ending;
use crate::error::Error;
use crate::scheme::Principal;

/// The endings that this server knows of, whose credentials its store may still accept: the epoch by account id.
#[derive(Debug, Default)]
pub(crate) struct Endings {
    by_user: RwLock<HashMap<Uuid, u64>>,
    /// Whether `by_user` contains any. Usually a request reads only this value, which then is never written.
    any: AtomicBool,
    /// Counts the changes, so that a list read from the database before a change does not undo it.
    changes: AtomicU64,
}

impl Endings {
    /// Refuses a credential that was issued before an ending.
    pub(crate) fn refuse_ended(&self, principal: &Principal) -> Result<(), Error> {
        let Some(epoch) = principal.epoch else { return Ok(()) };
        if !self.any.load(Ordering::Acquire) {
            return Ok(());
        }
        let by_user = self.by_user.read().unwrap_or_else(PoisonError::into_inner);
        match by_user.get(&principal.user_id) {
            Some(first) if epoch < *first => Err(Error::InvalidToken("its session has ended")),
            _ => Ok(()),
        }
    }

    fn change(&self, with: impl FnOnce(&mut HashMap<Uuid, u64>)) {
        let mut by_user = self.by_user.write().unwrap_or_else(PoisonError::into_inner);
        with(&mut by_user);
        self.any.store(!by_user.is_empty(), Ordering::Release);
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// The number of changes so far, for [`Endings::replace`].
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// Adds an ending, unless a later one of the account is known.
    pub(crate) fn note(&self, ending: Ending) {
        self.change(|by_user| {
            let first = by_user.entry(ending.user_id).or_default();
            *first = ending.epoch.max(*first);
        });
    }

    /// Removes an ending that the session store was told of, unless a later one is known.
    pub(crate) fn forget(&self, ending: Ending) {
        self.change(|by_user| {
            if by_user.get(&ending.user_id).is_some_and(|first| *first <= ending.epoch) {
                by_user.remove(&ending.user_id);
            }
        });
    }

    /// Whether this ending, or a later one of the account, is known.
    pub(crate) fn knows(&self, ending: &Ending) -> bool {
        let by_user = self.by_user.read().unwrap_or_else(PoisonError::into_inner);
        by_user.get(&ending.user_id).is_some_and(|first| *first >= ending.epoch)
    }

    /// Replaces the known endings by these, unless something has changed since `changes` was read.
    pub(crate) fn replace(&self, changes: u64, endings: &[Ending]) {
        if self.changes.load(Ordering::Relaxed) != changes {
            return;
        }
        if endings.is_empty() && !self.any.load(Ordering::Acquire) {
            return;
        }
        self.change(|by_user| {
            *by_user = endings.iter().map(|ending| (ending.user_id, ending.epoch)).collect();
        });
    }
}

/// Runs a change to its end even if the client hangs up: half a change would be a session that outlives its account, or a
/// change without an audit line.
pub(crate) async fn to_its_end<T: Send + 'static>(
    change: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    use tracing::Instrument;
    let change = async {
        tracing::trace!("the change begins");
        change.await
    };
    match tokio::spawn(change.in_current_span()).await {
        Ok(done) => done,
        // A panic continues in the request that it belongs to, where the surrounding layers answer it.
        Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
        Err(ended) => Err(Error::Internal(ended.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_under(epoch: Option<u64>) -> Principal {
        Principal { user_id: Uuid::from_u128(1), email: "ann@example.test".into(), session_id: None, epoch }
    }

    fn ending(epoch: u64) -> Ending {
        Ending { user_id: Uuid::from_u128(1), epoch }
    }

    #[test]
    fn a_credential_from_before_an_ending_is_refused_and_one_from_after_it_is_not() {
        let endings = Endings::default();
        assert!(endings.refuse_ended(&made_under(Some(0))).is_ok());
        endings.note(ending(2));
        endings.note(ending(1));
        assert!(endings.refuse_ended(&made_under(Some(1))).is_err());
        assert!(endings.refuse_ended(&made_under(Some(2))).is_ok());
        assert!(endings.refuse_ended(&made_under(None)).is_ok(), "its scheme promises nothing of the kind");
        let other = Principal { user_id: Uuid::from_u128(2), ..made_under(Some(0)) };
        assert!(endings.refuse_ended(&other).is_ok());
        endings.forget(ending(1));
        assert!(endings.refuse_ended(&made_under(Some(1))).is_err(), "a later one is still unfinished");
        endings.forget(ending(2));
        assert!(endings.refuse_ended(&made_under(Some(1))).is_ok());
        assert!(!endings.any.load(Ordering::Relaxed));
    }

    /// The exercises' servers answer a `todo!()` with 501, and catch it around the request.
    #[tokio::test]
    #[should_panic(expected = "not written yet")]
    async fn a_change_that_panics_panics_in_its_request() {
        let _ = to_its_end::<()>(async { panic!("not written yet") }).await;
    }

    #[test]
    fn what_was_read_before_an_ending_does_not_undo_it() {
        let endings = Endings::default();
        let before = endings.changes.load(Ordering::Relaxed);
        endings.note(ending(1));
        endings.replace(before, &[]);
        assert!(endings.refuse_ended(&made_under(Some(0))).is_err());
        let after = endings.changes.load(Ordering::Relaxed);
        endings.replace(after, &[]);
        assert!(endings.refuse_ended(&made_under(Some(0))).is_ok());
    }
}
