//! Searches for which session a browser has, in whatever order responses arrive.

use super::{Searched, effort, search};
use crate::browser::{BUSY, Browser, Habits, Names};

fn holds(promise: &str, habits: Habits) {
    let requests = habits.requests + effort(0, 1);
    let Searched { states, depth, time, story } = search(&Browser::of(Habits { requests, ..habits }));
    if let Some(story) = story {
        panic!("{promise}: does not hold\n{}", story.text());
    }
    println!("holds: {promise}\n    {states} states, {depth} steps deep, in {time:.1?}");
}

fn finds(case: &str, habits: Habits, wrong: &str, steps: usize) {
    let Searched { states, time, story, .. } = search(&Browser::of(habits));
    let story = story.unwrap_or_else(|| panic!("{case}: no counter-example in {states} states"));
    println!("cannot hold: {case}\n    found in {states} states, {time:.1?}\n{}", story.text());
    assert!(story.wrong.contains(wrong), "{}", story.wrong);
    assert_eq!(story.steps.len(), steps, "{}", story.text());
}

#[test]
fn no_late_answer_displaces_a_newer_session_where_each_has_its_own_cookie() {
    holds(
        "three tabs that log in, change passwords, refresh and log out; answers that come late or never",
        BUSY,
    );
}

#[test]
fn no_late_answer_logs_anybody_out_though_the_servers_clocks_differ() {
    holds("the same, and a newer session's id says that it is older", Habits { skewed: true, ..BUSY });
}

#[test]
fn no_late_answer_displaces_a_newer_session_though_the_one_before_it_has_not_ended_yet() {
    let deferred = Habits { deferred: true, log_outs: false, ..BUSY };
    holds("the same without logouts, and a login whose ending of the previous session comes later", deferred);
}

#[test]
fn no_late_answer_displaces_a_newer_session_though_the_first_has_the_cookie_of_an_earlier_version() {
    holds(
        "the same, and a session from before the servers were upgraded",
        Habits { names: Names::FirstShared, ..BUSY },
    );
}

#[test]
fn one_cookie_for_all_sessions_lets_a_late_answer_log_the_person_out() {
    let shared = Habits { names: Names::Shared, log_outs: false, tabs: 2, requests: 3, ..BUSY };
    finds("one cookie for whatever session the browser has", shared, "logged out", 8);
}

const NO_ROTATION: Habits = Habits { names: Names::Shared, rotates: false, tabs: 2, requests: 3, ..BUSY };

#[test]
fn one_cookie_for_all_sessions_lets_an_older_log_in_displace_a_newer_one() {
    finds("two logins at once, one cookie for both", NO_ROTATION, "the browser gets session 1", 8);
}

#[test]
fn one_cookie_for_all_sessions_lets_the_late_answer_of_a_log_out_take_a_log_in_away() {
    // The test above covers which of two logins is used; here it does not matter.
    let shared = Habits { skewed: true, ..NO_ROTATION };
    finds("a logout and a login at once, one cookie", shared, "logged out", 8);
}
