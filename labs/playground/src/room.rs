//! One visitor's room: a server for each design, one clock for all of them, and all steps taken so far.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, try_join_all};
use harness::Failure;
use harness::design::Design;
use kit::design::Text;
use kit::{Clock, Store};
use serde::Serialize;

use super::action::Action;
use super::column::Column;
use super::line::{Line, LineKind};
use super::seen::Seen;

/// The most steps in one room. Each step is stored with every byte that was sent.
pub(super) const MOST_STEPS: usize = 200;

/// A room.
pub(super) struct Room {
    clock: Clock,
    columns: Vec<Column>,
    line: Line,
    cut: bool,
    steps: Vec<Arc<Step>>,
}

/// One step: the action, and the state of every column after it. The first step has no action: it shows the new room.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    number: usize,
    action: Option<Action>,
    /// The room's time, in seconds since the Unix epoch, and by how many seconds it has been moved.
    now: u64,
    moved: u64,
    /// Whether the connection to the store is cut.
    cut: bool,
    /// The state of each design, by the design's name.
    columns: BTreeMap<&'static str, Seen>,
}

/// The data with which the page draws a design's column.
#[derive(Debug, Serialize)]
pub(super) struct Heading<'a> {
    name: &'static str,
    title: Text,
    about: Text,
    /// Whether the design's server has a store whose contents can be shown.
    stores: bool,
    /// The meaning of an action's outcome in this design, by `action outcome`.
    outcomes: BTreeMap<&'static str, Text>,
    /// The URL of the page for the visitor's own tabs, on this design's server.
    tabs: Option<&'a str>,
}

impl<'a> Heading<'a> {
    fn of(column: &'a Column) -> Self {
        let design = column.design();
        Self {
            name: design.name,
            title: design.words.title,
            about: design.words.about,
            stores: design.has_sessions(),
            outcomes: design.words.outcomes.iter().copied().collect(),
            tabs: column.tabs(),
        }
    }
}

/// Why an action was not performed.
pub(super) enum NotDone {
    /// The room has reached the most steps.
    Full,
    /// An internal error.
    Broken(Failure),
}

impl From<Failure> for NotDone {
    fn from(fault: Failure) -> Self {
        Self::Broken(fault)
    }
}

impl Room {
    /// Starts the servers and takes the first step, without an action.
    pub(super) async fn open(store: &Store) -> Result<Self, Failure> {
        let clock = Clock::system();
        let (line, over) = Line::to(store).await?;
        let column = |design| Column::open(design, &over, store, clock.clone());
        let columns = try_join_all(Design::compared().map(column)).await?;
        let mut room = Self { clock, columns, line, cut: false, steps: Vec::new() };
        room.look(None).await?;
        Ok(room)
    }

    /// The headings of the designs, in the order of their columns.
    pub(super) fn headings(&self) -> Vec<Heading<'_>> {
        self.columns.iter().map(Heading::of).collect()
    }

    /// How the connection to the store is cut.
    pub(super) fn line(&self) -> LineKind {
        self.line.kind()
    }

    /// All steps so far.
    pub(super) fn steps(&self) -> &[Arc<Step>] {
        &self.steps
    }

    /// Performs one action in every column at once.
    pub(super) async fn act(&mut self, action: Action) -> Result<Arc<Step>, NotDone> {
        if self.steps.len() > MOST_STEPS {
            return Err(NotDone::Full);
        }
        if let Some(wait) = action.wait() {
            self.clock.advance(wait);
        }
        match action {
            Action::CutStore => self.cut(true).await,
            Action::MendStore => self.cut(false).await,
            _ => {}
        }
        Ok(self.look(Some(action)).await?)
    }

    /// Cuts or mends the connection. A Redis client needs a moment to reconnect; this function waits for it, so that
    /// the next step shows the restored store and not that moment.
    async fn cut(&mut self, cut: bool) {
        self.cut = cut;
        if !self.line.cut(cut) {
            self.columns.iter().for_each(|column| column.cut(cut));
        }
        if !cut {
            join_all(self.columns.iter().map(Column::mended)).await;
        }
    }

    async fn look(&mut self, action: Option<Action>) -> Result<Arc<Step>, Failure> {
        let now = self.clock.now_s();
        let seen = try_join_all(self.columns.iter_mut().map(async |column| {
            let name = column.design().name;
            Ok::<_, Failure>((name, column.act(action, now).await?))
        }))
        .await?;
        let step = Arc::new(Step {
            number: self.steps.len(),
            action,
            now,
            moved: Duration::from_millis(self.clock.offset_ms()).as_secs(),
            cut: self.cut,
            columns: seen.into_iter().collect(),
        });
        self.steps.push(Arc::clone(&step));
        Ok(step)
    }
}
