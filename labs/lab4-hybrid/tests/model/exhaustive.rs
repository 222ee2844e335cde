//! Complete searches of everything that can happen to a session: what holds, and what cannot hold.
//!
//! Beside every promise there is a similar case that no protocol of this kind can satisfy, or that a detail of this one
//! prevents: a test that finds the counter-example and prints it as a story. So a search that no longer finds anything
//! fails.

mod of_browsers;
mod of_endings;

use crate::effort::effort;
use crate::exchanges::{Keying, PEACE, Rule, Session, Tokens};
use crate::search::{Searched, search};

fn searched(session: Session) -> Searched {
    search(&Tokens::of(session))
}

/// Expects that nothing is wrong in any state.
fn holds(promise: &str, session: Session) {
    let Searched { states, depth, time, story } = searched(session);
    if let Some(story) = story {
        panic!("{promise}: does not hold\n{}", story.text());
    }
    println!("holds: {promise}\n    {states} states, {depth} steps deep, in {time:.1?}");
}

/// Expects a state in which something is wrong, and that the shortest story that leads to it has this many steps.
fn finds(case: &str, session: Session, wrong: &str, steps: usize) {
    let Searched { states, time, story, .. } = searched(session);
    let story = story.unwrap_or_else(|| panic!("{case}: no counter-example in {states} states"));
    println!("cannot hold: {case}\n    found in {states} states, {time:.1?}\n{}", story.text());
    assert!(story.wrong.contains(wrong), "{}", story.wrong);
    assert_eq!(story.steps.len(), steps, "{}", story.text());
}

/// A search in which tokens are presented `shows` times and `ticks` ticks pass. At night it is deeper, with finer
/// ticks.
fn deep(shows: u8, ticks: u8) -> Session {
    let usual = Session { shows, ticks, ..PEACE };
    effort(usual, Session { shows: shows + 1, ticks: ticks * 2, window: 5, fast: Some(2), ..usual })
}

/// A search that is just deep enough to find a counter-example.
fn shallow(shows: u8, ticks: u8) -> Session {
    Session { shows, ticks, ..PEACE }
}

/// A single device, on a network with unbounded delays.
fn device(of: Session) -> Session {
    Session { tabs: 1, fast: None, ..of }
}

#[test]
fn no_tab_of_three_is_logged_out_on_a_fast_network() {
    holds(
        "three tabs in any order, commands sent twice",
        Session { tabs: 3, keying: Keying::None, twice: true, ..deep(6, 5) },
    );
}

#[test]
fn no_tab_is_logged_out_though_anything_is_lost_and_either_server_crashes() {
    holds(
        "two tabs, two servers that crash, requests and answers lost, commands sent twice",
        Session { losses: true, twice: true, ..deep(6, 6) },
    );
}

#[test]
fn no_tab_of_three_is_logged_out_though_either_server_crashes() {
    holds(
        "three tabs, two servers that crash, requests and answers lost",
        Session { tabs: 3, losses: true, ..deep(5, 4) },
    );
}

#[test]
fn no_tab_is_logged_out_by_a_failover_that_loses_two_writes() {
    holds(
        "two tabs, a failover that loses up to two writes, commands sent twice",
        Session { twice: true, failovers: 1, lost_writes: 2, ..deep(5, 6) },
    );
    holds(
        "the same with a Redis that was paused, and requests that ran out of time",
        Session { paused: Some(true), failovers: 1, lost_writes: 2, ..deep(5, 5) },
    );
}

#[test]
fn a_device_in_a_tunnel_is_never_logged_out() {
    let tunnel = device(deep(6, 8));
    holds(
        "a device, a network that may take for ever, anything lost, a Redis that was paused",
        Session { losses: true, twice: true, paused: Some(true), ..tunnel },
    );
    holds(
        "the same with a failover that loses up to two writes",
        Session { losses: true, failovers: 1, lost_writes: 2, ..tunnel },
    );
}

#[test]
fn a_device_in_strict_mode_is_never_logged_out() {
    holds(
        "a device, strict mode, anything lost, commands sent twice, a failover",
        Session {
            strict: true,
            losses: true,
            twice: true,
            failovers: 1,
            lost_writes: 1,
            ..device(deep(6, 5))
        },
    );
}

#[test]
fn whoever_comes_second_a_window_later_is_noticed() {
    holds("two tabs and a thief", Session { thief: true, keying: Keying::None, ..deep(6, 5) });
    holds(
        "two tabs and a thief, two servers that crash, requests and answers lost",
        Session { thief: true, losses: true, ..deep(5, 4) },
    );
    holds(
        "a device and a thief, a network that may take for ever, anything lost, commands sent twice",
        Session { thief: true, losses: true, twice: true, ..device(deep(6, 5)) },
    );
}

#[test]
fn a_failover_lets_a_thief_pass_once_and_not_twice() {
    let failover = |of| Session { tabs: 1, thief: true, failovers: 1, lost_writes: 1, ..of };
    let holding = failover(Session { slips: 1, ..deep(6, 5) });
    holds("a device, a thief and a failover: one late use may pass", holding);
    let case = "a thief is noticed at once, though a failover lost the rotation";
    finds(case, failover(shallow(5, 5)), "and was let in", 8);
}

#[test]
fn a_thief_who_copied_the_key_as_well_passes_once_and_not_twice() {
    let both = |of| Session { thief: true, thief_copies_key: true, ..device(of) };
    let holding = both(Session { slips: 1, ..deep(6, 5) });
    holds("a device, and a thief who copied the idempotency key: one late use may pass", holding);
    let case = "a thief is noticed at once, though it has the key of the exchange";
    finds(case, both(shallow(5, 5)), "and was let in", 7);
}

#[test]
fn a_thief_who_comes_inside_every_window_is_never_noticed() {
    let patient =
        Session { tabs: 1, thief: true, keying: Keying::None, coexistence_at: Some(4), ..shallow(8, 9) };
    finds("theft is noticed, however often the thief comes", patient, "both hold token 4", 19);
}

#[test]
fn two_tabs_and_an_exchange_longer_than_the_window_end_in_a_log_out() {
    let slow = Session { fast: None, ..shallow(4, 5) };
    finds("two tabs may take as long as they like", slow, "logged out", 11);
}

#[test]
fn a_lost_answer_needs_the_idempotency_key() {
    let lossy = Session { losses: true, keying: Keying::None, ..shallow(5, 5) };
    finds("an answer may be lost, and the request repeated without a key", lossy, "logged out", 8);
}

/// A browser whose page keeps a key until there is a new token, on a network that loses requests and responses.
fn page(of: Session) -> Session {
    Session { keying: Keying::Kept, losses: true, ..of }
}

#[test]
fn a_page_that_keeps_its_key_is_never_logged_out_by_reloads() {
    holds("a page, a network that may take for ever, anything lost, reloads", device(page(deep(6, 8))));
    holds(
        "the same, commands sent twice, and a Redis that was paused",
        Session { twice: true, paused: Some(true), ..device(page(deep(5, 6))) },
    );
    holds(
        "the same with a failover that loses up to two writes",
        Session { failovers: 1, lost_writes: 2, ..device(page(deep(5, 6))) },
    );
    holds("the same in strict mode", Session { strict: true, ..device(page(deep(6, 5))) });
}

#[test]
fn no_tab_is_logged_out_where_all_send_the_key_that_the_page_keeps() {
    holds("two tabs, two servers that crash, anything lost, reloads", page(deep(6, 6)));
    holds("three tabs, the same", Session { tabs: 3, ..page(deep(5, 4)) });
    holds(
        "two tabs, a failover that loses up to two writes, commands sent twice",
        Session { losses: false, twice: true, failovers: 1, lost_writes: 2, ..page(deep(5, 6)) },
    );
}

/// Tab 1 is told that its token stays, and deletes the key with which tab 2 then exchanges that token.
#[test]
fn a_key_that_is_forgotten_when_the_token_stays_logs_a_tab_out() {
    let forgetful = Session { keying: Keying::PerExchange, ..page(shallow(5, 6)) };
    finds("two tabs that forget the key at any answer", forgetful, "logged out", 17);
}

/// The previous rule: the store deleted the key of an exchange when the token that the exchange had issued was
/// presented with it.
#[test]
fn a_page_whose_key_serves_once_is_logged_out_by_two_lost_answers() {
    let before = Session { rule: Rule::KeyServesOnce, ..device(page(shallow(5, 8))) };
    finds("the cookie arrives, the page is gone, and the next answer is lost", before, "logged out", 14);
}

#[test]
fn a_thief_gains_nothing_by_the_key_of_an_exchange_that_it_has_not_copied() {
    holds(
        "a page and a thief, a network that may take for ever, anything lost, reloads",
        Session { thief: true, ..device(page(deep(6, 5))) },
    );
    holds("two tabs and a thief, anything lost, reloads", Session { thief: true, ..page(deep(5, 4)) });
}

#[test]
fn a_thief_who_copied_the_key_of_an_exchange_passes_once_and_not_twice() {
    let both = |of| Session { thief: true, thief_copies_key: true, ..device(page(of)) };
    holds(
        "a page, and a thief who copied the key of the exchange: one late use may pass",
        Session { slips: 1, ..both(deep(6, 5)) },
    );
    let case = "a thief is noticed at once, though it has the key of the exchange";
    finds(case, both(shallow(5, 5)), "and was let in", 7);
}

/// The alternative that was rejected in favour of the idempotency key. Here the thief has to copy only the cookie, and
/// need not come within a window: the client that is behind gets the successor, however late.
#[test]
fn a_parent_that_is_answered_until_its_successor_was_shown_hides_a_thief_for_ever() {
    let without_key = |of| Session { keying: Keying::None, rule: Rule::ParentUntilShown, ..device(of) };
    let lossy = Session { losses: true, ..without_key(deep(6, 8)) };
    holds("a page without keys, a network that may take for ever, anything lost", lossy);
    let theft = Session { thief: true, slips: 1, ..without_key(shallow(8, 9)) };
    finds("a thief who copied the cookie alone passes once and not twice", theft, "and was let in", 17);
}

#[test]
fn two_tabs_a_lost_answer_and_a_failover_are_one_mishap_too_many() {
    let lossy = Session { losses: true, failovers: 1, lost_writes: 1, ..shallow(5, 5) };
    finds("two tabs, a lost answer, and a failover that loses its repetition", lossy, "logged out", 14);
}

#[test]
fn a_command_without_a_deadline_logs_a_device_out() {
    let paused = Session { paused: Some(false), ..device(shallow(5, 6)) };
    finds("a paused Redis may run a command after its caller has given up", paused, "logged out", 15);
}

#[test]
fn a_cookie_that_is_set_for_a_token_that_stays_logs_a_tab_out() {
    let set = Session { kept_sets_cookie: true, keying: Keying::None, ..shallow(6, 6) };
    finds("the answer that a token stays may carry a cookie, too", set, "logged out", 18);
}
