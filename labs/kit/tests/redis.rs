//! The connection to Redis, tested against a real Redis, against no server, and against a server that is not Redis.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::{Duration, Instant};

use kit::Redis;
use kit::config::RedisTimes;
use kit::redis::ConnectError;
use kit::testing::private_redis;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

async fn connect(url: &str) -> Result<Redis, ConnectError> {
    Redis::connect(url, RedisTimes::default()).await
}

/// A server that answers every request with these bytes, or with silence.
async fn answering(bytes: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _peer)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 1024];
                while matches!(stream.read(&mut request).await, Ok(1..)) {
                    if stream.write_all(bytes).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    url
}

#[tokio::test]
async fn a_redis_is_known_by_its_version() {
    let Some(found) = private_redis().await else { return };
    let redis = connect(&found.url).await.unwrap();
    let version = redis.version().await.unwrap();
    assert_eq!(found.description, format!("{version} (path)"));
    assert_eq!(redis.ready().await, Ok(()));
}

#[tokio::test]
async fn what_answers_as_something_else_is_told_from_nobody_at_all() {
    let web = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    assert!(matches!(
        connect(&web).await,
        Err(ConnectError::NotRedis { .. } | ConnectError::Unreachable { .. })
    ));
    assert!(matches!(connect("redis://127.0.0.1:1").await, Err(ConnectError::Unreachable { .. })));
    assert!(matches!(connect("redis://").await, Err(ConnectError::Url { .. })));
}

#[tokio::test]
async fn somebody_silent_is_given_up_in_time() {
    let silent = answering(b"").await;
    let start = Instant::now();
    assert!(connect(&silent).await.is_err());
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_redis_that_may_forget_is_not_ready_and_says_why() {
    let Some(found) = private_redis().await else { return };
    let redis = connect(&found.url).await.unwrap();
    let set = async |name: &str, value: &str| {
        redis.query::<()>(redis::cmd("CONFIG").arg("SET").arg(name).arg(value)).await.unwrap();
    };
    set("maxmemory", "100mb").await;
    assert_eq!(redis.ready().await, Ok(()));
    set("maxmemory-policy", "allkeys-lru").await;
    let not_ready = redis.ready().await.unwrap_err();
    assert_eq!(not_ready.part, "redis");
    assert!(not_ready.problem.contains("allkeys-lru"), "{}", not_ready.problem);
}

/// Sends a signal to a process.
fn signal(name: &str, pid: u32) {
    let sent = std::process::Command::new("kill").args([name, &pid.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// A Redis process that is frozen while this exists, and continues afterwards whatever the test does.
struct Frozen(u32);

impl Frozen {
    fn freeze(pid: u32) -> Self {
        signal("-STOP", pid);
        Self(pid)
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        signal("-CONT", self.0);
    }
}

#[tokio::test]
async fn a_frozen_redis_is_refused_at_once_after_a_few_calls_and_found_again_when_it_thaws() {
    let Some(found) = private_redis().await else { return };
    let redis = connect(&found.url).await.unwrap();
    let ping = redis::cmd("PING");
    let frozen = Frozen::freeze(found.pid().unwrap());
    let opened = tokio::time::timeout(Duration::from_secs(10), async {
        // Each of the first calls waits for its timeout; the breaker refuses without waiting.
        loop {
            let start = Instant::now();
            let refused = redis.query::<String>(&ping).await.unwrap_err();
            assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
            if refused.to_string().contains("has not answered for a while") {
                break;
            }
        }
    });
    opened.await.expect("the breaker opens");

    drop(frozen);
    let back = tokio::time::timeout(Duration::from_secs(2), async {
        while redis.query::<String>(&ping).await.is_err() {
            tokio::task::yield_now().await;
        }
    });
    back.await.expect("it is found again within 2 s");
}

#[tokio::test]
async fn calls_beyond_the_bound_are_refused_and_not_queued() {
    let Some(found) = private_redis().await else { return };
    let times = RedisTimes { in_flight: 2, ..RedisTimes::default() };
    let redis = Redis::connect(&found.url, times).await.unwrap();
    let ping = redis::cmd("PING");
    let _frozen = Frozen::freeze(found.pid().unwrap());
    let (first, second, third) =
        tokio::join!(redis.query::<()>(&ping), redis.query::<()>(&ping), redis.query::<()>(&ping));
    let says = |answer: redis::RedisResult<()>| answer.unwrap_err().to_string();
    assert!(!says(first).contains("too many") && !says(second).contains("too many"));
    assert!(says(third).contains("too many calls are waiting"));
}

#[tokio::test]
async fn an_error_that_redis_itself_wrote_opens_nothing() {
    let Some(found) = private_redis().await else { return };
    let redis = connect(&found.url).await.unwrap();
    for _ in 0..20 {
        redis.query::<()>(&redis::cmd("NO-SUCH-COMMAND")).await.unwrap_err();
    }
    assert_eq!(redis.query::<String>(&redis::cmd("PING")).await.unwrap(), "PONG");
}

#[tokio::test]
async fn a_redis_that_went_away_is_told_within_the_deadline_and_found_again() {
    let Some(found) = private_redis().await else { return };
    let redis = connect(&found.url).await.unwrap();
    let ping = redis::cmd("PING");
    redis.query::<String>(&ping).await.unwrap();
    drop(found);
    let start = Instant::now();
    assert!(redis.query::<String>(&ping).await.is_err());
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}
