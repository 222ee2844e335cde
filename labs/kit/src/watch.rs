//! A design's server as the playground shows it: every call to its store is counted and can be made to fail, and what the
//! store holds of a person can be looked at.
//!
//! A lab whose design has a store puts its own store behind a [`Gate`] and says how its records are read. No tool knows a
//! lab's keys.

pub mod records;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use axum::Router;
use serde::Serialize;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::Config;
use crate::csrf::Origins;
use crate::redis::Redis;
use crate::scheme::NotReady;
use crate::state::StartError;

/// What an outage reads like in the log.
pub const CUT: &str = "the playground has cut the line to the store";

/// The switch and the counter before a store. In Redis each call is one round trip.
#[derive(Debug, Default)]
pub struct Gate {
    cut: AtomicBool,
    calls: AtomicU64,
}

impl Gate {
    /// Cuts the line to the store, or mends it.
    pub fn set_cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::SeqCst);
    }

    /// How many calls there have been, those that met an outage among them.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    /// Counts a call. `false`: the line is cut.
    pub fn passes(&self) -> bool {
        self.calls.fetch_add(1, Ordering::SeqCst);
        !self.is_cut()
    }

    /// What a server says of its readiness while the line is cut.
    ///
    /// # Errors
    /// While the line is cut.
    pub fn readiness(&self) -> Result<(), NotReady> {
        if self.is_cut() { Err(NotReady { part: "store", problem: CUT.into() }) } else { Ok(()) }
    }

    fn is_cut(&self) -> bool {
        self.cut.load(Ordering::SeqCst)
    }
}

/// A store behind its gate. Clones share both.
#[derive(Debug)]
pub struct Gated<S> {
    /// The store itself, to be read past the gate.
    pub store: Arc<S>,
    /// The gate.
    pub gate: Arc<Gate>,
}

impl<S> Gated<S> {
    /// This store behind this gate.
    pub fn new(store: S, gate: Arc<Gate>) -> Self {
        Self { store: Arc::new(store), gate }
    }
}

impl<S> Clone for Gated<S> {
    fn clone(&self) -> Self {
        Self { store: Arc::clone(&self.store), gate: Arc::clone(&self.gate) }
    }
}

/// What a watched server is put together from.
pub struct Watching {
    /// Its settings. The store in them is the one that its line leads to.
    pub config: Config,
    /// Its clock.
    pub clock: Clock,
    /// Its own origins.
    pub origins: Origins,
    /// The gate before its store.
    pub gate: Arc<Gate>,
    /// A connection to the same Redis past the line, where the store is one: it is read also while the line is cut.
    pub beside: Option<Redis>,
}

/// A watched server.
pub struct Watched {
    /// Its routes.
    pub router: Router,
    /// How its store is looked into.
    pub records: Box<dyn Records>,
}

/// A watched server that is being made.
pub type Making = Pin<Box<dyn Future<Output = Result<Watched, StartError>> + Send>>;

/// Entries that are being read.
pub type Reading<'a> = Pin<Box<dyn Future<Output = Result<Vec<Entry>, String>> + Send + 'a>>;

/// How a design's store is looked into.
pub trait Records: Send + Sync {
    /// Everything that the store holds of a person, in any order.
    ///
    /// # Errors
    /// Where the store does not answer; the text is for people.
    fn of<'a>(&'a self, whose: &'a Whose) -> Reading<'a>;
}

/// A store that holds nothing.
#[derive(Clone, Copy, Debug)]
pub struct NoRecords;

impl Records for NoRecords {
    fn of<'a>(&'a self, _whose: &'a Whose) -> Reading<'a> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

/// One thing that a store holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its key.
    pub key: String,
    /// Its value, as text.
    pub value: String,
    /// When it expires by what it says itself, in seconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<u64>,
    /// In how many seconds Redis deletes it, by Redis' own clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u64>,
}

/// Whose records are looked for.
#[derive(Clone, Debug, Default)]
pub struct Whose {
    /// The account.
    pub user: Uuid,
    /// The values of the cookies that the person was given, for a store in memory that has no index of its users.
    pub cookies: Vec<String>,
}
