//! How far the measurement is, and how long it still takes: planned time, corrected by how long the done part really took.

use std::cell::Cell;
use std::time::{Duration, Instant};

use harness::terminal::Progress;

/// The time between two lines of progress where there is no terminal is that of the stages; on one, the bar moves.
pub(crate) struct Timeline {
    progress: Progress,
    planned: Duration,
    done: Cell<Duration>,
    began: Instant,
}

impl Timeline {
    pub(crate) fn new(planned: Duration) -> Self {
        let progress = Progress::new(planned.as_millis() as u64);
        Self { progress, planned, done: Cell::default(), began: Instant::now() }
    }

    /// What is being done now.
    pub(crate) fn stage(&self, text: &str) {
        self.progress.stage(format!("{text}{}", self.left()));
    }

    /// More of the same.
    pub(crate) fn detail(&self, text: &str) {
        self.progress.detail(format!("{text}{}", self.left()));
    }

    /// So much of the planned time is behind us.
    pub(crate) fn passed(&self, planned: Duration) {
        self.done.set(self.done.get() + planned);
        self.progress.advance(planned.as_millis() as u64);
    }

    fn left(&self) -> String {
        left(self.planned, self.done.get(), self.began.elapsed())
    }
}

/// What is left of a plan, in words: as much slower or faster than planned as it went until now. At the beginning nobody
/// knows that yet.
fn left(planned: Duration, done: Duration, took: Duration) -> String {
    let planned_left = planned.saturating_sub(done).as_secs_f64();
    let pace = if done > Duration::from_secs(3) { took.as_secs_f64() / done.as_secs_f64() } else { 1.1 };
    match (planned_left * pace).ceil() as u64 {
        seconds if seconds < 90 => format!(" · {seconds} s left"),
        seconds => format!(" · {} min left", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_follows_the_pace_of_what_is_done() {
        let s = Duration::from_secs;
        assert_eq!(left(s(60), s(0), s(1)), " · 66 s left");
        assert_eq!(left(s(60), s(30), s(45)), " · 45 s left");
        assert_eq!(left(s(600), s(300), s(300)), " · 5 min left");
        assert_eq!(left(s(60), s(70), s(70)), " · 0 s left");
    }
}
