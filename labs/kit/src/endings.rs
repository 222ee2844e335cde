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
use std::time::Duration;

use http::request::Parts;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use crate::accounts::Ending;
use crate::error::Error;
use crate::lifted::Lifted;
use crate::scheme::{Principal, Scheme};
use crate::state::App;

/// How often the server reads, from the accounts, the endings that the session store has not been told of.
const EVERY: Duration = Duration::from_secs(1);
/// How many endings one turn handles. An operator may have ended the sessions of all users with one statement.
const AT_ONCE: u32 = 100_000;

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

    fn note(&self, ending: Ending) {
        self.change(|by_user| {
            let first = by_user.entry(ending.user_id).or_default();
            *first = ending.epoch.max(*first);
        });
    }

    fn forget(&self, ending: Ending) {
        self.change(|by_user| {
            if by_user.get(&ending.user_id).is_some_and(|first| *first <= ending.epoch) {
                by_user.remove(&ending.user_id);
            }
        });
    }

    fn knows(&self, ending: &Ending) -> bool {
        let by_user = self.by_user.read().unwrap_or_else(PoisonError::into_inner);
        by_user.get(&ending.user_id).is_some_and(|first| *first >= ending.epoch)
    }

    /// Replaces the known endings by these, unless something has changed since `changes` was read.
    fn replace(&self, changes: u64, endings: &[Ending]) {
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

impl<S: Scheme> App<S> {
    /// Tells the session store of an ending that the account's row has decided. The ending is in force already, so this
    /// cannot fail: if the store cannot be told now, it is told later. Returns the ending that the store was told of, a
    /// later one if the row's epoch had to be raised, or `None` if the store could not be told.
    pub(crate) async fn end_all(&self, request: Option<&Parts>, ending: Ending) -> Option<Ending> {
        match self.carry_out(request, ending).await {
            Ok(heard) => {
                self.finished(heard).await;
                Some(heard)
            }
            Err(error) => {
                self.endings.note(ending);
                let Ending { user_id: user, epoch } = ending;
                tracing::warn!(target: "audit", event = "ending_unfinished", %user, epoch, %error);
                None
            }
        }
    }

    /// Tells the store of an ending. If the store knows a greater epoch than a row read just now, the accounts were
    /// restored from a backup: then this raises the row's epoch above the store's and tells the store of the new one.
    async fn carry_out(&self, request: Option<&Parts>, ending: Ending) -> Result<Ending, Error> {
        let epoch = match self.scheme.end_all(&ending).await {
            Err(Error::StoreAhead { epoch }) => epoch,
            done => return done.map(|()| ending),
        };
        let lifted = match self.lift(request, ending.user_id, epoch).await? {
            Some(Lifted { user, was_behind: true }) => user.ending(),
            // Row and store have both changed since: the store was told of a later ending, which includes this one.
            Some(Lifted { was_behind: false, .. }) => return Ok(ending),
            // A deleted account has no row to raise, and no session of it can be opened.
            None => Ending { epoch: epoch.saturating_add(1), ..ending },
        };
        self.scheme.end_all(&lifted).await.map(|()| lifted)
    }

    /// Deletes the note in the database. If that fails, the ending is carried out once more, which does no harm.
    async fn finished(&self, ending: Ending) {
        self.endings.forget(ending);
        if let Err(error) = self.accounts.ended(ending).await {
            tracing::warn!(%error, user = %ending.user_id, "a finished ending stays noted, and is carried out again");
        }
    }

    /// Reads the unfinished endings before the first request arrives, and then keeps finishing them in the background while
    /// this server runs.
    pub(crate) async fn keep_ending(&self) -> Result<(), Error> {
        self.endings.replace(0, &self.accounts.endings(AT_ONCE).await?);
        let weak = self.downgrade();
        tokio::spawn(async move {
            let mut turns = interval(EVERY);
            turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                turns.tick().await;
                let Some(app) = weak.upgrade().map(App::from_shared) else { return };
                app.finish_endings().await;
            }
        });
        Ok(())
    }

    /// One turn of finishing endings. Failures are logged and left to the next turn.
    pub(crate) async fn finish_endings(&self) {
        let changes = self.endings.changes.load(Ordering::Relaxed);
        let endings = match self.accounts.endings(AT_ONCE).await {
            Ok(endings) => endings,
            Err(error) => return tracing::warn!(%error, "the unfinished endings cannot be read"),
        };
        // An ending that is new here is probably being carried out by the server that decided it.
        let known: Vec<_> = endings.iter().copied().filter(|ending| self.endings.knows(ending)).collect();
        self.endings.replace(changes, &endings);
        for ending in known {
            // If the store does not answer this call, it will hardly answer the next: stop and spare it the load.
            let Ok(heard) = self.carry_out(None, ending).await else { break };
            self.finished(heard).await;
            let Ending { user_id: user, epoch } = ending;
            tracing::info!(target: "audit", event = "ending_finished", %user, epoch);
        }
        if let Err(error) = self.accounts.wipe_traces().await {
            tracing::debug!(%error, "deleted accounts stay in the database's log of writes until it is next emptied");
        }
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
