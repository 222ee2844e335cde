use kit::redis::discovery;

use super::*;
use crate::store::suite::{Factory, Stage};

struct Private(String);

impl Factory for Private {
    type Store = Redis;

    async fn make(&self, policy: Policy, clock: Clock) -> Redis {
        Redis::connect(&self.0, RedisTimes::default(), policy, clock).await.unwrap()
    }
}

#[tokio::test]
async fn a_command_past_its_deadline_does_nothing_and_its_answer_sets_the_clock_right() {
    let Some(program) = discovery::on_path() else {
        eprintln!("SKIPPED: neither valkey-server nor redis-server is on the PATH");
        return;
    };
    let found = discovery::from_program(&program).await.unwrap();
    let stage = Stage::usual(&Private(found.url.clone())).await;
    let (session_id, token) = stage.log_in().await;
    let minute = Duration::from_secs(60);

    stage.store.shared.server_clock.fall_behind(minute);
    assert!(matches!(stage.store.end(stage.user, session_id).await, Err(StoreError::Late)));
    assert!(stage.store.live(stage.user, session_id, 0).await.unwrap().is_some());
    stage.store.shared.server_clock.fall_behind(minute);
    assert!(matches!(stage.store.end_all(stage.user, 1).await, Err(StoreError::Late)));
    stage.rotate(&token).await;
}

#[test]
fn a_users_keys_share_one_slot() {
    let keys = UserKeys::of(Uuid::from_u128(0xab));
    assert_eq!(keys.sessions(), "auth:{000000000000000000000000000000ab}:sessions");
    assert_eq!(keys.record("5"), "auth:{000000000000000000000000000000ab}:s:5");
    assert_eq!(keys.dead("5"), "auth:{000000000000000000000000000000ab}:dead:5");
    assert_eq!(keys.epoch(), "auth:{000000000000000000000000000000ab}:epoch");
}

#[test]
fn replicas_are_known_by_what_the_primary_says() {
    assert!(!has_replicas("# Replication\r\nrole:master\r\nconnected_slaves:0\r\n"));
    assert!(has_replicas("# Replication\r\nrole:master\r\nconnected_slaves:2\r\n"));
}
