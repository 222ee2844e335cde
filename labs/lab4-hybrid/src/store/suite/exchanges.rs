//! Tests of the verdict on a presented token: one for every step of the refresh script, each beside a similar case with
//! another verdict.

use super::Factory;
use super::stage::{DAY, MOMENT, Stage, WINDOW, days_left, name};
use crate::store::{Refresh, Store};

pub(super) async fn the_current_token_rotates_the_session<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    let (_, mut token) = stage.log_in().await;
    for _ in 0..3 {
        token = stage.rotate(&token).await;
        stage.pass(WINDOW + MOMENT);
    }
}

pub(super) async fn a_token_handed_out_just_now_stays<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    let (_, first) = stage.log_in().await;
    let second = stage.rotate(&first).await;
    assert_eq!(name(stage.show(&second).await), "kept");
    stage.pass(WINDOW - MOMENT);
    assert_eq!(name(stage.show(&second).await), "kept");
    stage.pass(MOMENT);
    assert_eq!(name(stage.show(&second).await), "rotated");
}

pub(super) async fn the_parent_gets_the_same_successor_inside_the_window<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    let (_, first) = stage.log_in().await;
    let second = stage.rotate(&first).await;
    stage.pass(WINDOW - MOMENT);
    assert_eq!(name(stage.show(&first).await), "replayed");
    assert_eq!(stage.after(&first), second);
    assert_eq!(name(stage.show(&second).await), "kept");
}

pub(super) async fn a_replay_holds_the_next_rotation_back<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    let (_, first) = stage.log_in().await;
    let second = stage.rotate(&first).await;
    stage.pass(WINDOW - MOMENT);
    assert_eq!(name(stage.show(&first).await), "replayed");
    // A window after the rotation, but less than a window after the replay: the client that got the replayed response
    // must be able to use its token.
    stage.pass(MOMENT);
    assert_eq!(name(stage.show(&second).await), "kept");
    stage.pass(WINDOW);
    assert_eq!(name(stage.show(&second).await), "rotated");
}

pub(super) async fn the_parent_is_reuse_after_the_window<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    let (_, first) = stage.log_in().await;
    let second = stage.rotate(&first).await;
    stage.pass(WINDOW);
    assert_eq!(stage.show(&first).await, Refresh::Reused);
    // The whole session has ended, for the thief and for the user, and the store remembers why.
    assert_eq!(stage.show(&second).await, Refresh::Reused);
    assert_eq!(stage.show(&first).await, Refresh::Reused);
    assert_eq!(stage.store.list(stage.user, 0).await.unwrap(), []);
}

pub(super) async fn an_ancestor_is_reuse_even_inside_the_window<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    let (_, first) = stage.log_in().await;
    let second = stage.rotate(&first).await;
    stage.pass(WINDOW);
    stage.rotate(&second).await;
    assert_eq!(name(stage.show(&second).await), "replayed");
    assert_eq!(stage.show(&first).await, Refresh::Reused);
}

pub(super) async fn an_idempotency_key_outlasts_the_window<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    let (_, first) = stage.log_in().await;
    assert_eq!(name(stage.show_with(&first, 0, Some("k1")).await), "rotated");
    stage.pass(DAY);
    assert_eq!(name(stage.show_with(&first, 0, Some("k1")).await), "replayed");
    assert_eq!(stage.show_with(&first, 0, Some("k2")).await, Refresh::Reused);
}

/// A page cannot see its token, so it generates one key for each exchange and keeps it until it has received a
/// response. The browser may have stored the cookie of a response that the page never saw.
pub(super) async fn an_idempotency_key_serves_one_rotation<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    let (_, first) = stage.log_in().await;
    assert_eq!(name(stage.show_with(&first, 0, Some("k1")).await), "rotated");
    let second = stage.after(&first);
    for _ in 0..3 {
        stage.pass(DAY);
        assert_eq!(name(stage.show_with(&second, 0, Some("k1")).await), "done");
        assert_eq!(name(stage.show_with(&first, 0, Some("k1")).await), "replayed");
    }
    stage.pass(WINDOW);
    assert_eq!(name(stage.show_with(&second, 0, Some("k2")).await), "rotated");
    stage.pass(WINDOW);
    assert_eq!(stage.show_with(&second, 0, Some("k1")).await, Refresh::Reused);
}

pub(super) async fn a_client_that_never_changes_its_key_keeps_its_token_until_the_idle_time_is_over<
    F: Factory,
>(
    factory: &F,
) {
    let stage = Stage::usual(factory).await;
    let (_, first) = stage.log_in().await;
    assert_eq!(name(stage.show_with(&first, 0, Some("always the same")).await), "rotated");
    let second = stage.after(&first);
    stage.pass(13 * DAY);
    assert_eq!(name(stage.show_with(&second, 0, Some("always the same")).await), "done");
    stage.pass(DAY);
    assert_eq!(stage.show_with(&second, 0, Some("always the same")).await, Refresh::Expired);
}

pub(super) async fn strict_mode_forgives_nothing_but_a_retry_with_its_key<F: Factory>(factory: &F) {
    let stage = Stage::strict(factory).await;
    let (_, first) = stage.log_in().await;
    assert_eq!(name(stage.show_with(&first, 0, Some("k1")).await), "rotated");
    assert_eq!(name(stage.show_with(&first, 0, Some("k1")).await), "replayed");
    let second = stage.after(&first);
    let third = stage.rotate(&second).await;
    assert_eq!(stage.show(&second).await, Refresh::Reused);
    assert_eq!(stage.show(&third).await, Refresh::Reused);
}

pub(super) async fn a_lost_rotation_is_redone<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    let (_, first) = stage.log_in().await;
    // The client has the second token, and the store has no record of that rotation.
    let second = stage.after(&first);
    assert_eq!(name(stage.show(&second).await), "kept");
    assert_eq!(name(stage.show(&first).await), "replayed");
    stage.pass(WINDOW);
    assert_eq!(name(stage.show(&second).await), "rotated");
}

pub(super) async fn a_lost_rotation_is_redone_and_followed_by_the_next_in_strict_mode<F: Factory>(
    factory: &F,
) {
    let stage = Stage::strict(factory).await;
    let (_, first) = stage.log_in().await;
    let second = stage.after(&first);
    let third = stage.rotate(&second).await;
    stage.rotate(&third).await;
}

pub(super) async fn a_token_two_steps_ahead_shows_a_store_that_went_back_and_harms_nobody<F: Factory>(
    factory: &F,
) {
    let stage = Stage::usual(factory).await;
    let (session_id, first) = stage.log_in().await;
    let third = stage.after(&stage.after(&first));
    assert_eq!(stage.show(&third).await, Refresh::Ahead);
    stage.rotate(&first).await;
    // Only the record of a live session can be behind: an ended session stays ended, whatever token is presented.
    stage.store.end(stage.user, session_id).await.unwrap();
    assert_eq!(stage.show(&stage.after(&stage.after(&third))).await, Refresh::Ended);
}

pub(super) async fn an_unused_session_expires<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    let (_, token) = stage.log_in().await;
    stage.pass(14 * DAY - MOMENT);
    let token = stage.rotate(&token).await;
    stage.pass(14 * DAY);
    assert_eq!(stage.show(&token).await, Refresh::Expired);
    assert_eq!(stage.show(&token).await, Refresh::Expired);
}

pub(super) async fn use_renews_the_idle_limit_and_never_the_absolute_one<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    let (_, mut token) = stage.log_in().await;
    let mut left = Vec::new();
    for _ in 0..4 {
        stage.pass(7 * DAY);
        let verdict = stage.show(&token).await;
        assert_eq!(name(verdict), "rotated");
        left.push(days_left(verdict));
        token = stage.after(&token);
    }
    assert_eq!(left, [14, 14, 9, 2]);
    stage.pass(2 * DAY);
    assert_eq!(stage.show(&token).await, Refresh::Expired);
}

pub(super) async fn a_session_that_is_not_there_has_ended<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    let (session_id, token) = stage.log_in().await;
    let elsewhere = Stage::usual(factory).await;
    assert!(stage.store.end(stage.user, session_id).await.unwrap());
    assert_eq!(stage.show(&token).await, Refresh::Ended);
    assert_eq!(elsewhere.store.list(elsewhere.user, 0).await.unwrap(), []);
}
