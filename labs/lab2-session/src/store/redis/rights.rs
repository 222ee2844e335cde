//! The rights that the store needs of its Redis user.

use kit::redis::Rights;

/// Every command that the store sends, directly or from a script. The server checks them when it starts, and the
/// `ACL SETUSER` line in the book is computed from them.
pub(super) const RIGHTS: Rights = Rights {
    keys: "session:*",
    key: "session:rights",
    commands: &[
        "TIME",
        "EXISTS KEY",
        "GETEX KEY PX nonsense",
        "GET KEY",
        "SET KEY x NONSENSE",
        "UNLINK KEY",
        "PEXPIRE KEY nonsense",
        "HMGET KEY field",
        "HSET KEY field value nonsense",
        "ZADD KEY nonsense member",
        "ZCARD KEY",
        "ZRANGE KEY 0 -1",
        "ZRANGEBYSCORE KEY 0 1",
        "ZREM KEY member",
    ],
};

#[cfg(test)]
mod tests {
    use kit::config::RedisTimes;
    use kit::redis::ConnectError;
    use kit::testing::private_redis;
    use kit::{Clock, Redis, StartError};

    use super::RIGHTS;
    use crate::store::redis::RedisStore;
    use crate::suite::{Bench, LIMITS, shared};

    /// The command that an operator types, with `PASSWORD` in place of the password.
    fn line() -> String {
        format!("ACL SETUSER authlab reset on >PASSWORD {}", RIGHTS.rules())
    }

    async fn tell(hand: &Redis, line: &str) {
        let mut words = line.split(' ');
        let mut command = redis::cmd(words.next().unwrap());
        hand.query::<()>(command.arg(words.collect::<Vec<_>>())).await.unwrap();
    }

    #[tokio::test]
    async fn the_suite_holds_for_a_user_with_the_rights_that_the_book_lists_and_each_is_needed() {
        let Some(found) = private_redis().await else { return };
        let hand = Redis::connect_as_it_is(&found.url, RedisTimes::default()).await.unwrap();
        tell(&hand, &line().replace("PASSWORD", "secret")).await;
        let url = found.url.replace("redis://", "redis://authlab:secret@");
        let start = async || RedisStore::connect(&url, RedisTimes::default(), LIMITS, Clock::system()).await;
        start().await.unwrap();
        let redis = Redis::connect(&url, RedisTimes::default()).await.unwrap();
        shared::all(|| Bench::redis(&redis)).await;

        for rule in RIGHTS.rules().split(' ').filter(|rule| rule.starts_with('+')) {
            tell(&hand, &format!("ACL SETUSER authlab {}", rule.replace('+', "-"))).await;
            match start().await.err() {
                Some(StartError::Redis(ConnectError::Rights { missing, .. })) => assert_eq!(missing, rule),
                other => panic!("{rule}: {other:?}"),
            }
            tell(&hand, &format!("ACL SETUSER authlab {rule}")).await;
        }
        start().await.unwrap();
    }

    #[test]
    fn the_book_has_the_line_that_makes_the_user() {
        for language in ["en", "ja"] {
            let page = format!("{}/../../book/{language}/src/production.md", env!("CARGO_MANIFEST_DIR"));
            let text = std::fs::read_to_string(&page).unwrap();
            assert!(text.lines().any(|it| it == line()), "{page} lacks the line\n{}", line());
        }
    }
}
