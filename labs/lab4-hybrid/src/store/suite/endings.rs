//! Tests of how sessions end, and of what an ending must not affect.

use std::collections::HashSet;

use kit::{Client, ClientKind};
use uuid::Uuid;

use super::Factory;
use super::stage::{DAY, MOMENT, Stage, WINDOW, name, policy};
use crate::store::{Issue, Policy, Refresh, Store};

pub(super) async fn one_session_ends_and_the_others_live<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    let (phone, phones) = stage.log_in().await;
    let (_, laptops) = stage.log_in().await;
    assert!(stage.store.end(stage.user, phone).await.unwrap());
    assert!(!stage.store.end(stage.user, phone).await.unwrap());
    assert_eq!(stage.show(&phones).await, Refresh::Ended);
    stage.rotate(&laptops).await;
}

pub(super) async fn nobody_ends_another_users_session<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    let (session_id, token) = stage.log_in().await;
    assert!(!stage.store.end(Uuid::new_v4(), session_id).await.unwrap());
    assert!(!stage.store.end(stage.user, Uuid::new_v4()).await.unwrap());
    stage.rotate(&token).await;
}

pub(super) async fn all_others_end_and_the_presenting_one_goes_on<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    let (keep, kept) = stage.log_in().await;
    let others = [stage.log_in().await, stage.log_in().await];
    assert_eq!(stage.store.end_others(stage.user, keep).await.unwrap(), 2);
    assert_eq!(stage.store.end_others(stage.user, keep).await.unwrap(), 0);
    for (_, token) in &others {
        assert_eq!(stage.show(token).await, Refresh::Ended);
    }
    let kept = stage.rotate(&kept).await;
    let (_, later) = stage.log_in().await;
    stage.rotate(&later).await;
    assert_eq!(name(stage.show(&kept).await), "kept");
}

pub(super) async fn what_has_expired_is_none_of_the_others<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    stage.log_in().await;
    stage.pass(7 * DAY);
    let (keep, _) = stage.log_in().await;
    stage.log_in().await;
    stage.pass(7 * DAY);
    assert_eq!(stage.store.end_others(stage.user, keep).await.unwrap(), 1);
}

pub(super) async fn everything_before_an_epoch_ends<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    let before = [stage.log_in().await, stage.log_in().await];
    stage.store.end_all(stage.user, 1).await.unwrap();
    for (_, token) in &before {
        // Refused even if the server read the account's row before the epoch was raised.
        assert_eq!(stage.show_with(token, 0, None).await, Refresh::Ended);
    }
    let (_, after) = stage.log_in_under(1).await.unwrap();
    assert_eq!(name(stage.show_with(&after, 1, None).await), "rotated");
}

pub(super) async fn raising_the_epoch_twice_or_backwards_changes_nothing<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    assert_eq!(stage.store.end_all(stage.user, 5).await.unwrap(), 5);
    let (_, token) = stage.log_in_under(5).await.unwrap();
    assert_eq!(stage.store.end_all(stage.user, 5).await.unwrap(), 5);
    // The caller is told that its row is too old, and nothing was ended.
    assert_eq!(stage.store.end_all(stage.user, 4).await.unwrap(), 5);
    assert_eq!(name(stage.show_with(&token, 5, None).await), "rotated");
    assert_eq!(stage.open(&stage.first_token(), 4).await, Issue::Stale { epoch: 5 });
}

pub(super) async fn the_row_ends_a_session_that_the_store_has_not_heard_about<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    let (session_id, token) = stage.log_in().await;
    assert!(stage.store.live(stage.user, session_id, 0).await.unwrap().is_some());
    assert_eq!(stage.store.live(stage.user, session_id, 1).await.unwrap(), None);
    assert_eq!(stage.store.list(stage.user, 1).await.unwrap(), []);
    assert_eq!(stage.show_with(&token, 1, None).await, Refresh::Ended);
    // The session has ended permanently, even for a server that still has the old row.
    assert_eq!(stage.show_with(&token, 0, None).await, Refresh::Ended);
}

pub(super) async fn a_log_in_behind_the_epoch_is_stale<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    stage.store.end_all(stage.user, 1).await.unwrap();
    assert!(stage.log_in_under(0).await.is_none());
    assert_eq!(stage.store.list(stage.user, 0).await.unwrap(), []);
    assert!(stage.log_in_under(1).await.is_some());
}

pub(super) async fn a_log_in_ahead_of_the_store_ends_what_was_before<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    let (_, before) = stage.log_in().await;
    let (after, _) = stage.log_in_under(2).await.unwrap();
    let listed = stage.store.list(stage.user, 0).await.unwrap();
    assert_eq!(listed.iter().map(|session| session.id).collect::<Vec<_>>(), [after]);
    assert_eq!(stage.show_with(&before, 0, None).await, Refresh::Ended);
}

pub(super) async fn the_cap_puts_out_the_least_recently_used<F: Factory>(factory: &F) {
    let stage = Stage::with(factory, Policy { sessions_per_user: 3, ..policy() }).await;
    let mut devices = Vec::new();
    for _ in 0..3 {
        devices.push(stage.log_in().await);
        stage.pass(MOMENT);
    }
    let renewed = stage.rotate(&devices[0].1).await;
    stage.pass(WINDOW);
    let (fourth, _) = stage.log_in().await;
    let ids: HashSet<Uuid> = stage.store.list(stage.user, 0).await.unwrap().iter().map(|s| s.id).collect();
    assert_eq!(ids, HashSet::from([devices[0].0, devices[2].0, fourth]));
    assert_eq!(stage.show(&devices[1].1).await, Refresh::Ended);
    stage.rotate(&renewed).await;
    stage.rotate(&devices[2].1).await;
}

pub(super) async fn a_log_in_forgets_no_ending<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    let (over, token) = stage.log_in().await;
    assert!(stage.store.end(stage.user, over).await.unwrap());
    let (_, newer) = stage.log_in().await;
    assert_eq!(stage.show(&token).await, Refresh::Ended);
    stage.rotate(&newer).await;
}

pub(super) async fn a_log_in_that_is_sent_twice_makes_room_once<F: Factory>(factory: &F) {
    let stage = Stage::with(factory, Policy { sessions_per_user: 2, ..policy() }).await;
    let (_, oldest) = stage.log_in().await;
    stage.pass(MOMENT);
    let (_, newer) = stage.log_in().await;
    stage.pass(MOMENT);
    let first = stage.first_token();
    // The response to the first command is lost, and the store's client sends the command again.
    for _ in 0..2 {
        assert!(matches!(stage.open(&first, 0).await, Issue::Issued { .. }));
    }
    assert_eq!(stage.show(&oldest).await, Refresh::Ended);
    stage.rotate(&newer).await;
    stage.rotate(first.token.expose()).await;
}

pub(super) async fn an_expired_session_takes_no_room_and_can_still_be_told<F: Factory>(factory: &F) {
    let stage = Stage::with(factory, Policy { sessions_per_user: 2, ..policy() }).await;
    let (gone, late) = stage.log_in().await;
    stage.pass(7 * DAY);
    let (_, alive) = stage.log_in().await;
    stage.pass(7 * DAY);
    let (_, _) = stage.log_in().await;
    stage.rotate(&alive).await;
    assert!(!stage.store.end(stage.user, gone).await.unwrap());
    assert_eq!(stage.show(&late).await, Refresh::Expired);
}

pub(super) async fn a_list_shows_what_is_alive<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    let before = stage.clock.now_ms();
    let (first, token) = stage.log_in().await;
    stage.pass(DAY);
    let (second, _) = stage.log_in().await;
    stage.pass(DAY);
    let ids = |sessions: &[crate::store::Session]| sessions.iter().map(|s| s.id).collect::<Vec<_>>();
    assert_eq!(ids(&stage.store.list(stage.user, 0).await.unwrap()), [second, first]);
    stage.rotate(&token).await;
    let listed = stage.store.list(stage.user, 0).await.unwrap();
    assert_eq!(ids(&listed), [first, second]);
    assert_eq!(listed[0].client, Client { kind: ClientKind::Mobile, device: Some("a phone".into()) });
    let days_since = |at_ms: u64| (at_ms + 60_000 - before) / DAY.as_millis() as u64;
    let times = [listed[0].created_at_ms, listed[0].seen_at_ms, listed[0].expires_at_ms].map(days_since);
    assert_eq!(times, [0, 2, 16]);
    stage.pass(14 * DAY - MOMENT);
    assert_eq!(ids(&stage.store.list(stage.user, 0).await.unwrap()), [first]);
    stage.pass(MOMENT);
    assert_eq!(stage.store.list(stage.user, 0).await.unwrap(), []);
}

pub(super) async fn aliveness_follows_every_ending<F: Factory>(factory: &F) {
    let stage = Stage::usual(factory).await;
    let [(one, _), (two, _), (three, token), (four, _)] =
        [stage.log_in().await, stage.log_in().await, stage.log_in().await, stage.log_in().await];
    let live = async |id| stage.store.live(stage.user, id, 0).await.unwrap().is_some();
    assert!(live(one).await && live(two).await && live(three).await && live(four).await);
    assert!(!live(Uuid::new_v4()).await);
    assert_eq!(stage.store.live(Uuid::new_v4(), one, 0).await.unwrap(), None);

    stage.store.end(stage.user, one).await.unwrap();
    assert!(!live(one).await && live(two).await);
    stage.rotate(&token).await;
    stage.pass(WINDOW);
    assert_eq!(stage.show(&token).await, Refresh::Reused);
    assert!(!live(three).await && live(two).await);
    stage.store.end_others(stage.user, four).await.unwrap();
    assert!(!live(two).await && live(four).await);
    stage.pass(14 * DAY);
    assert_eq!(stage.store.live(stage.user, four, 0).await.unwrap(), None, "it expired; no request ended it");

    let (five, _) = stage.log_in().await;
    assert!(live(five).await);
    stage.store.end_all(stage.user, 1).await.unwrap();
    assert!(!live(five).await);
}
