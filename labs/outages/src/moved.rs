//! A Redis that is no longer the primary: it was made a replica, or another Redis took over as the primary.

use std::time::{Duration, Instant};

use harness::Failure;
use harness::design::{HYBRID, SESSION};
use kit::Redis;
use redis::cmd;

use super::judge;
use super::person::Person;
use super::refusing::ready;
use super::row::{Outcome, Promise, Setup};
use super::stage::Stage;
use super::watch::Watch;

/// The longest time until a server must report that its Redis is a replica.
const NOTICED: Duration = Duration::from_secs(5);
/// The longest time until all users are served again: after the role is restored, and after the address points to the
/// new primary.
const ROLE_BACK: Duration = Duration::from_secs(2);
const MOVED: Duration = Duration::from_secs(12);
/// The pause between two requests.
const PAUSE: Duration = Duration::from_millis(50);

/// A primary is made a replica, and then the primary again. As a replica it refuses writes, and its data may be
/// outdated.
pub(crate) async fn replica(setup: &Setup) -> Result<Outcome, Failure> {
    let stage = Stage::start(setup).await?;
    let redis = stage.redis.connect().await?;
    let people = [(HYBRID.name, stage.on_hybrid("mobile").await?), (SESSION.name, stage.on_session().await?)];
    let watch = Watch::begin(&stage).await?;
    redis.query::<()>(cmd("REPLICAOF").arg("127.0.0.1").arg(1)).await?;
    let mut promises = not_ready(&people).await?;
    redis.query::<()>(cmd("REPLICAOF").arg("NO").arg("ONE")).await?;
    promises.extend(recovered(watch, &people, ROLE_BACK).await?);
    Ok(Outcome::Seen(promises))
}

/// Another Redis becomes the primary, and the proxy's address leads to it. The old one continues as its replica and
/// keeps its connections open. No acknowledged write is lost: the old primary hands over only when the new one has all
/// data.
pub(crate) async fn primary(setup: &Setup) -> Result<Outcome, Failure> {
    if !setup.source.starts_programs() {
        return Ok(Outcome::Skipped("two Redis containers cannot reach each other".to_owned()));
    }
    let stage = Stage::start(setup).await?;
    let new = setup.source.start().await?;
    let (old, successor) = (stage.redis.connect().await?, new.connect().await?);
    let address = stage.redis.address;
    successor.query::<()>(cmd("REPLICAOF").arg(address.ip().to_string()).arg(address.port())).await?;
    until_info_says(&successor, "master_link_status:up").await?;
    until_info_says(&old, "state=online").await?;
    let people = [(HYBRID.name, stage.on_hybrid("mobile").await?), (SESSION.name, stage.on_session().await?)];
    let watch = Watch::begin(&stage).await?;
    old.query::<()>(&cmd("FAILOVER")).await?;
    until_info_says(&old, "role:slave").await?;
    let mut promises = not_ready(&people).await?;
    stage.proxy.lead_to(new.address)?;
    promises.extend(recovered(watch, &people, MOVED).await?);
    Ok(Outcome::Seen(promises))
}

/// The promises that both servers notice the replica, and say so in `/health/ready`.
async fn not_ready(people: &[(&str, Person)]) -> Result<Vec<Promise>, Failure> {
    let mut promises = Vec::new();
    for (name, person) in people {
        let start = Instant::now();
        let promise = loop {
            let promise =
                ready(name, "not ready, and reports that Redis is a replica", person, |status, body| {
                    status == 503
                        && body["detail"].as_str().is_some_and(|detail| detail.contains("is a replica"))
                });
            let promise = promise.await?;
            if promise.holds || start.elapsed() > NOTICED {
                break promise;
            }
            tokio::time::sleep(PAUSE).await;
        };
        promises.push(promise);
    }
    Ok(promises)
}

async fn recovered(
    watch: Watch,
    people: &[(&str, Person)],
    limit: Duration,
) -> Result<Vec<Promise>, Failure> {
    let healed = Instant::now();
    let recovered = watch.steady_since(healed, limit * 2).await.then(|| healed.elapsed());
    let mut promises = Vec::new();
    for (name, person) in people {
        promises.push(ready(name, "ready with a primary", person, |status, _| status == 200).await?);
    }
    let seen = watch.end().await?;
    promises.push(judge::felt(&seen));
    promises.extend(judge::harmless(&seen));
    let must = format!("all users served {} s after the fault ends", limit.as_secs());
    promises.push(Promise::within(&must, recovered, limit));
    Ok(promises)
}

async fn until_info_says(redis: &Redis, words: &str) -> Result<(), Failure> {
    let start = Instant::now();
    loop {
        let info: String = redis.query(cmd("INFO").arg("replication")).await?;
        if info.contains(words) {
            return Ok(());
        }
        if start.elapsed() > MOVED {
            return Err(Failure::new(format!(
                "the Redis that was started here did not report {words} in time"
            )));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
