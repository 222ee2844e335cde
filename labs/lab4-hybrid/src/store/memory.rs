//! Session records in this process's memory: they are lost when it ends, and no other process sees them.
//!
//! Gives the same verdicts as the Redis scripts, under one lock per user, by the lab's clock. A sweep does what a TTL
//! does in Redis: each login cleans up a few users, so memory is limited by the number of active users and no call is
//! slow.

#[cfg(any(test, feature = "suite"))]
#[doc(hidden)]
pub mod bare;
mod user;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kit::{Client, Clock, NotReady};
use uuid::Uuid;

use self::user::Sessions;
use super::{Issue, NewSession, Policy, Refresh, Session, Store, StoreError};
use crate::idempotency::IdempotencyKey;
use crate::token::VerifiedToken;

/// The users that one login cleans up. More than one, so that the sweep keeps up with any number of logins.
const SWEPT_PER_ISSUE: usize = 2;

/// The session store in memory. Clones share its content.
#[derive(Clone)]
pub struct Memory {
    policy: Policy,
    clock: Clock,
    users: Arc<Mutex<Users>>,
}

#[derive(Default)]
struct Users {
    by_id: HashMap<Uuid, Arc<Mutex<Sessions>>>,
    /// Every user in `by_id` once, in the order in which the sweep visits them.
    round: VecDeque<Uuid>,
}

impl Memory {
    /// An empty store.
    pub fn new(policy: Policy, clock: Clock) -> Self {
        Self { policy, clock, users: Arc::default() }
    }

    /// The number of users that the store remembers anything about.
    pub fn users(&self) -> usize {
        held(&self.users).by_id.len()
    }

    /// A separate store with a copy of this store's current content. Memory has no failover; a test that goes back to
    /// the copy sees the state that a failover that lost the latest writes would leave.
    #[cfg(any(test, feature = "suite"))]
    #[doc(hidden)]
    pub fn copied(&self) -> Self {
        let users = held(&self.users);
        let by_id = users.by_id.iter();
        let by_id = by_id.map(|(id, sessions)| (*id, Arc::new(Mutex::new(held(sessions).clone())))).collect();
        let users = Users { by_id, round: users.round.clone() };
        Self { policy: self.policy, clock: self.clock.clone(), users: Arc::new(Mutex::new(users)) }
    }

    /// Forgets expired data of a few users.
    fn sweep(&self, users: &mut Users, now_ms: u64) {
        for _ in 0..SWEPT_PER_ISSUE.min(users.round.len()) {
            let Some(id) = users.round.pop_front() else { return };
            // Calls get a user's sessions under the outer lock, which is held here. So if no other call holds them now,
            // they cannot change, and may be removed.
            let idle = users.by_id.get_mut(&id).and_then(Arc::get_mut);
            let empty = idle.is_some_and(|sessions| {
                let sessions = sessions.get_mut().unwrap_or_else(PoisonError::into_inner);
                sessions.forget_what_is_over(&self.policy, now_ms)
            });
            if empty {
                users.by_id.remove(&id);
            } else {
                users.round.push_back(id);
            }
        }
    }

    fn known(&self, user_id: Uuid) -> Option<Arc<Mutex<Sessions>>> {
        held(&self.users).by_id.get(&user_id).cloned()
    }

    /// Returns a user's sessions, adding the user if necessary, and sweeps.
    fn entered(&self, user_id: Uuid, now_ms: u64) -> Arc<Mutex<Sessions>> {
        let mut users = held(&self.users);
        self.sweep(&mut users, now_ms);
        let Users { by_id, round } = &mut *users;
        let sessions = by_id.entry(user_id).or_insert_with(|| {
            round.push_back(user_id);
            Arc::default()
        });
        Arc::clone(sessions)
    }
}

impl Store for Memory {
    const NAME: &'static str = "memory";

    async fn issue(&self, session: &NewSession<'_>) -> Result<Issue, StoreError> {
        let now_ms = self.clock.now_ms();
        let sessions = self.entered(session.user_id, now_ms);
        Ok(held(&sessions).issue(&self.policy, now_ms, session))
    }

    async fn refresh(
        &self,
        token: &VerifiedToken,
        epoch: u64,
        attempt: Option<&IdempotencyKey>,
    ) -> Result<Refresh, StoreError> {
        let Some(sessions) = self.known(token.user_id()) else { return Ok(Refresh::Ended) };
        Ok(held(&sessions).refresh(&self.policy, self.clock.now_ms(), token, epoch, attempt))
    }

    async fn end(&self, user_id: Uuid, session_id: Uuid) -> Result<bool, StoreError> {
        let Some(sessions) = self.known(user_id) else { return Ok(false) };
        Ok(held(&sessions).end(&self.policy, self.clock.now_ms(), session_id))
    }

    async fn end_others(&self, user_id: Uuid, keep: Uuid) -> Result<usize, StoreError> {
        let Some(sessions) = self.known(user_id) else { return Ok(0) };
        Ok(held(&sessions).end_others(&self.policy, self.clock.now_ms(), keep))
    }

    async fn end_all(&self, user_id: Uuid, epoch: u64) -> Result<u64, StoreError> {
        let now_ms = self.clock.now_ms();
        let sessions = self.entered(user_id, now_ms);
        let mut sessions = held(&sessions);
        sessions.raise_epoch(&self.policy, now_ms, epoch);
        Ok(sessions.epoch)
    }

    async fn list(&self, user_id: Uuid, epoch: u64) -> Result<Vec<Session>, StoreError> {
        let Some(sessions) = self.known(user_id) else { return Ok(Vec::new()) };
        Ok(held(&sessions).list(self.clock.now_ms(), epoch))
    }

    async fn live(&self, user_id: Uuid, session_id: Uuid, epoch: u64) -> Result<Option<Client>, StoreError> {
        let Some(sessions) = self.known(user_id) else { return Ok(None) };
        Ok(held(&sessions).live(self.clock.now_ms(), session_id, epoch))
    }

    async fn ready(&self) -> Result<(), NotReady> {
        Ok(())
    }
}

/// Locks, even after a panic in another thread: every change below consists of assignments that cannot panic half way.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::store::suite::{Factory, Stage};

    struct Shared(Memory);

    impl Factory for Shared {
        type Store = Memory;

        async fn make(&self, _: Policy, _: Clock) -> Memory {
            self.0.clone()
        }
    }

    #[tokio::test]
    async fn users_who_are_gone_are_forgotten_a_few_at_each_log_in() {
        let clock = Clock::system();
        let day = Duration::from_secs(24 * 60 * 60);
        let policy = Policy::default();
        let shared = Shared(Memory::new(policy, clock.clone()));
        for _ in 0..100 {
            Stage::usual(&shared).await.log_in().await;
        }
        let ended = Stage::usual(&shared).await;
        ended.store.end_all(ended.user, 1).await.unwrap();
        // The account's row is ahead of the store, which learns the new epoch from a login.
        let told = Stage::usual(&shared).await;
        assert!(told.log_in_under(1).await.is_some());
        assert_eq!(shared.0.users(), 102);

        // A raised epoch is remembered for as long as a session opened under a lower one could live.
        clock.advance(policy.absolute);
        let active = Stage::usual(&shared).await;
        for _ in 0..100 {
            active.log_in().await;
        }
        assert_eq!(shared.0.users(), 3);
        assert!(ended.log_in_under(0).await.is_none() && told.log_in_under(0).await.is_none());

        clock.advance(day);
        for _ in 0..3 {
            active.log_in().await;
        }
        assert_eq!(shared.0.users(), 1);
    }
}
