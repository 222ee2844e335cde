//! Session records in this process's memory: they are lost when it ends, and no other process sees them.
//!
//! tower-sessions has a memory store of its own. It uses the system's clock, and it saves sessions that no longer
//! exist, which revives ended ones. This store does neither, and does everything that [`super::redis`] does, under one
//! lock.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use kit::audit::session_evicted;
use kit::{Clock, NotReady};
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result, SessionStore};
use uuid::Uuid;

use super::{Store, no_holder, store_ahead};
use crate::holder::{Holder, Limits, millis, moment_ms};

/// The most sessions that the store keeps. Once it is full, new logins are refused: if the store deleted sessions of
/// others to make room, an attacker could log every user out.
pub const MAX_SESSIONS: usize = 200_000;

/// The number of sessions from which the store looks for expired ones.
const FIRST_SWEEP: usize = 1024;

/// The session store in this process's memory.
pub struct MemoryStore {
    limits: Limits,
    clock: Clock,
    state: Mutex<State>,
}

struct State {
    sessions: HashMap<Id, Record>,
    users: HashMap<Uuid, UserSessions>,
    next_sweep: usize,
}

/// The ids of one user's sessions, and the epoch under which all of them were created.
#[derive(Default)]
struct UserSessions {
    epoch: u64,
    /// How long `epoch` is remembered when no session is left; milliseconds since the Unix epoch.
    epoch_until_ms: u64,
    ids: Vec<Id>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new(limits: Limits, clock: Clock) -> Self {
        let state = State { sessions: HashMap::new(), users: HashMap::new(), next_sweep: FIRST_SWEEP };
        Self { limits, clock, state: Mutex::new(state) }
    }

    /// Locks the state. No code under this lock panics half way through a change, so the state behind a poisoned lock
    /// is consistent.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SessionStore for MemoryStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let holder = Holder::among(&record.data).ok_or_else(no_holder)?;
        let now_ms = self.clock.now_ms();
        let epoch_until_ms = now_ms.saturating_add(millis(self.limits.absolute));
        let mut state = self.lock();
        state.make_room(now_ms)?;
        while state.sessions.contains_key(&record.id) {
            record.id = Id::default();
        }
        state.raise_epoch(holder.user_id, holder.epoch, epoch_until_ms)?;
        state.end_all_but_most_recent(holder.user_id, now_ms, self.limits.per_user.saturating_sub(1));
        state.sessions.insert(record.id, record.clone());
        state.users.entry(holder.user_id).or_default().ids.push(record.id);
        Ok(())
    }

    async fn save(&self, record: &Record) -> Result<()> {
        if let Some(kept) = self.lock().sessions.get_mut(&record.id) {
            kept.clone_from(record);
        }
        Ok(())
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let now_ms = self.clock.now_ms();
        let mut state = self.lock();
        match state.sessions.get(id) {
            Some(record) if is_over(record, now_ms) => {
                state.end(id);
                Ok(None)
            }
            record => Ok(record.cloned()),
        }
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.lock().end(id);
        Ok(())
    }
}

impl Store for MemoryStore {
    const NAME: &'static str = "memory";

    async fn end_others(&self, user: Uuid, keep: Uuid) -> Result<()> {
        let mut state = self.lock();
        let is_kept = |record: &Record| Holder::among(&record.data).is_some_and(|it| it.session_id == keep);
        for id in state.ids_of(user) {
            if !state.sessions.get(&id).is_some_and(is_kept) {
                state.end(&id);
            }
        }
        Ok(())
    }

    async fn end_all(&self, user: Uuid, epoch: u64) -> Result<u64> {
        let until_ms = self.clock.now_ms().saturating_add(millis(self.limits.absolute));
        let mut state = self.lock();
        // An error means that the store knows a later epoch, and that epoch is returned below.
        let _refused = state.raise_epoch(user, epoch, until_ms);
        Ok(state.users.get(&user).map_or(epoch, |user| user.epoch))
    }

    async fn ready(&self) -> std::result::Result<(), NotReady> {
        Ok(())
    }
}

impl State {
    fn ids_of(&self, user: Uuid) -> Vec<Id> {
        self.users.get(&user).map(|user| user.ids.clone()).unwrap_or_default()
    }

    fn end(&mut self, id: &Id) {
        let Some(record) = self.sessions.remove(id) else { return };
        let Some(holder) = Holder::among(&record.data) else { return };
        if let Some(user) = self.users.get_mut(&holder.user_id) {
            user.ids.retain(|other| other != id);
            if user.ids.is_empty() && user.epoch == 0 {
                self.users.remove(&holder.user_id);
            }
        }
    }

    /// Refuses an epoch that is lower than the known one; if the epoch is higher, stores it and ends the user's older
    /// sessions.
    fn raise_epoch(&mut self, user: Uuid, epoch: u64, until_ms: u64) -> Result<()> {
        let known = self.users.entry(user).or_default();
        if epoch < known.epoch {
            return Err(store_ahead(known.epoch));
        }
        known.epoch_until_ms = until_ms;
        if epoch > known.epoch {
            known.epoch = epoch;
            for id in std::mem::take(&mut known.ids) {
                self.sessions.remove(&id);
            }
        }
        Ok(())
    }

    /// Ends a user's expired sessions, and of the others those that expire first, until at most `keep` are left.
    fn end_all_but_most_recent(&mut self, user: Uuid, now_ms: u64, keep: usize) {
        let over_at = |id: &Id| self.sessions.get(id).map_or(0, |record| moment_ms(record.expiry_date));
        // Reversed, so that the later login is kept if two sessions have the same expiry.
        let mut ids: Vec<(u64, Id)> = self.ids_of(user).iter().rev().map(|id| (over_at(id), *id)).collect();
        ids.sort_by_key(|(over_at_ms, _)| std::cmp::Reverse(*over_at_ms));
        for (at, (over_at_ms, id)) in ids.iter().enumerate() {
            if at >= keep && *over_at_ms > now_ms {
                let holder = self.sessions.get(id).and_then(|record| Holder::among(&record.data));
                session_evicted(user, holder.map(|holder| holder.session_id));
            }
            if at >= keep || *over_at_ms <= now_ms {
                self.end(id);
            }
        }
    }

    /// Removes expired sessions whenever there are twice as many sessions as the last sweep left, so that the average
    /// cost of a sweep per login is constant. Fails if the store is still full.
    fn make_room(&mut self, now_ms: u64) -> Result<()> {
        if self.sessions.len() < self.next_sweep.min(MAX_SESSIONS) && self.users.len() < self.next_sweep {
            return Ok(());
        }
        self.sessions.retain(|_, record| !is_over(record, now_ms));
        let sessions = &self.sessions;
        self.users.retain(|_, user| {
            user.ids.retain(|id| sessions.contains_key(id));
            !user.ids.is_empty() || (user.epoch > 0 && user.epoch_until_ms > now_ms)
        });
        self.next_sweep = (2 * self.sessions.len().max(self.users.len())).max(FIRST_SWEEP);
        if self.sessions.len() < MAX_SESSIONS {
            return Ok(());
        }
        Err(Error::Backend(format!("the store is full: it keeps at most {MAX_SESSIONS} sessions")))
    }
}

/// Whether a session is over at `now_ms`. It is over *at* its expiry already, as a token is at its `exp`.
fn is_over(record: &Record, now_ms: u64) -> bool {
    moment_ms(record.expiry_date) <= now_ms
}

/// Session data must not appear in a log.
impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::{Bench, LIMITS, somebody};

    fn counts(bench: &Bench<MemoryStore>) -> (usize, usize) {
        let state = bench.store.lock();
        (state.sessions.len(), state.users.len())
    }

    #[tokio::test]
    async fn nothing_is_left_when_the_last_session_was_ended() {
        let (bench, user) = (Bench::memory(), somebody(0));
        let (first, second) = (bench.log_in(&user).await, bench.log_in(&user).await);
        assert_eq!(counts(&bench), (2, 1));
        bench.store.delete(&first.id).await.unwrap();
        bench.store.delete(&second.id).await.unwrap();
        assert_eq!(counts(&bench), (0, 0));
    }

    #[tokio::test]
    async fn expired_sessions_of_people_who_never_come_back_are_swept_out() {
        let bench = Bench::memory();
        bench.store.end_all(somebody(0).id, 1).await.unwrap();
        for _ in 1..FIRST_SWEEP {
            bench.log_in(&somebody(0)).await;
        }
        assert_eq!(counts(&bench), (FIRST_SWEEP - 1, FIRST_SWEEP));
        bench.clock.advance(LIMITS.absolute);
        bench.log_in(&somebody(0)).await;
        assert_eq!(counts(&bench), (1, 1));
    }

    #[tokio::test]
    async fn a_full_store_refuses_log_ins_and_ends_nobody_s_session() {
        let bench = Bench::memory();
        let first = bench.log_in(&somebody(0)).await;
        let record = bench.record(&somebody(0));
        for _ in 1..MAX_SESSIONS {
            let id = Id::default();
            bench.store.lock().sessions.insert(id, Record { id, ..record.clone() });
        }
        assert!(matches!(bench.store.create(&mut bench.record(&somebody(0))).await, Err(Error::Backend(_))));
        assert!(bench.is_alive(&first).await);
        bench.store.delete(&first.id).await.unwrap();
        assert!(bench.store.create(&mut bench.record(&somebody(0))).await.is_ok());
    }
}
