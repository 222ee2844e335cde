//! A store with a switch and a counter before it: every call of a server to its store comes by here.
//!
//! The stores are the labs' own, in memory or in Redis. What the counter counts is what a design asks of its store, which
//! in Redis is one round trip each; and an outage is the same outage whichever store is behind the switch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use kit::marker::Marked;
use kit::{Client, NotReady};
use lab2_session::store::Store as SessionsOfUsers;
use lab4_hybrid::idempotency::IdempotencyKey;
use lab4_hybrid::store::{Issue, NewSession, Refresh, Session, Store as HybridStore, StoreError};
use lab4_hybrid::token::VerifiedToken;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error as SessionError, Result as SessionResult};
use uuid::Uuid;

/// What an outage reads like in the log.
const CUT: &str = "the playground has cut the line to the store";

/// The switch and the counter.
#[derive(Debug, Default)]
pub(super) struct Gate {
    cut: AtomicBool,
    calls: AtomicU64,
}

impl Gate {
    pub(super) fn set_cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::SeqCst);
    }

    /// How many calls there have been, those that met an outage among them.
    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// Counts a call; `false`: the line is cut.
    fn passes(&self) -> bool {
        self.calls.fetch_add(1, Ordering::SeqCst);
        !self.is_cut()
    }

    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }

    fn session_call(&self) -> SessionResult<()> {
        if self.passes() { Ok(()) } else { Err(SessionError::Backend(CUT.into())) }
    }

    fn hybrid_call(&self) -> Result<(), StoreError> {
        if self.passes() { Ok(()) } else { Err(redis::RedisError::from((redis::ErrorKind::Io, CUT)).into()) }
    }

    fn readiness(&self) -> Result<(), NotReady> {
        if self.is_cut() { Err(NotReady { part: "store", problem: CUT.into() }) } else { Ok(()) }
    }
}

/// A store behind its gate. Clones share both.
#[derive(Debug)]
pub(super) struct Watched<S> {
    pub(super) store: Arc<S>,
    gate: Arc<Gate>,
}

impl<S> Watched<S> {
    pub(super) fn new(store: Arc<S>, gate: Arc<Gate>) -> Self {
        Self { store, gate }
    }
}

impl<S> Clone for Watched<S> {
    fn clone(&self) -> Self {
        Self { store: Arc::clone(&self.store), gate: Arc::clone(&self.gate) }
    }
}

#[async_trait]
impl<S: SessionStore> SessionStore for Watched<S> {
    async fn create(&self, record: &mut Record) -> SessionResult<()> {
        self.gate.session_call()?;
        self.store.create(record).await
    }

    async fn save(&self, record: &Record) -> SessionResult<()> {
        self.gate.session_call()?;
        self.store.save(record).await
    }

    async fn load(&self, id: &Id) -> SessionResult<Option<Record>> {
        self.gate.session_call()?;
        self.store.load(id).await
    }

    async fn delete(&self, id: &Id) -> SessionResult<()> {
        self.gate.session_call()?;
        self.store.delete(id).await
    }
}

impl<S: SessionsOfUsers> SessionsOfUsers for Watched<S> {
    const NAME: &'static str = S::NAME;

    async fn end_others(&self, user: Uuid, keep: Uuid) -> SessionResult<()> {
        self.gate.session_call()?;
        self.store.end_others(user, keep).await
    }

    async fn end_all(&self, user: Uuid, epoch: u64) -> SessionResult<u64> {
        self.gate.session_call()?;
        self.store.end_all(user, epoch).await
    }

    fn marked(&self) -> Option<Marked> {
        self.store.marked()
    }

    async fn ready(&self) -> Result<(), NotReady> {
        self.gate.readiness()?;
        self.store.ready().await
    }
}

impl<S: HybridStore> HybridStore for Watched<S> {
    const NAME: &'static str = S::NAME;

    async fn issue(&self, session: &NewSession<'_>) -> Result<Issue, StoreError> {
        self.gate.hybrid_call()?;
        self.store.issue(session).await
    }

    async fn refresh(
        &self,
        token: &VerifiedToken,
        epoch: u64,
        attempt: Option<&IdempotencyKey>,
    ) -> Result<Refresh, StoreError> {
        self.gate.hybrid_call()?;
        self.store.refresh(token, epoch, attempt).await
    }

    async fn end(&self, user_id: Uuid, session_id: Uuid) -> Result<bool, StoreError> {
        self.gate.hybrid_call()?;
        self.store.end(user_id, session_id).await
    }

    async fn end_replaced(&self, user_id: Uuid, session_id: Uuid) -> Result<(), StoreError> {
        self.gate.hybrid_call()?;
        self.store.end_replaced(user_id, session_id).await
    }

    async fn end_others(&self, user_id: Uuid, keep: Uuid) -> Result<usize, StoreError> {
        self.gate.hybrid_call()?;
        self.store.end_others(user_id, keep).await
    }

    async fn end_all(&self, user_id: Uuid, epoch: u64) -> Result<u64, StoreError> {
        self.gate.hybrid_call()?;
        self.store.end_all(user_id, epoch).await
    }

    async fn list(&self, user_id: Uuid, epoch: u64) -> Result<Vec<Session>, StoreError> {
        self.gate.hybrid_call()?;
        self.store.list(user_id, epoch).await
    }

    async fn live(&self, user_id: Uuid, session_id: Uuid, epoch: u64) -> Result<Option<Client>, StoreError> {
        self.gate.hybrid_call()?;
        self.store.live(user_id, session_id, epoch).await
    }

    fn marked(&self) -> Option<Marked> {
        self.store.marked()
    }

    async fn ready(&self) -> Result<(), NotReady> {
        self.gate.readiness()?;
        self.store.ready().await
    }
}
