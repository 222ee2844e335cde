//! Carrying out endings: telling the session store what an account's row has decided.

use std::time::Duration;

use http::request::Parts;
use tokio::time::{MissedTickBehavior, interval};

use super::App;
use super::lift::Lifted;
use crate::accounts::Ending;
use crate::error::Error;

/// How often the server reads, from the accounts, the endings that the session store has not been told of.
const EVERY: Duration = Duration::from_secs(1);
/// How many endings one turn handles. An operator may have ended the sessions of all users with one statement.
const AT_ONCE: u32 = 100_000;

impl App {
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
            tracing::warn!(%error, user = %ending.user_id, "the note of a finished ending could not be deleted, so the ending is carried out again");
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
        let changes = self.endings.changes();
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
            tracing::debug!(%error, "deleted accounts stay in the database's write-ahead log until its next checkpoint");
        }
    }
}
