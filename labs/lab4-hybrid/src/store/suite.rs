//! One suite of tests for every store: memory and Redis must behave alike, and Redis as a single server, in a container
//! and as a cluster.
//!
//! Each test creates its own users, so any number of tests may run against one Redis at once. No test waits for time to
//! pass: it advances the lab's clock.

mod endings;
mod exchanges;
mod races;
mod stage;

use std::future::Future;

use kit::Clock;

use super::{Policy, Store};

pub use stage::Stage;

/// Creates stores for the tests, each with its own limits and clock. The stores may share their state.
pub trait Factory: Sync {
    /// The type of the stores.
    type Store: Store;
    /// Creates a store with these limits and this clock.
    fn make(&self, policy: Policy, clock: Clock) -> impl Future<Output = Self::Store> + Send;
}

/// Runs every test of the suite, one after the other, and prints the name of each on stderr before it starts. Panics at
/// the first test that fails.
pub async fn run_all<F: Factory>(factory: &F) {
    macro_rules! run {
        ($($concept:ident: $($test:ident),+;)+) => {
            $($(
                eprintln!("  {}::{}", stringify!($concept), stringify!($test));
                $concept::$test(factory).await;
            )+)+
        };
    }
    run! {
        exchanges:
            the_current_token_rotates_the_session,
            a_token_handed_out_just_now_stays,
            the_parent_gets_the_same_successor_inside_the_window,
            a_replay_holds_the_next_rotation_back,
            the_parent_is_reuse_after_the_window,
            an_ancestor_is_reuse_even_inside_the_window,
            an_idempotency_key_outlasts_the_window,
            an_idempotency_key_serves_one_rotation,
            a_client_that_never_changes_its_key_keeps_its_token_until_the_idle_time_is_over,
            strict_mode_forgives_nothing_but_a_retry_with_its_key,
            a_lost_rotation_is_redone,
            a_lost_rotation_is_redone_and_followed_by_the_next_in_strict_mode,
            a_token_two_steps_ahead_shows_a_store_that_went_back_and_harms_nobody,
            an_unused_session_expires,
            use_renews_the_idle_limit_and_never_the_absolute_one,
            a_session_that_is_not_there_has_ended;
        endings:
            one_session_ends_and_the_others_live,
            nobody_ends_another_users_session,
            all_others_end_and_the_presenting_one_goes_on,
            what_has_expired_is_none_of_the_others,
            everything_before_an_epoch_ends,
            raising_the_epoch_twice_or_backwards_changes_nothing,
            the_row_ends_a_session_that_the_store_has_not_heard_about,
            a_log_in_behind_the_epoch_is_stale,
            a_log_in_ahead_of_the_store_ends_what_was_before,
            the_cap_puts_out_the_least_recently_used,
            a_log_in_forgets_no_ending,
            a_log_in_that_is_sent_twice_makes_room_once,
            an_expired_session_takes_no_room_and_can_still_be_told,
            a_list_shows_what_is_alive,
            aliveness_follows_every_ending;
        races:
            a_thousand_callers_of_one_token_cause_one_rotation,
            sixteen_racers_never_fork_a_session,
            nothing_lives_on_after_an_ending_has_returned,
            no_log_in_slips_past_an_ending;
    }
}
