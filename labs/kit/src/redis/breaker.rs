//! A circuit breaker: when the server stops asking a Redis, and why.
//!
//! A request that waits for its timeout holds memory and a connection, and makes a user wait. Once several in a row have
//! timed out, the breaker opens: callers are refused at once, and one background task finds out when Redis is back. A node
//! that turns out to be a replica opens the breaker at its first answer: it accepts no writes, and its data may be old.

use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

/// How many calls in a row may fail before the breaker opens.
const TRIP_AFTER: u32 = 5;

/// Why the breaker is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Why {
    /// Redis does not answer.
    Silent = 1,
    /// The node that answers is a replica.
    Replica = 2,
}

impl Why {
    /// What is wrong, for an operator: the end of a sentence that begins with `Redis`.
    pub(super) fn problem(self) -> &'static str {
        match self {
            Self::Silent => "has not answered for a while",
            Self::Replica => "is a replica; the server is looking for the primary at its address",
        }
    }
}

/// Counts failures in a row, and opens.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failures: AtomicU32,
    /// A [`Why`] as a number, or 0 while the breaker is closed.
    open: AtomicU8,
}

impl Breaker {
    /// Why callers are refused, or `None` if they are not.
    pub(super) fn open_because(&self) -> Option<Why> {
        match self.open.load(Ordering::Relaxed) {
            0 => None,
            replica if replica == Why::Replica as u8 => Some(Why::Replica),
            _ => Some(Why::Silent),
        }
    }

    /// Records that Redis answered, even if with an error.
    pub(super) fn answered(&self) {
        // Most calls find zero here, and a read is cheaper than a write for which all cores compete.
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// Records that Redis did not answer. Returns `true` to the one caller whose failure opens the breaker: that caller
    /// must start the reconnection.
    pub(super) fn failed(&self) -> bool {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        failures >= TRIP_AFTER && self.trip(Why::Silent)
    }

    /// Opens the breaker. Returns `true` to the one caller that opens it: that caller must start the reconnection.
    pub(super) fn trip(&self, why: Why) -> bool {
        self.open.compare_exchange(0, why as u8, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Keeps the breaker open, perhaps for another reason.
    pub(super) fn still_open_because(&self, why: Why) {
        self.open.store(why as u8, Ordering::Release);
    }

    /// Closes the breaker, because Redis is back.
    pub(super) fn close(&self) {
        self.failures.store(0, Ordering::Relaxed);
        self.open.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_in_a_row_open_it_and_only_one_caller_sees_to_the_mending() {
        let breaker = Breaker::default();
        assert_eq!((0..4).map(|_| breaker.failed()).collect::<Vec<_>>(), [false; 4]);
        assert_eq!(breaker.open_because(), None);
        assert!(breaker.failed());
        assert_eq!(breaker.open_because(), Some(Why::Silent));
        assert!(!breaker.failed());
        breaker.close();
        assert_eq!(breaker.open_because(), None);
        assert!(!breaker.failed());
    }

    #[test]
    fn an_answer_between_failures_keeps_it_closed() {
        let breaker = Breaker::default();
        for _ in 0..20 {
            assert!((0..4).all(|_| !breaker.failed()));
            breaker.answered();
        }
        assert_eq!(breaker.open_because(), None);
    }

    #[test]
    fn a_replica_opens_it_at_once_and_only_one_caller_sees_to_the_mending() {
        let breaker = Breaker::default();
        assert!(breaker.trip(Why::Replica));
        assert!(!breaker.trip(Why::Replica));
        assert_eq!(breaker.open_because(), Some(Why::Replica));
        breaker.still_open_because(Why::Silent);
        assert_eq!(breaker.open_because(), Some(Why::Silent));
    }
}
