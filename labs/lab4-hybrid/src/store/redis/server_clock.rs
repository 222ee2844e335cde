//! What time it is over there.
//!
//! A deadline is only worth something by the clock of whoever keeps it. Every answer of a script says what Redis' clock
//! read while it ran, which was some time between our sending and our hearing; so each answer narrows down how far that
//! clock is from our own steady one, and none needs a round trip of its own. After a failover to a server with another
//! clock the next answer corrects the estimate, `late` answers included.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

/// An estimate of Redis' clock, in milliseconds since the Unix epoch.
#[derive(Debug)]
pub(super) struct ServerClock {
    started: Instant,
    ahead_ms: AtomicI64,
}

impl ServerClock {
    /// Learns from a first answer, which was heard just now.
    pub(super) fn new(redis_ms: i64) -> Self {
        Self { started: Instant::now(), ahead_ms: AtomicI64::new(redis_ms) }
    }

    /// Redis' clock will read this when `patience` from now is over. Rather too early than too late: a command must
    /// not run after its caller has given up.
    pub(super) fn deadline(&self, patience: Duration) -> i64 {
        self.steady_ms(Instant::now() + patience) + self.ahead_ms.load(Ordering::Relaxed)
    }

    /// Takes in an answer. The estimate moves as little as the answer allows.
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
    /// As if Redis had been replaced by a server whose clock is ahead by so much.
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
