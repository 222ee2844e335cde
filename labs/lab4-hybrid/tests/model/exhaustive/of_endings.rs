//! Searches for sessions that outlive their ending.

use super::{Searched, effort, search};
use crate::endings::{Account, Affair, Ending, QUIET};

const ALL: [Ending; 5] =
    [Ending::LogOut, Ending::LogOutOthers, Ending::LogOutEverywhere, Ending::NewPassword, Ending::Deletion];
/// The endings that the account's row records.
const GLOBAL: [Ending; 3] = [Ending::LogOutEverywhere, Ending::NewPassword, Ending::Deletion];
const SINGLE: [Ending; 2] = [Ending::LogOut, Ending::LogOutOthers];

fn holds(promise: &str, endings: &[Ending], affair: Affair) {
    for ending in endings {
        let shows = affair.shows + effort(0, 2);
        let Searched { states, depth, time, story } =
            search(&Account::in_an(Affair { ending: *ending, shows, ..affair }));
        if let Some(story) = story {
            panic!("{ending:?}, {promise}: does not hold\n{}", story.text());
        }
        println!("holds: {ending:?}, {promise}\n    {states} states, {depth} steps deep, in {time:.1?}");
    }
}

fn finds(case: &str, affair: Affair, wrong: &str, steps: usize) {
    let Searched { states, time, story, .. } = search(&Account::in_an(affair));
    let story = story.unwrap_or_else(|| panic!("{case}: no counter-example in {states} states"));
    println!(
        "cannot hold: {:?}, {case}\n    found in {states} states, {time:.1?}\n{}",
        affair.ending,
        story.text()
    );
    assert!(story.wrong.contains(wrong), "{}", story.wrong);
    assert_eq!(story.steps.len(), steps, "{}", story.text());
}

#[test]
fn nothing_outlives_an_ending_and_nobody_else_is_harmed() {
    let promise = "a racing login, refreshes, crashes, commands sent twice";
    let prompt = Affair { late_copies: false, ..QUIET };
    holds(promise, &ALL, prompt);
    holds("the same with copies of commands that come late", &GLOBAL, QUIET);
    holds("the same with copies of commands that come late", &[Ending::LogOut], QUIET);
}

/// "All others" are the sessions that exist when the command runs, and the store cannot tell one that was opened since
/// the first copy ran. The deadline limits this to half a second.
#[test]
fn a_late_copy_of_an_ending_of_all_others_ends_one_who_came_since() {
    let late = Affair { ending: Ending::LogOutOthers, ..QUIET };
    finds("a copy of the command that comes late", late, "no request ended device B's", 8);
}

#[test]
fn a_failover_undoes_no_ending_that_the_row_bears_witness_to() {
    let failover = Affair { log_in: false, failovers: 1, lost_writes: 2, ..QUIET };
    holds("a failover that loses up to two writes", &GLOBAL, failover);
    holds(
        "a store that loses the epoch's key",
        &GLOBAL,
        Affair { forgets_epoch: true, log_in: false, ..QUIET },
    );
}

#[test]
fn a_failover_undoes_no_single_ending_that_a_replica_has_confirmed() {
    let waiting = Affair { log_in: false, failovers: 1, lost_writes: 2, waits: true, ..QUIET };
    holds("a failover that loses up to two writes, and an answer after WAIT", &SINGLE, waiting);
}

#[test]
fn a_failover_undoes_a_single_ending_that_nobody_confirmed() {
    let failover = Affair { log_in: false, failovers: 1, lost_writes: 1, ..QUIET };
    for ending in SINGLE {
        let affair = Affair { ending, ..failover };
        finds("a failover, and no WAIT", affair, "after a failover", 6);
    }
}

#[test]
fn a_failover_undoes_a_log_in() {
    let affair = Affair { failovers: 1, lost_writes: 1, ending: Ending::NewPassword, ..QUIET };
    finds("a failover that loses the login after it", affair, "no request ended device B's", 8);
}

#[test]
fn without_the_row_a_failover_undoes_every_ending() {
    let failover = Affair { log_in: false, failovers: 1, lost_writes: 1, reads_row: false, ..QUIET };
    for ending in [Ending::LogOutEverywhere, Ending::NewPassword] {
        finds("refreshes that do not read the row", Affair { ending, ..failover }, "after a failover", 6);
    }
}

#[test]
fn a_command_that_outlives_a_failover_undoes_every_ending() {
    let failover = Affair { log_in: false, failovers: 1, lost_writes: 2, deadlines: false, ..QUIET };
    for ending in GLOBAL {
        let steps = if ending == Ending::Deletion { 8 } else { 6 };
        finds("commands without a deadline", Affair { ending, ..failover }, "after a failover", steps);
    }
}
