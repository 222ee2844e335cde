//! Times operations of some hundred nanoseconds in turn.
//!
//! A timing harness that measures one operation for seconds, and then the next, compares two moments of the machine.
//! Here every operation has its turn in every round, and a round takes about a millisecond. A disturbance of the machine
//! affects all of them, so a ratio of two medians is reliable although neither median is exact.

use std::hint::black_box;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::figures::Median;

/// An operation with its name. It must pass its result to [`done`].
pub type Work<'a, T> = (&'a str, &'a dyn Fn(&T));

/// The time of one operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timed {
    /// The name of the operation.
    pub name: String,
    /// The time for one item in ns, over the rounds.
    pub ns: Median,
    /// The number of rounds.
    pub rounds: usize,
}

/// Passes a result through a black box and drops it within the measured time, as a handler drops its principal.
pub fn done<T>(given: T) {
    drop(black_box(given));
}

/// Runs all operations on all items for `rounds` rounds and returns the time that each took for one item. Use several
/// items, because a branch predictor learns a single one.
pub fn in_turn<T>(works: &[Work<'_, T>], items: &[T], rounds: usize) -> Vec<Timed> {
    let mut times: Vec<Vec<f64>> = vec![Vec::with_capacity(rounds); works.len()];
    for round in 0..rounds {
        for place in 0..works.len() {
            // The order rotates, because each operation changes what the next one finds in the cache.
            let index = (place + round) % works.len();
            let start = Instant::now();
            items.iter().for_each(|item| (works[index].1)(black_box(item)));
            times[index].push(start.elapsed().as_secs_f64() * 1e9 / items.len().max(1) as f64);
        }
    }
    let timed = works.iter().zip(times).filter_map(|((name, _), times)| {
        Some(Timed { name: (*name).to_owned(), ns: Median::of(times)?, rounds })
    });
    timed.collect()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn every_work_does_every_item_in_every_round_and_the_longer_one_takes_longer() {
        let count = Cell::new(0_u64);
        let spin = |times: u64| (0..times).for_each(done);
        let timed = in_turn(
            &[("short", &|_: &u8| count.set(count.get() + 1)), ("long", &|_: &u8| spin(20_000))],
            &[1, 2, 3],
            5,
        );
        assert_eq!(count.get(), 15);
        let names: Vec<&str> = timed.iter().map(|timed| timed.name.as_str()).collect();
        assert_eq!((names, timed[0].rounds), (vec!["short", "long"], 5));
        assert!(timed[1].ns.median > timed[0].ns.median, "{timed:?}");
    }

    #[test]
    fn without_rounds_there_is_no_figure() {
        assert_eq!(in_turn(&[("nothing", &|_: &u8| ())], &[1], 0), []);
    }
}
