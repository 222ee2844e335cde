//! This design's server for the playground: its store behind a gate, and a reader for its records.

use std::sync::Arc;

use async_trait::async_trait;
use kit::marker::Marked;
use kit::watch::{CUT, Entry, Gate, Gated, Reading, Records, Watched, Watching, Whose};
use kit::{NotReady, Redis, StartError};
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error as SessionError, Result as SessionResult};
use uuid::Uuid;

use crate::session::{Sessions, router_over};
use crate::store::Store;
use crate::store::memory::MemoryStore;
use crate::store::redis::{RedisStore, records_of};

/// Builds the server, and a reader for the records in its store.
///
/// # Errors
/// Fails if the store or the accounts cannot be opened.
pub(crate) async fn watched(watching: Watching) -> Result<Watched, StartError> {
    let Watching { config, clock, origins, gate, beside } = watching;
    let limits = (&config).into();
    match &config.store {
        kit::Store::Memory => {
            let store = Guarded(Gated::new(MemoryStore::new(limits, clock.clone()), gate));
            let scheme = Sessions::new(store.clone(), limits, clock, origins);
            Ok(Watched { router: router_over(scheme, &config).await?, records: Box::new(InMemory(store)) })
        }
        kit::Store::Redis(url) => {
            let store = RedisStore::connect(url, config.redis, limits, clock.clone()).await?;
            let scheme = Sessions::new(Guarded(Gated::new(store, gate)), limits, clock, origins);
            let router = router_over(scheme, &config).await?;
            Ok(Watched { router, records: Box::new(InRedis(beside)) })
        }
    }
}

fn call(gate: &Arc<Gate>) -> SessionResult<()> {
    if gate.passes() { Ok(()) } else { Err(SessionError::Backend(CUT.into())) }
}

/// A wrapper, because tower-sessions' trait can be implemented only for a type of this crate.
#[derive(Debug)]
struct Guarded<S>(Gated<S>);

impl<S> Clone for Guarded<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

struct InMemory(Guarded<MemoryStore>);

impl Records for InMemory {
    fn of<'a>(&'a self, whose: &'a Whose) -> Reading<'a> {
        Box::pin(async {
            let mut entries = Vec::new();
            for name in &whose.cookies {
                let Ok(id) = name.parse::<Id>() else { continue };
                if let Some(record) = self.0.0.store.load(&id).await.map_err(|error| error.to_string())? {
                    let value = serde_json::to_string(&record.data).unwrap_or_default();
                    let until = u64::try_from(record.expiry_date.unix_timestamp()).ok();
                    entries.push(Entry { key: format!("session {name}"), value, until, ttl: None });
                }
            }
            Ok(entries)
        })
    }
}

struct InRedis(Option<Redis>);

impl Records for InRedis {
    fn of<'a>(&'a self, whose: &'a Whose) -> Reading<'a> {
        Box::pin(async {
            match &self.0 {
                Some(redis) => records_of(redis, whose.user).await.map_err(|error| error.to_string()),
                None => Ok(Vec::new()),
            }
        })
    }
}

#[async_trait]
impl<S: SessionStore> SessionStore for Guarded<S> {
    async fn create(&self, record: &mut Record) -> SessionResult<()> {
        call(&self.0.gate)?;
        self.0.store.create(record).await
    }

    async fn save(&self, record: &Record) -> SessionResult<()> {
        call(&self.0.gate)?;
        self.0.store.save(record).await
    }

    async fn load(&self, id: &Id) -> SessionResult<Option<Record>> {
        call(&self.0.gate)?;
        self.0.store.load(id).await
    }

    async fn delete(&self, id: &Id) -> SessionResult<()> {
        call(&self.0.gate)?;
        self.0.store.delete(id).await
    }
}

impl<S: Store> Store for Guarded<S> {
    const NAME: &'static str = S::NAME;

    async fn end_others(&self, user: Uuid, keep: Uuid) -> SessionResult<()> {
        call(&self.0.gate)?;
        self.0.store.end_others(user, keep).await
    }

    async fn end_all(&self, user: Uuid, epoch: u64) -> SessionResult<u64> {
        call(&self.0.gate)?;
        self.0.store.end_all(user, epoch).await
    }

    fn marked(&self) -> Option<Marked> {
        self.0.store.marked()
    }

    async fn ready(&self) -> Result<(), NotReady> {
        self.0.gate.readiness()?;
        self.0.store.ready().await
    }
}
