//! Tests with a Redis user that has the rights listed in the book, and with users that have fewer.

use kit::redis::Rights;

use super::super::rights::RIGHTS;
use super::*;
use crate::store::suite::{self, Factory};
use crate::store::tests::{follow, times};

/// The command that an operator types, with `PASSWORD` in place of the password.
fn line() -> String {
    format!("ACL SETUSER authlab reset on >PASSWORD {}", RIGHTS.rules())
}

/// A factory for stores whose Redis user was created by that command.
struct AsTheBookSays(InRedis);

impl AsTheBookSays {
    async fn start() -> Option<Self> {
        let server = InRedis::start().await?;
        let line = line().replace("PASSWORD", "secret");
        by_hand(&server.connection().await, &line.split(' ').collect::<Vec<_>>()).await;
        Some(Self(server))
    }

    fn url(&self) -> String {
        self.0.url().replace("redis://", "redis://authlab:secret@")
    }
}

impl Factory for AsTheBookSays {
    type Store = Redis;

    async fn make(&self, policy: Policy, clock: Clock) -> Redis {
        Redis::connect(&self.url(), times(), policy, clock).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_suite_holds_for_a_user_with_the_rights_that_the_book_lists() {
    let Some(server) = AsTheBookSays::start().await else { return };
    suite::run_all(&server).await;
    assert_eq!(Stage::usual(&server).await.store.ready().await, Ok(()));
}

#[tokio::test]
async fn a_user_who_may_not_ask_for_info_waits_for_replicas_all_the_same() {
    let (Some(server), Some(replica)) = (AsTheBookSays::start().await, InRedis::start().await) else {
        return;
    };
    let policy = Stage::usual(&server).await.policy();
    follow(&replica, &server.0).await;
    let times = RedisTimes { response: Duration::from_secs(2), ..times() };
    let store = Redis::connect(&server.url(), times, policy, Clock::system()).await.unwrap();
    let stage = Stage::usual(&server).await.over(store);
    let [(one, _), (two, _)] = [stage.log_in().await, stage.log_in().await];
    assert!(stage.store.end(stage.user, one).await.unwrap());
    drop(replica);
    assert!(matches!(stage.store.end(stage.user, two).await, Err(StoreError::Unconfirmed)));
}

#[tokio::test]
async fn each_right_that_the_book_lists_is_needed_and_its_absence_is_told_at_the_start() {
    let Some(server) = AsTheBookSays::start().await else { return };
    let (policy, operator) = (Stage::usual(&server).await.policy(), server.0.connection().await);
    for rule in RIGHTS.rules().split(' ').filter(|rule| rule.starts_with('+')) {
        let taken = rule.replace('+', "-");
        by_hand(&operator, &["ACL", "SETUSER", "authlab", &taken]).await;
        match Redis::connect(&server.url(), times(), policy, Clock::system()).await.err() {
            Some(ConnectError::Rights { missing, .. }) => assert_eq!(missing, rule),
            other => panic!("{rule}: {other:?}"),
        }
        by_hand(&operator, &["ACL", "SETUSER", "authlab", rule]).await;
    }
    Redis::connect(&server.url(), times(), policy, Clock::system()).await.unwrap();
}

#[test]
fn the_book_has_the_line_that_makes_the_user() {
    for language in ["en", "ja"] {
        let page = format!("{}/../../book/{language}/src/production.md", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&page).unwrap();
        assert!(text.lines().any(|it| it == line()), "{page} lacks the line\n{}", line());
        assert!(text.contains(&Rights::cluster_rules()), "{page} lacks {}", Rights::cluster_rules());
    }
}
