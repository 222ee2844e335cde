//! This design's server for the playground: its store behind a gate, and a reader for its records.

use std::sync::Arc;

use kit::marker::Marked;
use kit::watch::{CUT, Entry, Gate, Gated, Reading, Records, Watched, Watching, Whose};
use kit::{Client, NotReady, Redis, StartError};
use uuid::Uuid;

use crate::hybrid::router_over;
use crate::idempotency::IdempotencyKey;
use crate::settings::Settings;
use crate::store::{self, Issue, Memory, NewSession, Refresh, Session, Store, StoreError};
use crate::token::VerifiedToken;

/// Builds the server, and a reader for the records in its store.
///
/// # Errors
/// Fails if the store or the accounts cannot be opened.
pub(crate) async fn watched(watching: Watching) -> Result<Watched, StartError> {
    let Watching { config, clock, origins, gate, beside } = watching;
    let settings = Settings::read(&config)?;
    let policy = settings.policy(&config);
    match &config.store {
        kit::Store::Memory => {
            let store = Gated::new(Memory::new(policy, clock.clone()), gate);
            let router = router_over(store.clone(), &config, &settings, clock, origins).await?;
            Ok(Watched { router, records: Box::new(InMemory(store)) })
        }
        kit::Store::Redis(url) => {
            let store = store::Redis::connect(url, config.redis, policy, clock.clone()).await?;
            let router = router_over(Gated::new(store, gate), &config, &settings, clock, origins).await?;
            Ok(Watched { router, records: Box::new(InRedis(beside)) })
        }
    }
}

fn call(gate: &Arc<Gate>) -> Result<(), StoreError> {
    if gate.passes() { Ok(()) } else { Err(redis::RedisError::from((redis::ErrorKind::Io, CUT)).into()) }
}

struct InMemory(Gated<Memory>);

impl Records for InMemory {
    fn of<'a>(&'a self, whose: &'a Whose) -> Reading<'a> {
        Box::pin(async {
            let sessions = self.0.store.list(whose.user, 0).await.map_err(|error| error.to_string())?;
            Ok(sessions.into_iter().map(entry).collect())
        })
    }
}

fn entry(session: Session) -> Entry {
    Entry {
        key: format!("session {}", session.id),
        value: serde_json::json!({
            "client": session.client.kind.as_str(),
            "created_at_ms": session.created_at_ms,
            "seen_at_ms": session.seen_at_ms,
            "expires_at_ms": session.expires_at_ms,
        })
        .to_string(),
        until: Some(session.expires_at_ms / 1000),
        ttl: None,
    }
}

struct InRedis(Option<Redis>);

impl Records for InRedis {
    fn of<'a>(&'a self, whose: &'a Whose) -> Reading<'a> {
        Box::pin(async {
            let Some(redis) = &self.0 else { return Ok(Vec::new()) };
            store::redis::records_of(redis, whose.user).await.map_err(|error| error.to_string())
        })
    }
}

impl<S: Store> Store for Gated<S> {
    const NAME: &'static str = S::NAME;

    async fn issue(&self, session: &NewSession<'_>) -> Result<Issue, StoreError> {
        call(&self.gate)?;
        self.store.issue(session).await
    }

    async fn refresh(
        &self,
        token: &VerifiedToken,
        epoch: u64,
        attempt: Option<&IdempotencyKey>,
    ) -> Result<Refresh, StoreError> {
        call(&self.gate)?;
        self.store.refresh(token, epoch, attempt).await
    }

    async fn end(&self, user_id: Uuid, session_id: Uuid) -> Result<bool, StoreError> {
        call(&self.gate)?;
        self.store.end(user_id, session_id).await
    }

    async fn end_replaced(&self, user_id: Uuid, session_id: Uuid) -> Result<(), StoreError> {
        call(&self.gate)?;
        self.store.end_replaced(user_id, session_id).await
    }

    async fn end_others(&self, user_id: Uuid, keep: Uuid) -> Result<usize, StoreError> {
        call(&self.gate)?;
        self.store.end_others(user_id, keep).await
    }

    async fn end_all(&self, user_id: Uuid, epoch: u64) -> Result<u64, StoreError> {
        call(&self.gate)?;
        self.store.end_all(user_id, epoch).await
    }

    async fn list(&self, user_id: Uuid, epoch: u64) -> Result<Vec<Session>, StoreError> {
        call(&self.gate)?;
        self.store.list(user_id, epoch).await
    }

    async fn live(&self, user_id: Uuid, session_id: Uuid, epoch: u64) -> Result<Option<Client>, StoreError> {
        call(&self.gate)?;
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
