//! An estimate of Redis' clock.
//!
//! A deadline must be given by the clock of the server that enforces it. Each answer of a script contains the time of
//! Redis' clock while the script ran, which was between this server's sending and receiving. So each answer narrows
//! down the difference between that clock and this process's steady one, without a round trip of its own. After a
//! failover to a server with another clock, the next answer corrects the estimate, even if that answer is `late`.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

/// An estimate of Redis' clock, in milliseconds since the Unix epoch.
#[derive(Debug)]
pub(super) struct ServerClock {
    started: Instant,
    ahead_ms: AtomicI64,
}

impl ServerClock {
    /// Starts the estimate with a first answer, which was received just now.
    pub(super) fn new(redis_ms: i64) -> Self {
        Self { started: Instant::now(), ahead_ms: AtomicI64::new(redis_ms) }
    }

    /// What Redis' clock will show when `patience` has passed from now. Rather too early than too late, because a
    /// command must not run after its caller has given up.
    pub(super) fn deadline(&self, patience: Duration) -> i64 {
        self.steady_ms(Instant::now() + patience) + self.ahead_ms.load(Ordering::Relaxed)
    }

    /// Corrects the estimate with an answer, by no more than the answer requires.
    pub(super) fn learn(&self, sent: Instant, heard: Instant, redis_ms: i64) {
        let (least, most) = (redis_ms - self.steady_ms(heard), redis_ms - self.steady_ms(sent));
        let estimate = self.ahead_ms.load(Ordering::Relaxed);
        let corrected = estimate.clamp(least, most.max(least));
        if corrected != estimate {
            self.ahead_ms.store(corrected, Ordering::Relaxed);
        }
    }

    fn steady_ms(&self, instant: Instant) -> i64 {
        let since = instant.saturating_duration_since(self.started);
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
impl ServerClock {
    /// Moves the estimate back, as if Redis had been replaced by a server whose clock is ahead by this much.
    pub(super) fn fall_behind(&self, by: Duration) {
        self.ahead_ms.fetch_sub(by.as_millis() as i64, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_quick_answer_tells_the_time_and_a_slow_one_that_agrees_changes_nothing() {
        let clock = ServerClock::new(1_000_000);
        let start = clock.started;
        assert_eq!(clock.deadline(SECOND) / 1000, 1001);
        clock.learn(start, start + SECOND, 1_000_400);
        assert_eq!(clock.ahead_ms.load(Ordering::Relaxed), 1_000_000);
        clock.learn(start + SECOND, start + SECOND, 1_001_005);
        assert_eq!(clock.ahead_ms.load(Ordering::Relaxed), 1_000_005);
        clock.learn(start + SECOND, start + SECOND, 1_000_990);
        assert_eq!(clock.ahead_ms.load(Ordering::Relaxed), 999_990);
    }

    #[test]
    fn a_server_with_another_clock_is_believed_at_once_in_both_directions() {
        let clock = ServerClock::new(1_000_000);
        let start = clock.started;
        clock.learn(start, start, 1_060_000);
        assert_eq!(clock.ahead_ms.load(Ordering::Relaxed), 1_060_000);
        clock.learn(start, start, 990_000);
        assert_eq!(clock.ahead_ms.load(Ordering::Relaxed), 990_000);
    }
}
