mod full;
mod rights;

use kit::Redis as Connection;

use super::*;
use crate::store::suite::Stage;
use crate::store::tests::InRedis;

#[tokio::test]
async fn a_command_past_its_deadline_does_nothing_and_its_answer_sets_the_clock_right() {
    let Some(server) = InRedis::start().await else { return };
    let stage = Stage::usual(&server).await;
    let (session_id, token) = stage.log_in().await;
    let minute = Duration::from_secs(60);

    stage.store.shared.server_clock.fall_behind(minute);
    assert!(matches!(stage.store.end(stage.user, session_id).await, Err(StoreError::Late)));
    assert!(stage.store.live(stage.user, session_id, 0).await.unwrap().is_some());
    stage.store.shared.server_clock.fall_behind(minute);
    assert!(matches!(stage.store.end_all(stage.user, 1).await, Err(StoreError::Late)));
    stage.rotate(&token).await;
}

/// Runs a command directly on Redis, to create the state that a crashed server or a failover leaves behind.
async fn by_hand(connection: &Connection, command: &[&str]) {
    let (name, arguments) = command.split_first().unwrap();
    connection.query::<()>(::redis::cmd(name).arg(arguments)).await.unwrap();
}

#[tokio::test]
async fn a_session_out_of_the_set_is_over_though_its_record_is_still_there() {
    let Some(server) = InRedis::start().await else { return };
    let (stage, connection) = (Stage::usual(&server).await, server.connection().await);
    let (session_id, token) = stage.log_in().await;
    let (keys, sid) = (UserKeys::of(stage.user), sid(session_id));
    by_hand(&connection, &["ZREM", &keys.sessions(), &sid]).await;
    assert_eq!(stage.store.live(stage.user, session_id, 0).await.unwrap(), None);
    assert_eq!(stage.show(&token).await, Refresh::Ended);
    let records: u64 = connection.query(::redis::cmd("EXISTS").arg(keys.record(&sid))).await.unwrap();
    assert_eq!(records, 0);
}

#[tokio::test]
async fn a_session_that_a_failover_brought_back_is_ended_by_the_epoch() {
    let Some(server) = InRedis::start().await else { return };
    let (stage, connection) = (Stage::usual(&server).await, server.connection().await);
    let (session_id, token) = stage.log_in().await;
    by_hand(&connection, &["SET", &UserKeys::of(stage.user).epoch(), "1", "EX", "60"]).await;
    assert_eq!(stage.store.live(stage.user, session_id, 0).await.unwrap(), None);
    assert_eq!(stage.store.list(stage.user, 0).await.unwrap(), []);
    assert_eq!(stage.show(&token).await, Refresh::Ended);
}

#[tokio::test]
async fn a_raised_epoch_outlives_every_session_and_every_record_that_it_ends() {
    let Some(server) = InRedis::start().await else { return };
    let (stage, connection) = (Stage::usual(&server).await, server.connection().await);
    stage.log_in().await;
    stage.store.end_all(stage.user, 1).await.unwrap();
    let epoch = UserKeys::of(stage.user).epoch();
    let ttl_s: u64 = connection.query(::redis::cmd("TTL").arg(&epoch)).await.unwrap();
    let policy = stage.policy();
    assert_eq!(ttl_s.div_ceil(60), (policy.absolute + policy.expired_remembered).as_secs() / 60);
}

#[tokio::test]
async fn times_from_a_faster_clock_are_taken_as_now() {
    let Some(server) = InRedis::start().await else { return };
    let (stage, connection) = (Stage::usual(&server).await, server.connection().await);
    let (session_id, first) = stage.log_in().await;
    let second = stage.rotate(&first).await;
    let record = UserKeys::of(stage.user).record(&sid(session_id));
    let tomorrow = (stage.clock.now_ms() + 86_400_000).to_string();
    by_hand(&connection, &["HSET", &record, "rotated", &tomorrow, "handed", &tomorrow]).await;
    // If the script believed these times, the second token would stay unchanged for a day, and the first would be
    // accepted for as long.
    assert!(matches!(stage.show(&first).await, Refresh::Replayed { .. }));
    stage.pass(stage.policy().window);
    stage.rotate(&second).await;
}

#[tokio::test]
async fn use_renews_the_life_of_the_record_that_redis_was_told() {
    let Some(server) = InRedis::start().await else { return };
    let (stage, connection) = (Stage::strict(&server).await, server.connection().await);
    let (session_id, token) = stage.log_in().await;
    let record = UserKeys::of(stage.user).record(&sid(session_id));
    by_hand(&connection, &["EXPIRE", &record, "60"]).await;
    stage.rotate(&token).await;
    let ttl_s: u64 = connection.query(::redis::cmd("TTL").arg(&record)).await.unwrap();
    let policy = stage.policy();
    assert_eq!(ttl_s.div_ceil(60), (policy.idle + policy.expired_remembered).as_secs() / 60);
}

#[tokio::test]
async fn every_ending_empties_the_set_so_the_ended_take_no_room() {
    let Some(server) = InRedis::start().await else { return };
    let connection = server.connection().await;
    for ending in ["ended", "reused", "behind the row's epoch", "all ended", "expired"] {
        let stage = Stage::strict(&server).await;
        let (session_id, token) = stage.log_in().await;
        match ending {
            "ended" => assert!(stage.store.end(stage.user, session_id).await.unwrap()),
            "reused" => {
                stage.rotate(&token).await;
                assert_eq!(stage.show(&token).await, Refresh::Reused);
            }
            "behind the row's epoch" => assert_eq!(stage.show_with(&token, 1, None).await, Refresh::Ended),
            "all ended" => assert_eq!(stage.store.end_all(stage.user, 1).await.unwrap(), 1),
            _ => {
                stage.pass(stage.policy().idle);
                assert_eq!(stage.show(&token).await, Refresh::Expired);
            }
        }
        let keys = UserKeys::of(stage.user);
        let (sessions, record) = (keys.sessions(), keys.record(&sid(session_id)));
        let left: u64 = connection.query(::redis::cmd("EXISTS").arg(sessions).arg(record)).await.unwrap();
        assert_eq!(left, 0, "{ending}");
    }
}

#[tokio::test]
async fn the_set_holds_no_more_than_the_cap_and_nobody_from_before_an_epoch() {
    let Some(server) = InRedis::start().await else { return };
    let policy = Policy { sessions_per_user: 2, ..Stage::usual(&server).await.policy() };
    let (stage, connection) = (Stage::with(&server, policy).await, server.connection().await);
    let sessions = UserKeys::of(stage.user).sessions();
    let size = async || connection.query::<u64>(::redis::cmd("ZCARD").arg(&sessions)).await.unwrap();
    for expected in [1, 2, 2] {
        stage.log_in().await;
        assert_eq!(size().await, expected);
    }
    stage.log_in_under(1).await.unwrap();
    assert_eq!(size().await, 1);
}

#[tokio::test]
async fn why_a_single_session_ended_is_remembered_as_long_as_an_access_token_lives() {
    let Some(server) = InRedis::start().await else { return };
    let (stage, connection) = (Stage::strict(&server).await, server.connection().await);
    let [(ended, _), (reused, token), (other, _), (keep, _)] =
        [stage.log_in().await, stage.log_in().await, stage.log_in().await, stage.log_in().await];
    stage.store.end(stage.user, ended).await.unwrap();
    stage.rotate(&token).await;
    stage.show(&token).await;
    stage.store.end_others(stage.user, keep).await.unwrap();
    for (session_id, why) in [(ended, "ended"), (reused, "reused"), (other, "ended")] {
        let dead = UserKeys::of(stage.user).dead(&sid(session_id));
        let mut both = ::redis::pipe();
        both.cmd("GET").arg(&dead).cmd("TTL").arg(&dead);
        let (word, ttl_s): (String, u64) = connection.pipeline(&both).await.unwrap();
        assert_eq!((word.as_str(), ttl_s.div_ceil(60)), (why, 15));
    }
}

#[test]
fn a_users_keys_share_one_slot() {
    let keys = UserKeys::of(Uuid::from_u128(0xab));
    assert_eq!(keys.sessions(), "auth:{000000000000000000000000000000ab}:sessions");
    assert_eq!(keys.record("5"), "auth:{000000000000000000000000000000ab}:s:5");
    assert_eq!(keys.dead("5"), "auth:{000000000000000000000000000000ab}:dead:5");
    assert_eq!(keys.epoch(), "auth:{000000000000000000000000000000ab}:epoch");
}
