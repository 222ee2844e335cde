//! One visitor's room: three servers, one clock for all of them, and everything that has been done in it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{join_all, try_join3};
use harness::Failure;
use harness::design::Design;
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
    session: Column,
    access: Column,
    hybrid: Column,
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
    columns: Columns,
}

#[derive(Debug, Serialize)]
struct Columns {
    session: Seen,
    access: Seen,
    hybrid: Seen,
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
        let (session, access, hybrid) =
            try_join3(column(Design::Session), column(Design::Access), column(Design::Hybrid)).await?;
        let mut room = Self { clock, session, access, hybrid, line, cut: false, steps: Vec::new() };
        room.look(None).await?;
        Ok(room)
    }

    /// The page on this room's hybrid for the visitor's own tabs.
    pub(super) fn tabs(&self) -> &str {
        self.hybrid.tabs()
    }

    /// How the line to the store is cut.
    pub(super) fn line(&self) -> LineKind {
        self.line.kind()
    }

    /// Everything so far.
    pub(super) fn steps(&self) -> &[Arc<Step>] {
        &self.steps
    }

    /// Does one thing in all three columns at once.
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
        let columns = [&self.session, &self.access, &self.hybrid];
        if !self.line.cut(cut) {
            columns.iter().for_each(|column| column.cut(cut));
        }
        if !cut {
            join_all(columns.map(Column::mended)).await;
        }
    }

    async fn look(&mut self, action: Option<Action>) -> Result<Arc<Step>, Failure> {
        let now = self.clock.now_s();
        let (session, access, hybrid) = try_join3(
            self.session.act(action, now),
            self.access.act(action, now),
            self.hybrid.act(action, now),
        )
        .await?;
        let step = Arc::new(Step {
            number: self.steps.len(),
            action,
            now,
            moved: Duration::from_millis(self.clock.offset_ms()).as_secs(),
            cut: self.cut,
            columns: Columns { session, access, hybrid },
        });
        self.steps.push(Arc::clone(&step));
        Ok(step)
    }
}
