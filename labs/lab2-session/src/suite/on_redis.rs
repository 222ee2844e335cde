//! Checks of the content of the database, and of the commands that a request sends to it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use http::header::COOKIE as COOKIE_HEADER;
use http::request::Parts;
use kit::{Client, Origins, Redis, Scheme, User};
use redis::{FromRedisValue, cmd};
use tower_sessions::session::Record;
use tower_sessions::session_store::SessionStore;

use super::{Bench, LIMITS, somebody};
use crate::holder::{Holder, millis};
use crate::session::{COOKIE, Sessions};
use crate::store::Store;
use crate::store::redis::{RedisStore, epoch_key, hash, index_key, session_key};

super::redis_checks! {
    the_id_is_in_no_key_and_in_no_value
    every_key_has_a_ttl
    no_key_is_left_when_the_last_session_was_ended
    after_an_ending_of_all_only_the_epoch_is_left
    an_expired_session_is_collected_when_it_is_asked_for
    a_use_moves_the_ttl_on
    an_authenticated_request_is_exactly_one_command
    a_use_is_written_down_once_a_step
    a_session_takes_at_most_300_bytes
    scripts_that_were_flushed_are_taught_again
    a_full_redis_opens_no_session_and_lets_the_others_live_and_end
}

async fn the_id_is_in_no_key_and_in_no_value(redis: &Redis) {
    let bench = Bench::redis(redis);
    let record = bench.log_in(&somebody(1)).await;
    let (mut seen, secret) = (0, record.id.to_string());
    for key in keys(redis).await {
        let value: Vec<u8> = match &*ask::<String>(redis, &["TYPE", &key]).await {
            "string" => ask(redis, &["GET", &key]).await,
            _ => ask::<Vec<String>>(redis, &["ZRANGE", &key, "0", "-1"]).await.concat().into_bytes(),
        };
        let content = format!("{key} {}", String::from_utf8_lossy(&value));
        assert!(!content.contains(&secret), "{key}");
        assert!(!content.contains(&record.id.0.to_string()), "{key}");
        seen += usize::from(content.contains(&hash(&record.id)));
    }
    // Proof that the search works: it does find what is stored, in the session's key and in the index.
    assert_eq!(seen, 2);
}

async fn every_key_has_a_ttl(redis: &Redis) {
    let bench = Bench::redis(redis);
    let mut record = bench.log_in(&somebody(1)).await;
    all_have_a_ttl(redis, "after a log-in").await;
    record.data.insert("seen".into(), true.into());
    bench.store.save(&record).await.unwrap();
    all_have_a_ttl(redis, "after a save").await;
    bench.store.end_all(somebody(0).id, 1).await.unwrap();
    all_have_a_ttl(redis, "after an ending").await;
}

async fn all_have_a_ttl(redis: &Redis, when: &str) {
    for key in keys(redis).await {
        let ttl: i64 = ask(redis, &["PTTL", &key]).await;
        assert!(ttl > 0, "{key} {when}: {ttl}");
    }
}

async fn no_key_is_left_when_the_last_session_was_ended(redis: &Redis) {
    let (bench, user) = (Bench::redis(redis), somebody(0));
    let (first, second) = (bench.log_in(&user).await, bench.log_in(&user).await);
    assert_eq!(left_of(redis, &user, &[&first, &second]).await, 3);
    bench.store.delete(&first.id).await.unwrap();
    assert_eq!(left_of(redis, &user, &[&first, &second]).await, 2);
    bench.store.delete(&second.id).await.unwrap();
    assert_eq!(left_of(redis, &user, &[&first, &second]).await, 0);
}

async fn after_an_ending_of_all_only_the_epoch_is_left(redis: &Redis) {
    let (bench, user) = (Bench::redis(redis), somebody(0));
    let (first, second) = (bench.log_in(&user).await, bench.log_in(&user).await);
    bench.store.end_all(user.id, 1).await.unwrap();
    assert_eq!(left_of(redis, &user, &[&first, &second]).await, 1);
    let ttl: u64 = ask(redis, &["PTTL", &epoch_key(user.id)]).await;
    assert!(ttl <= millis(LIMITS.absolute + LIMITS.step()), "{ttl}");
}

async fn an_expired_session_is_collected_when_it_is_asked_for(redis: &Redis) {
    let (bench, user) = (Bench::redis(redis), somebody(0));
    let record = bench.log_in(&user).await;
    bench.clock.advance(LIMITS.idle);
    // Redis' own time has not advanced, so the key's TTL has not ended the session yet.
    assert_eq!(left_of(redis, &user, &[&record]).await, 2);
    assert!(!bench.is_alive(&record).await);
    assert_eq!(left_of(redis, &user, &[&record]).await, 0);
}

async fn a_use_moves_the_ttl_on(redis: &Redis) {
    let bench = Bench::redis(redis);
    let record = bench.log_in(&somebody(0)).await;
    let key = session_key(&hash(&record.id));
    let _: () = ask(redis, &["PEXPIRE", &key, "60000"]).await;
    assert!(bench.is_alive(&record).await);
    let ttl: u64 = ask(redis, &["PTTL", &key]).await;
    assert!(ttl > 60_000, "{ttl}");
}

async fn an_authenticated_request_is_exactly_one_command(redis: &Redis) {
    let (_, scheme, request) = logged_in(redis).await;
    scheme.authenticate(&request).await.unwrap();
    let before = commands(redis).await;
    for _ in 0..10 {
        scheme.authenticate(&request).await.unwrap();
    }
    assert_eq!(since(&before, &commands(redis).await), [("getex".to_owned(), 10)].into());
}

async fn a_use_is_written_down_once_a_step(redis: &Redis) {
    let (bench, scheme, request) = logged_in(redis).await;
    // The first use loads the script into Redis, so its commands are not counted.
    bench.clock.advance(LIMITS.step());
    scheme.authenticate(&request).await.unwrap();
    bench.clock.advance(LIMITS.step());
    let before = commands(redis).await;
    for _ in 0..10 {
        scheme.authenticate(&request).await.unwrap();
    }
    let since = since(&before, &commands(redis).await);
    // The request that records the use reads the whole record besides, to change only the holder in it.
    assert_eq!((since.get("getex"), since.get("evalsha")), (Some(&11), Some(&1)), "{since:?}");
}

async fn a_session_takes_at_most_300_bytes(redis: &Redis) {
    let (bench, user) = (Bench::redis(redis), somebody(0));
    let record = bench.log_in(&user).await;
    let size = async |key: String| -> usize { ask(redis, &["MEMORY", "USAGE", &key]).await };
    let (session, one) = (session_key(&hash(&record.id)), size(index_key(user.id)).await);
    let session = size(session).await;
    bench.log_in(&user).await;
    let in_index = size(index_key(user.id)).await - one;
    assert!(session + in_index <= 300, "{session} and {in_index} bytes");
}

async fn scripts_that_were_flushed_are_taught_again(redis: &Redis) {
    let bench = Bench::redis(redis);
    let first = bench.log_in(&somebody(0)).await;
    let _: () = ask(redis, &["SCRIPT", "FLUSH"]).await;
    let second = bench.log_in(&somebody(0)).await;
    assert!(bench.is_alive(&first).await);
    assert!(bench.is_alive(&second).await);
}

async fn a_full_redis_opens_no_session_and_lets_the_others_live_and_end(redis: &Redis) {
    let (bench, user) = (Bench::redis(redis), somebody(0));
    let (mut used, ended, other) =
        (bench.log_in(&user).await, bench.log_in(&user).await, bench.log_in(&user).await);
    let _: () = ask(redis, &["CONFIG", "SET", "maxmemory", "1"]).await;

    // Refused too where the limit per user, or a higher epoch, would have the login end another session first.
    for epoch in [0, 1] {
        let mut record = bench.record(&User { epoch, ..user.clone() });
        let refused = bench.store.create(&mut record).await.unwrap_err();
        assert!(refused.to_string().contains("OOM"), "{refused}");
    }
    assert!(bench.store.ready().await.unwrap_err().problem.starts_with("is full"));
    used.data.insert("seen".into(), true.into());
    bench.store.save(&used).await.unwrap();
    assert_eq!(bench.store.load(&used.id).await.unwrap().unwrap().data, used.data);
    bench.store.delete(&ended.id).await.unwrap();
    assert!(!bench.is_alive(&ended).await);
    bench.store.end_others(user.id, Holder::among(&used.data).unwrap().session_id).await.unwrap();
    assert_eq!((bench.is_alive(&other).await, bench.is_alive(&used).await), (false, true));
    bench.store.end_all(user.id, 1).await.unwrap();
    assert!(!bench.is_alive(&used).await);
    // There is no session to end, but the epoch must be stored: a login with an older epoch must be refused later.
    bench.store.end_all(somebody(0).id, 1).await.unwrap();

    let _: () = ask(redis, &["CONFIG", "SET", "maxmemory", "0"]).await;
    assert_eq!(bench.store.ready().await, Ok(()));
    bench.log_in(&User { epoch: 1, ..user }).await;
}

/// A scheme over a new store, and the request of a user who has logged in there.
async fn logged_in(redis: &Redis) -> (Bench<RedisStore>, Sessions<RedisStore>, Parts) {
    let bench = Bench::redis(redis);
    let origins = Origins::new(&[], SocketAddr::from(([127, 0, 0, 1], 8080)), "session");
    let store = RedisStore::new(redis.clone(), LIMITS, bench.clock.clone());
    let scheme = Sessions::new(store, LIMITS, bench.clock.clone(), origins);
    let mut request = http::Request::new(()).into_parts().0;
    let (cookie, _) = scheme.issue(&request, &somebody(0), &Client::default()).await.unwrap();
    let response = axum::response::IntoResponse::into_response(cookie);
    let cookie = response.headers()[http::header::SET_COOKIE].to_str().unwrap();
    let pair = cookie.split(';').next().unwrap();
    assert!(pair.starts_with(COOKIE.name));
    request.headers.insert(COOKIE_HEADER, pair.parse().unwrap());
    (bench, scheme, request)
}

async fn ask<T: FromRedisValue>(redis: &Redis, words: &[&str]) -> T {
    let mut command = cmd(words[0]);
    command.arg(&words[1..]);
    redis.query(&command).await.unwrap()
}

async fn keys(redis: &Redis) -> Vec<String> {
    let mut found = Vec::new();
    let mut cursor = "0".to_owned();
    loop {
        let (next, keys): (String, Vec<String>) =
            ask(redis, &["SCAN", &cursor, "MATCH", "session:*", "COUNT", "1000"]).await;
        found.extend(keys);
        if next == "0" {
            return found;
        }
        cursor = next;
    }
}

/// How many keys Redis has of a user and of these sessions.
async fn left_of(redis: &Redis, user: &User, records: &[&Record]) -> usize {
    let mut exists = cmd("EXISTS");
    exists.arg(index_key(user.id)).arg(epoch_key(user.id));
    for record in records {
        exists.arg(session_key(&hash(&record.id)));
    }
    redis.query(&exists).await.unwrap()
}

/// How often Redis has run each command, except those that read this statistic.
async fn commands(redis: &Redis) -> BTreeMap<String, u64> {
    let info: String = ask(redis, &["INFO", "commandstats"]).await;
    let calls = info.lines().filter_map(|line| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        Some((name.to_owned(), rest.split(',').next()?.parse().ok()?))
    });
    // `HELLO` is sent by the connection itself, to ask for the server's role.
    calls.filter(|(name, _)| !["info", "hello"].contains(&name.as_str())).collect()
}

fn since(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> BTreeMap<String, u64> {
    let delta = after.iter().map(|(name, calls)| (name.clone(), calls - before.get(name).unwrap_or(&0)));
    delta.filter(|(_, calls)| *calls > 0).collect()
}
