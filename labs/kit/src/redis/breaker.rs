//! When to stop asking a Redis that does not answer.
//!
//! A request that waits for its time-out holds memory, a connection and a person. Once several in a row have waited in
//! vain, the breaker opens: callers are refused at once, and one task of its own finds out when Redis is back.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// How many calls in a row may fail before the breaker opens.
const TRIP_AFTER: u32 = 5;

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: AtomicU32,
    open: AtomicBool,
}

impl Breaker {
    pub(super) fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    /// Redis answered, if only with a refusal.
    pub(super) fn answered(&self) {
        // Most calls find zero there, and a read is cheaper than a write that every core wants.
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// Redis did not answer. True for the one caller whose failure opens the breaker: it has to see to the mending.
    pub(super) fn failed(&self) -> bool {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        failures >= TRIP_AFTER && !self.open.swap(true, Ordering::AcqRel)
    }

    /// Redis is back.
    pub(super) fn close(&self) {
        self.failures.store(0, Ordering::Relaxed);
        self.open.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_in_a_row_open_it_and_only_one_caller_sees_to_the_mending() {
        let breaker = Breaker::default();
        assert_eq!((0..4).map(|_| breaker.failed()).collect::<Vec<_>>(), [false; 4]);
        assert!(!breaker.is_open());
        assert!(breaker.failed());
        assert!(breaker.is_open());
        assert!(!breaker.failed());
        breaker.close();
        assert!(!breaker.is_open());
        assert!(!breaker.failed());
    }

    #[test]
    fn an_answer_between_failures_keeps_it_closed() {
        let breaker = Breaker::default();
        for _ in 0..20 {
            assert!((0..4).all(|_| !breaker.failed()));
            breaker.answered();
        }
        assert!(!breaker.is_open());
    }
}
