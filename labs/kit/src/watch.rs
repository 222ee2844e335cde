//! A design's server for the playground, which counts every call to its store, can make the calls fail, and can read what
//! the store contains of a user.
//!
//! A lab whose design has a store puts its own store behind a [`Gate`] and implements how its records are read. No tool
//! knows a lab's keys.

pub mod records;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use axum::Router;
use serde::Serialize;
use uuid::Uuid;

use crate::boxed::Boxed;
use crate::clock::Clock;
use crate::config::Config;
use crate::csrf::Origins;
use crate::not_ready::NotReady;
use crate::redis::Redis;
use crate::start_error::StartError;

/// The message of a simulated outage in the log.
pub const CUT: &str = "the playground has cut the connection to the store";

/// A switch and a counter in front of a store. In Redis each call is one round trip.
#[derive(Debug, Default)]
pub struct Gate {
    cut: AtomicBool,
    calls: AtomicU64,
}

impl Gate {
    /// Cuts the connection to the store, or restores it.
    pub fn set_cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::SeqCst);
    }

    /// The number of calls so far, including those that failed because the connection was cut.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// Counts a call. Returns `false` if the connection is cut.
    pub fn passes(&self) -> bool {
        self.calls.fetch_add(1, Ordering::SeqCst);
        !self.is_cut()
    }

    /// The readiness of the store as the gate simulates it.
    ///
    /// # Errors
    /// The connection is cut.
    pub fn readiness(&self) -> Result<(), NotReady> {
        if self.is_cut() { Err(NotReady { part: "store", problem: CUT.into() }) } else { Ok(()) }
    }

    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }
}

/// A store and its gate. Clones share both.
#[derive(Debug)]
pub struct Gated<S> {
    /// The store itself, for reading past the gate.
    pub store: Arc<S>,
    /// The gate.
    pub gate: Arc<Gate>,
}

impl<S> Gated<S> {
    /// Puts this store behind this gate.
    pub fn new(store: S, gate: Arc<Gate>) -> Self {
        Self { store: Arc::new(store), gate }
    }
}

impl<S> Clone for Gated<S> {
    fn clone(&self) -> Self {
        Self { store: Arc::clone(&self.store), gate: Arc::clone(&self.gate) }
    }
}

/// The parts from which a watched server is built.
pub struct Watching {
    /// The server's settings. Their store is the one behind the connection that can be cut.
    pub config: Config,
    /// The server's clock.
    pub clock: Clock,
    /// The server's own origins.
    pub origins: Origins,
    /// The gate in front of the server's store.
    pub gate: Arc<Gate>,
    /// A second connection to the same Redis, if the store is one: it can be read while the first is cut.
    pub beside: Option<Redis>,
}

/// A watched server.
pub struct Watched {
    /// The server's routes.
    pub router: Router,
    /// Reads the records in the server's store.
    pub records: Box<dyn Records>,
}

/// The future of a watched server that is being built.
pub type Making = Boxed<'static, Result<Watched, StartError>>;

/// The future of entries that are being read, or of a sentence that says why they cannot be read.
pub type Reading<'a> = Boxed<'a, Result<Vec<Entry>, String>>;

/// Reads the records in a design's store.
pub trait Records: Send + Sync {
    /// Everything that the store contains of a user, in any order.
    ///
    /// # Errors
    /// The store does not answer; the text is for people.
    fn of<'a>(&'a self, whose: &'a Whose) -> Reading<'a>;
}

/// The records of a store that contains nothing.
#[derive(Clone, Copy, Debug)]
pub struct NoRecords;

impl Records for NoRecords {
    fn of<'a>(&'a self, _whose: &'a Whose) -> Reading<'a> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// One record in a store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The record's key.
    pub key: String,
    /// The record's value, as text.
    pub value: String,
    /// When the record expires by its own content, in seconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// Seconds until Redis deletes the record, by Redis' own clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u64>,
}

/// The user whose records are read.
#[derive(Clone, Debug, Default)]
pub struct Whose {
    /// The account's id.
    pub user: Uuid,
    /// The values of the user's cookies, for a store in memory that has no index of its users.
    pub cookies: Vec<String>,
}
