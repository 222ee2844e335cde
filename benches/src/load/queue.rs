//! The bounded queue between the pacing thread, which never waits, and the connections, which do.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::Semaphore;

/// Arrivals that are due and not yet sent, as the instants at which they were due, oldest first.
#[derive(Clone)]
pub(super) struct ArrivalQueue(Arc<Inner>);

struct Inner {
    waiting: Mutex<VecDeque<Instant>>,
    /// One permit for each waiting arrival: the semaphore wakes exactly one connection per arrival, in order.
    available: Semaphore,
    capacity: usize,
}

impl ArrivalQueue {
    pub(super) fn new(capacity: usize) -> Self {
        let waiting = Mutex::new(VecDeque::with_capacity(capacity.min(65_536)));
        Self(Arc::new(Inner { waiting, available: Semaphore::new(0), capacity }))
    }

    /// Adds an arrival; false when the queue is full, so that the caller can count the arrival as an error.
    #[must_use]
    pub(super) fn push(&self, intended: Instant) -> bool {
        {
            let mut waiting = self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            if waiting.len() >= self.0.capacity {
                return false;
            }
            waiting.push_back(intended);
        }
        self.0.available.add_permits(1);
        true
    }

    /// Waits for the oldest arrival and takes it; `None` when the queue is closed and empty.
    pub(super) async fn next(&self) -> Option<Instant> {
        // A closed semaphore gives out no permits; arrivals that still wait are then taken without one.
        if let Ok(permit) = self.0.available.acquire().await {
            permit.forget();
        }
        self.pop()
    }

    /// Takes the oldest arrival if one is waiting at this moment.
    pub(super) fn pop(&self) -> Option<Instant> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Closes the queue: no more arrivals will be added.
    pub(super) fn close(&self) {
        self.0.available.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn arrivals_leave_in_the_order_in_which_they_were_due() {
        let queue = ArrivalQueue::new(2);
        let first = Instant::now();
        assert!(queue.push(first));
        let second = Instant::now();
        assert!(queue.push(second));
        assert_eq!((queue.next().await, queue.next().await), (Some(first), Some(second)));
    }

    #[tokio::test]
    async fn a_full_queue_says_so_and_has_room_again_after_one_left() {
        let queue = ArrivalQueue::new(1);
        assert!(queue.push(Instant::now()));
        assert!(!queue.push(Instant::now()));
        assert!(queue.next().await.is_some());
        assert!(queue.push(Instant::now()));
    }

    #[tokio::test]
    async fn a_closed_queue_is_emptied_and_then_ends() {
        let queue = ArrivalQueue::new(1);
        assert!(queue.push(Instant::now()));
        queue.close();
        assert!(queue.next().await.is_some());
        assert_eq!(queue.next().await, None);
    }
}
