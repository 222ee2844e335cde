//! One visitor's room: a server for each design, one clock for all of them, and everything that has been done in it.

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

/// The most that can be done in one room. Each step is kept, with every byte that was sent.
pub(super) const MOST_STEPS: usize = 200;

/// A room.
pub(super) struct Room {
    clock: Clock,
    columns: Vec<Column>,
    line: Line,
    cut: bool,
    steps: Vec<Arc<Step>>,
}

/// What was done, and how everything looked then. The first one is the open door: nothing has been done yet.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    number: usize,
    action: Option<Action>,
    /// The room's time, in seconds since the Unix epoch, and how far it has been moved.
    now: u64,
    moved: u64,
    /// Whether the line to the store is cut.
    cut: bool,
    /// How each design looks, by its name.
    columns: BTreeMap<&'static str, Seen>,
}

/// What the page needs to know of a design to draw its column.
#[derive(Debug, Serialize)]
pub(super) struct Heading<'a> {
    name: &'static str,
    title: Text,
    about: Text,
    /// Whether its server has a store to look into.
    stores: bool,
    /// What an action's outcome means in this design, by `action outcome`.
    outcomes: BTreeMap<&'static str, Text>,
    /// The page on this server for the visitor's own tabs.
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

/// Why something was not done.
pub(super) enum NotDone {
    /// The room has seen its last step.
    Full,
    /// Something of ours is broken.
    Broken(Failure),
}

impl From<Failure> for NotDone {
    fn from(fault: Failure) -> Self {
        Self::Broken(fault)
    }
}

impl Room {
    /// Starts the servers and looks at them once.
    pub(super) async fn open(store: &Store) -> Result<Self, Failure> {
        let clock = Clock::system();
        let (line, over) = Line::to(store).await?;
        let column = |design| Column::open(design, &over, store, clock.clone());
        let columns = try_join_all(Design::compared().map(column)).await?;
        let mut room = Self { clock, columns, line, cut: false, steps: Vec::new() };
        room.look(None).await?;
        Ok(room)
    }

    /// The designs, in the order of their columns.
    pub(super) fn headings(&self) -> Vec<Heading<'_>> {
        self.columns.iter().map(Heading::of).collect()
    }

    /// How the line to the store is cut.
    pub(super) fn line(&self) -> LineKind {
        self.line.kind()
    }

    /// Everything so far.
    pub(super) fn steps(&self) -> &[Arc<Step>] {
        &self.steps
    }

    /// Does one thing in every column at once.
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

    /// Cuts or mends the line. A client needs a moment to notice that its Redis is back, and that is waited for: what comes
    /// next is to be about the store, and not about the moment.
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
