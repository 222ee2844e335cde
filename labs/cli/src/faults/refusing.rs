//! A Redis that answers, and says no: forgetful by policy, without its scripts, read-only, full.

use std::time::{Duration, Instant};

use kit::Redis;
use redis::{Cmd, cmd};
use serde_json::Value;

use super::judge;
use super::person::Person;
use super::row::{Outcome, Promise, Setup};
use super::stage::Stage;
use super::watch::Watch;
use crate::fault::Fault;

/// How long a refusal lasts.
const LENGTH: Duration = Duration::from_secs(1);
const RECOVERY: Duration = Duration::from_secs(2);

/// A Redis that may drop what it was given loses refresh tokens, or lets revoked ones live again. The server says so.
pub(crate) async fn eviction_policy(setup: &Setup) -> Result<Outcome, Fault> {
    let stage = Stage::start(setup).await?;
    let redis = stage.redis.connect().await?;
    let (hybrid, session) = (stage.on_hybrid("mobile").await?, stage.on_session().await?);
    let mut promises = Vec::new();
    for (name, person) in [("hybrid", &hybrid), ("session", &session)] {
        set(&redis, "maxmemory", "100mb").await?;
        set(&redis, "maxmemory-policy", "allkeys-lru").await?;
        promises.push(
            ready(name, "not ready, and names the policy", person, |status, body| {
                status == 503 && body["detail"].as_str().is_some_and(|detail| detail.contains("allkeys-lru"))
            })
            .await?,
        );
        set(&redis, "maxmemory-policy", "noeviction").await?;
        promises.push(ready(name, "ready with noeviction", person, |status, _| status == 200).await?);
    }
    Ok(Outcome::Seen(promises))
}

async fn ready(
    name: &str,
    must: &str,
    person: &Person,
    holds: impl Fn(u16, &Value) -> bool,
) -> Result<Promise, Fault> {
    let (status, body) = person.readiness().await?;
    let detail = body["detail"].as_str().or(body["status"].as_str()).unwrap_or_default();
    Ok(Promise::new(format!("{name}: {must}"), format!("{status}, {detail}"), holds(status, &body)))
}

/// A restart or an operator makes Redis forget the scripts: they are taught again within the same call.
pub(crate) async fn scripts_flushed(setup: &Setup) -> Result<Outcome, Fault> {
    let stage = Stage::start(setup).await?;
    let redis = stage.redis.connect().await?;
    let watch = Watch::begin(&stage).await?;
    let flushes = 10;
    for _ in 0..flushes {
        redis.query::<()>(cmd("SCRIPT").arg("FLUSH")).await?;
        watch.steady_since(Instant::now(), RECOVERY).await;
    }
    let seen = watch.end().await?;
    let (answers, bad) = seen
        .people
        .iter()
        .flatten()
        .fold((0, 0), |(answers, bad), answer| (answers + 1, bad + usize::from(!answer.is_good())));
    let nobody = Promise::new(
        "nobody notices",
        format!("{bad} refusals in {answers} answers, {flushes} flushes"),
        bad == 0 && seen.store.errors.total() == 0,
    );
    let promises = [nobody].into_iter().chain(judge::harmless(&seen));
    Ok(Outcome::Seen(promises.collect()))
}

/// A primary that was made a replica refuses every write.
pub(crate) async fn read_only(setup: &Setup) -> Result<Outcome, Fault> {
    let nowhere: Cmd = command(&["REPLICAOF", "127.0.0.1", "1"]);
    refusing(setup, &[nowhere], &[command(&["REPLICAOF", "NO", "ONE"])]).await
}

/// A full Redis with `noeviction` refuses every write that needs memory.
pub(crate) async fn out_of_memory(setup: &Setup) -> Result<Outcome, Fault> {
    let full = command(&["CONFIG", "SET", "maxmemory", "1"]);
    refusing(setup, &[full], &[command(&["CONFIG", "SET", "maxmemory", "0"])]).await
}

async fn refusing(setup: &Setup, begin: &[Cmd], end: &[Cmd]) -> Result<Outcome, Fault> {
    let stage = Stage::start(setup).await?;
    let redis = stage.redis.connect().await?;
    let watch = Watch::begin(&stage).await?;
    for command in begin {
        redis.query::<()>(command).await?;
    }
    tokio::time::sleep(LENGTH).await;
    for command in end {
        redis.query::<()>(command).await?;
    }
    let healed = Instant::now();
    let recovered = watch.steady_since(healed, RECOVERY * 2).await.then(|| healed.elapsed());
    let seen = watch.end().await?;
    let refused = seen.people.iter().flatten().filter(|answer| !answer.is_good()).count();
    let felt = Promise::new("the fault is felt at all", format!("{refused} refusals"), refused > 0);
    let recovered = Promise::within("everybody served 2 s after it heals", recovered, RECOVERY);
    let mut promises = vec![felt];
    promises.extend(judge::harmless(&seen));
    promises.push(recovered);
    Ok(Outcome::Seen(promises))
}

fn command(words: &[&str]) -> Cmd {
    let mut command = Cmd::new();
    words.iter().for_each(|word| {
        command.arg(*word);
    });
    command
}

async fn set(redis: &Redis, name: &str, value: &str) -> Result<(), Fault> {
    Ok(redis.query::<()>(cmd("CONFIG").arg("SET").arg(name).arg(value)).await?)
}
