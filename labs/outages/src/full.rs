//! A Redis whose memory is full: users who are logged in are served, and new logins are refused.

use std::time::{Duration, Instant};

use harness::Failure;
use harness::design::{HYBRID, SESSION};

use super::judge;
use super::person::Person;
use super::refusing::{ready, set};
use super::row::{Outcome, Promise, Setup};
use super::stage::Stage;
use super::watch::Watch;

/// How long Redis stays full.
const LENGTH: Duration = Duration::from_secs(1);
const RECOVERY: Duration = Duration::from_secs(2);

/// With `noeviction`, Redis refuses commands that need memory. If logins succeeded while refreshes fail, new users
/// would lock out those who are logged in.
pub(crate) async fn row(setup: &Setup) -> Result<Outcome, Failure> {
    let stage = Stage::start(setup).await?;
    let redis = stage.redis.connect().await?;
    let (hybrid, session) = (stage.on_hybrid("mobile").await?, stage.on_session().await?);
    let people = [(HYBRID.name, &hybrid), (SESSION.name, &session)];
    let watch = Watch::begin(&stage).await?;
    set(&redis, "maxmemory", "1").await?;
    let mut promises = Vec::new();
    for (name, person) in people {
        promises.push(
            ready(name, "not ready, and reports that Redis is full", person, |status, body| {
                status == 503 && body["detail"].as_str().is_some_and(|detail| detail.contains("is full"))
            })
            .await?,
        );
        promises.push(login(name, "a login is refused with 503", person, 503).await?);
    }
    tokio::time::sleep(LENGTH).await;
    let all_served = watch.steady_since(Instant::now(), RECOVERY).await;
    set(&redis, "maxmemory", "0").await?;
    for (name, person) in people {
        promises.push(ready(name, "ready once there is room", person, |status, _| status == 200).await?);
        promises.push(login(name, "a login succeeds once there is room", person, 200).await?);
    }
    let seen = watch.end().await?;
    let served = "logged-in users are served while it is full";
    promises.push(Promise::new(served, if all_served { "yes" } else { "no" }, all_served));
    promises.push(judge::unnoticed(&seen));
    promises.extend(judge::harmless(&seen));
    Ok(Outcome::Seen(promises))
}

async fn login(name: &str, must: &str, person: &Person, expected: u16) -> Result<Promise, Failure> {
    let status = person.log_in_again().await?;
    Ok(Promise::new(format!("{name}: {must}"), status.to_string(), status == expected))
}
