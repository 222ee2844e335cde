//! A Redis that answers but cannot be relied on: its policy lets it evict keys, or its scripts are flushed.

use std::time::{Duration, Instant};

use harness::Failure;
use harness::design::{HYBRID, SESSION};
use kit::Redis;
use redis::cmd;
use serde_json::Value;

use super::judge;
use super::person::Person;
use super::row::{Outcome, Promise, Setup};
use super::stage::Stage;
use super::watch::Watch;

const RECOVERY: Duration = Duration::from_secs(2);

/// A Redis that may evict keys can lose refresh tokens, or make revoked ones valid again. The server must report this.
pub(crate) async fn eviction_policy(setup: &Setup) -> Result<Outcome, Failure> {
    let stage = Stage::start(setup).await?;
    let redis = stage.redis.connect().await?;
    let (hybrid, session) = (stage.on_hybrid("mobile").await?, stage.on_session().await?);
    let mut promises = Vec::new();
    for (name, person) in [(HYBRID.name, &hybrid), (SESSION.name, &session)] {
        set(&redis, "maxmemory", "100mb").await?;
        set(&redis, "maxmemory-policy", "allkeys-lru").await?;
        promises.push(
            ready(name, "not ready, and reports the policy", person, |status, body| {
                status == 503 && body["detail"].as_str().is_some_and(|detail| detail.contains("allkeys-lru"))
            })
            .await?,
        );
        set(&redis, "maxmemory-policy", "noeviction").await?;
        promises.push(ready(name, "ready with noeviction", person, |status, _| status == 200).await?);
    }
    Ok(Outcome::Seen(promises))
}

pub(super) async fn ready(
    name: &str,
    must: &str,
    person: &Person,
    holds: impl Fn(u16, &Value) -> bool,
) -> Result<Promise, Failure> {
    let (status, body) = person.readiness().await?;
    let detail = body["detail"].as_str().or(body["status"].as_str()).unwrap_or_default();
    Ok(Promise::new(format!("{name}: {must}"), format!("{status}, {detail}"), holds(status, &body)))
}

/// A restart or an operator makes Redis forget the scripts: the server loads them again within the same call.
pub(crate) async fn scripts_flushed(setup: &Setup) -> Result<Outcome, Failure> {
    let stage = Stage::start(setup).await?;
    let redis = stage.redis.connect().await?;
    let watch = Watch::begin(&stage).await?;
    let flushes = 10;
    for _ in 0..flushes {
        redis.query::<()>(cmd("SCRIPT").arg("FLUSH")).await?;
        watch.steady_since(Instant::now(), RECOVERY).await;
    }
    let seen = watch.end().await?;
    let promises = [judge::unnoticed(&seen)].into_iter().chain(judge::harmless(&seen));
    Ok(Outcome::Seen(promises.collect()))
}

pub(super) async fn set(redis: &Redis, name: &str, value: &str) -> Result<(), Failure> {
    Ok(redis.query::<()>(cmd("CONFIG").arg("SET").arg(name).arg(value)).await?)
}
