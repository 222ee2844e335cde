//! Checks of what every store guarantees.

use std::time::Duration;

use tower_sessions::session::Id;
use tower_sessions::session_store::Error;

use super::{Bench, LIMITS, somebody};
use crate::holder::{Holder, moment};
use crate::store::{Store, store_ahead};

super::shared_checks! {
    a_created_session_is_found_as_it_was
    an_unknown_id_is_not_found
    an_id_that_is_taken_is_left_alone_and_another_is_drawn
    a_session_without_a_holder_is_refused
    a_saved_session_is_changed_and_an_ended_one_is_not_brought_back
    a_session_is_alive_until_its_expiry_and_over_exactly_then
    a_save_moves_the_expiry_on
    an_ended_session_is_gone_and_ending_it_again_is_no_error
    ending_the_others_leaves_the_presenting_one_and_other_users_alone
    ending_all_leaves_other_users_alone_and_takes_new_log_ins
    a_log_in_from_before_an_ending_is_refused_after_it
    an_ending_that_never_arrived_is_made_up_for_by_the_next_log_in
    an_ending_that_arrives_late_leaves_newer_sessions_alone
    the_least_recently_used_session_makes_room
    expired_sessions_make_room_before_living_ones
    no_log_in_slips_past_an_ending
}

async fn a_created_session_is_found_as_it_was<S: Store>(bench: Bench<S>) {
    let made = bench.log_in(&somebody(0)).await;
    let found = bench.store.load(&made.id).await.unwrap().unwrap();
    assert_eq!((found.id, &found.data), (made.id, &made.data));
    assert_eq!(found.expiry_date, made.expiry_date);
}

async fn an_unknown_id_is_not_found<S: Store>(bench: Bench<S>) {
    assert_eq!(bench.store.load(&Id::default()).await.unwrap(), None);
}

async fn an_id_that_is_taken_is_left_alone_and_another_is_drawn<S: Store>(bench: Bench<S>) {
    let first = bench.log_in(&somebody(0)).await;
    let mut second = bench.record(&somebody(0));
    second.id = first.id;
    bench.store.create(&mut second).await.unwrap();
    assert_ne!(second.id, first.id);
    assert_eq!(bench.store.load(&first.id).await.unwrap().unwrap().data, first.data);
    assert_eq!(bench.store.load(&second.id).await.unwrap().unwrap().data, second.data);
}

async fn a_session_without_a_holder_is_refused<S: Store>(bench: Bench<S>) {
    let mut nobody = bench.record(&somebody(0));
    nobody.data.clear();
    assert!(matches!(bench.store.create(&mut nobody).await, Err(Error::Encode(_))));
}

async fn a_saved_session_is_changed_and_an_ended_one_is_not_brought_back<S: Store>(bench: Bench<S>) {
    let mut record = bench.log_in(&somebody(0)).await;
    record.data.insert("seen".into(), true.into());
    bench.store.save(&record).await.unwrap();
    assert_eq!(bench.store.load(&record.id).await.unwrap().unwrap().data, record.data);
    // A slow request read the session before the logout, and saves it afterwards.
    bench.store.delete(&record.id).await.unwrap();
    bench.store.save(&record).await.unwrap();
    assert!(!bench.is_alive(&record).await);
}

async fn a_session_is_alive_until_its_expiry_and_over_exactly_then<S: Store>(bench: Bench<S>) {
    let user = somebody(0);
    let before = bench.clock.now_ms();
    let mut record = bench.record(&user);
    // Far longer than the test runs. The clock advances to 10 seconds before the expiry.
    record.expiry_date = moment(before + 900_000);
    bench.store.create(&mut record).await.unwrap();
    bench.clock.advance(Duration::from_millis(890_000));
    assert!(bench.is_alive(&record).await);
    // Exact to the millisecond: a session is over at its expiry.
    let mut over = bench.record(&user);
    over.expiry_date = moment(bench.clock.now_ms());
    bench.store.create(&mut over).await.unwrap();
    assert!(!bench.is_alive(&over).await);
    bench.clock.advance(Duration::from_millis(10_000));
    assert!(!bench.is_alive(&record).await);
}

async fn a_save_moves_the_expiry_on<S: Store>(bench: Bench<S>) {
    let user = somebody(0);
    let (mut used, unused) = (bench.log_in(&user).await, bench.log_in(&user).await);
    bench.clock.advance(LIMITS.idle / 2);
    used.expiry_date += LIMITS.idle / 2;
    bench.store.save(&used).await.unwrap();
    bench.clock.advance(LIMITS.idle / 2);
    assert!(bench.is_alive(&used).await);
    assert!(!bench.is_alive(&unused).await);
}

async fn an_ended_session_is_gone_and_ending_it_again_is_no_error<S: Store>(bench: Bench<S>) {
    let user = somebody(0);
    let (ended, other) = (bench.log_in(&user).await, bench.log_in(&user).await);
    bench.store.delete(&ended.id).await.unwrap();
    assert!(!bench.is_alive(&ended).await);
    assert!(bench.is_alive(&other).await);
    bench.store.delete(&ended.id).await.unwrap();
    bench.store.delete(&Id::default()).await.unwrap();
}

async fn ending_the_others_leaves_the_presenting_one_and_other_users_alone<S: Store>(bench: Bench<S>) {
    let user = somebody(0);
    let (other, presenting) = (bench.log_in(&user).await, bench.log_in(&user).await);
    let neighbour = bench.log_in(&somebody(0)).await;
    let keep = Holder::among(&presenting.data).unwrap().session_id;
    bench.store.end_others(user.id, keep).await.unwrap();
    assert!(!bench.is_alive(&other).await);
    assert!(bench.is_alive(&presenting).await);
    assert!(bench.is_alive(&neighbour).await);
}

async fn ending_all_leaves_other_users_alone_and_takes_new_log_ins<S: Store>(bench: Bench<S>) {
    let mut user = somebody(0);
    let (first, second) = (bench.log_in(&user).await, bench.log_in(&user).await);
    let neighbour = bench.log_in(&somebody(0)).await;
    user.epoch = 1;
    bench.store.end_all(user.id, user.epoch).await.unwrap();
    assert!(!bench.is_alive(&first).await);
    assert!(!bench.is_alive(&second).await);
    assert!(bench.is_alive(&neighbour).await);
    let after = bench.log_in(&user).await;
    assert!(bench.is_alive(&after).await);
}

async fn a_log_in_from_before_an_ending_is_refused_after_it<S: Store>(bench: Bench<S>) {
    let user = somebody(4);
    bench.store.end_all(user.id, 5).await.unwrap();
    let mut late = bench.record(&user);
    match bench.store.create(&mut late).await {
        Err(refusal @ Error::Backend(_)) => assert_eq!(refusal.to_string(), store_ahead(5).to_string()),
        other => panic!("{other:?}"),
    }
    assert!(!bench.is_alive(&late).await);
}

async fn an_ending_that_never_arrived_is_made_up_for_by_the_next_log_in<S: Store>(bench: Bench<S>) {
    let mut user = somebody(1);
    let before = bench.log_in(&user).await;
    let same_epoch = bench.log_in(&user).await;
    assert!(bench.is_alive(&before).await);
    // The epoch in the account's row was raised during an outage of the store.
    user.epoch = 2;
    let after = bench.log_in(&user).await;
    assert!(!bench.is_alive(&before).await);
    assert!(!bench.is_alive(&same_epoch).await);
    assert!(bench.is_alive(&after).await);
}

async fn an_ending_that_arrives_late_leaves_newer_sessions_alone<S: Store>(bench: Bench<S>) {
    let user = somebody(2);
    let newer = bench.log_in(&user).await;
    for late in [1, 2] {
        assert_eq!(bench.store.end_all(user.id, late).await.unwrap(), 2);
        assert!(bench.is_alive(&newer).await, "epoch {late}");
    }
    assert_eq!(bench.store.end_all(user.id, 3).await.unwrap(), 3);
    assert!(!bench.is_alive(&newer).await);
}

async fn the_least_recently_used_session_makes_room<S: Store>(bench: Bench<S>) {
    let user = somebody(0);
    let mut sessions = Vec::new();
    for _ in 0..LIMITS.per_user {
        sessions.push(bench.log_in(&user).await);
        bench.clock.advance(Duration::from_secs(1));
    }
    // The oldest session is used again, so the second one is now the least recently used.
    sessions[0].expiry_date += Duration::from_secs(60);
    bench.store.save(&sessions[0]).await.unwrap();
    let newest = bench.log_in(&user).await;
    assert!(bench.is_alive(&newest).await);
    let mut alive = Vec::new();
    for session in &sessions {
        alive.push(bench.is_alive(session).await);
    }
    assert_eq!(alive, [true, false, true]);
}

async fn expired_sessions_make_room_before_living_ones<S: Store>(bench: Bench<S>) {
    let user = somebody(0);
    let (expired, living) = (bench.log_in(&user).await, bench.log_in(&user).await);
    let mut living = living;
    bench.clock.advance(LIMITS.idle / 2);
    living.expiry_date += LIMITS.idle;
    bench.store.save(&living).await.unwrap();
    bench.clock.advance(LIMITS.idle / 2);
    for _ in 1..LIMITS.per_user {
        bench.log_in(&user).await;
    }
    assert!(bench.is_alive(&living).await);
    assert!(!bench.is_alive(&expired).await);
}

/// In whatever order logins and an ending reach the store, no session from before the ending is alive afterwards.
async fn no_log_in_slips_past_an_ending<S: Store>(bench: Bench<S>) {
    for round in 0..200 {
        let user = somebody(0);
        let mut records = [bench.record(&user), bench.record(&user)];
        let [one, two] = &mut records;
        let (store, end) = (&bench.store, bench.store.end_all(user.id, 1));
        // Each login either arrives after the ending and is refused, or arrives before it and its session is ended.
        let (first, second, ended) = match round % 2 {
            0 => tokio::join!(store.create(one), store.create(two), end),
            _ => {
                let (ended, first, second) = tokio::join!(end, store.create(one), store.create(two));
                (first, second, ended)
            }
        };
        ended.unwrap();
        for (record, made) in records.iter().zip([first, second]) {
            assert!(!bench.is_alive(record).await, "round {round}: {made:?}");
        }
    }
}
