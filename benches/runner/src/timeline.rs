//! Shows the progress and the remaining time: planned time, corrected by how long the finished part really took.

use std::cell::Cell;
use std::time::{Duration, Instant};

use harness::terminal::Progress;

/// Progress against the plan. On a terminal a bar moves; elsewhere one line is printed for each stage.
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

    /// Shows the stage that starts now.
    pub(crate) fn stage(&self, text: &str) {
        self.progress.stage(format!("{text}{}", self.left()));
    }

    /// Shows a step of the current stage.
    pub(crate) fn detail(&self, text: &str) {
        self.progress.detail(format!("{text}{}", self.left()));
    }

    /// Counts `planned` as finished.
    pub(crate) fn passed(&self, planned: Duration) {
        self.done.set(self.done.get() + planned);
        self.progress.advance(planned.as_millis() as u64);
    }

    fn left(&self) -> String {
        left(self.planned, self.done.get(), self.began.elapsed())
    }
}

/// The remaining time in words, at the pace so far. In the first seconds the pace is not known and a default is used.
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
