//! The one source of time.
//!
//! The labs compare every deadline with a [`Clock`] that is passed in, never with the operating system's time directly. So
//! a test, the checker and the playground can move fifteen minutes or thirty days ahead without waiting, and the check of
//! an expiry is a comparison of two numbers. A TTL in Redis only removes garbage: it does not move with this clock, and no
//! decision depends on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The furthest that one call to [`Clock::advance`] may move the clock, in seconds: a little over three years.
pub const MAX_ADVANCE_SECONDS: u64 = 100_000_000;

/// The system's time plus an offset that can only grow. Clones share the offset.
///
/// ```
/// use std::time::Duration;
///
/// use kit::Clock;
///
/// let clock = Clock::system();
/// let expires_at_s = clock.now_s() + 900;
/// assert!(clock.now_s() < expires_at_s, "a token of fifteen minutes is still valid");
///
/// clock.advance(Duration::from_secs(900));
/// assert!(clock.now_s() >= expires_at_s, "it is expired, and no test had to wait");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Clock {
    offset_ms: Arc<AtomicU64>,
}

impl Clock {
    /// The system's clock, with offset 0.
    pub fn system() -> Self {
        Self::default()
    }

    /// Milliseconds since the Unix epoch. A system clock before 1970 reads as 0.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the operating system")]
    pub fn now_ms(&self) -> u64 {
        let system = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        u64::try_from(system.as_millis()).unwrap_or(u64::MAX).saturating_add(self.offset_ms())
    }

    /// Seconds since the Unix epoch, rounded down: the `NumericDate` of RFC 7519 §2.
    pub fn now_s(&self) -> u64 {
        self.now_ms() / 1000
    }

    /// How far this clock is ahead of the system's, in milliseconds. Redis scripts add it to Redis' own time.
    pub fn offset_ms(&self) -> u64 {
        self.offset_ms.load(Ordering::Relaxed)
    }

    /// Moves this clock, and every clone of it, forward.
    pub fn advance(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap_or(u64::MAX);
        let moved = |offset: u64| Some(offset.saturating_add(by));
        // `fetch_update` only fails when its closure returns `None`, and this one never does.
        let _ = self.offset_ms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, moved);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_of_the_clock_moves_with_it() {
        let clock = Clock::system();
        let clone = clock.clone();
        let before = clone.now_ms();
        clock.advance(Duration::from_secs(900));
        assert_eq!(clone.offset_ms(), 900_000);
        assert!(clone.now_ms() >= before + 900_000);
    }

    #[test]
    fn a_clock_moved_beyond_every_bound_stays_at_the_bound() {
        let clock = Clock::system();
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now_ms(), u64::MAX);
    }
}
