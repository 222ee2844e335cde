//! Commands that run after their caller gave up: Redis was frozen, and runs all of them when it continues.

use std::time::Duration;

use harness::Failure;
use kit::Redis;
use tokio::time::timeout;

use super::person::{Answer, Call, Person};
use super::row::{Outcome, Promise, Setup};
use super::stage::Stage;

const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) async fn row(setup: &Setup) -> Result<Outcome, Failure> {
    let stage = Stage::start(setup).await?;
    let (mut renews, mut leaves) = (stage.on_hybrid("mobile").await?, stage.on_hybrid("mobile").await?);
    // A first call each, so that Redis has loaded the scripts and no later command is sent twice.
    let warm = [
        renews.ask(Call::Refresh).await,
        leaves.ask(Call::Refresh).await,
        leaves.at(&stage.hybrid.url).ask(Call::Sessions).await,
    ];
    let redis = stage.redis.connect().await?;
    let (before, ran) = (generation(&redis, &renews).await?, scripts_run(&redis).await?);

    stage.redis.pause().await?;
    let refused = tokio::join!(renews.ask(Call::Refresh), leaves.ask(Call::LogOut));
    stage.redis.resume().await?;

    let late = timeout(PATIENCE, async {
        loop {
            let late = scripts_run(&redis).await? - ran;
            if late >= 2 {
                return Ok::<_, Failure>(late);
            }
        }
    });
    let late = late.await.unwrap_or(Ok(0))?;
    let after = generation(&redis, &renews).await?;
    let (renewed, still_in) = (renews.ask(Call::Refresh).await, leaves.ask(Call::Refresh).await);
    let after_use = generation(&redis, &renews).await?;
    let fair = refused.0.is_fair_refusal() && refused.1.is_fair_refusal();
    let all_good = warm.iter().all(|answer| answer.is_good());
    Ok(Outcome::Seen(vec![
        Promise::new(
            "a refresh and a logout are refused while Redis is frozen",
            format!("{} and {}", shown(&refused.0), shown(&refused.1)),
            fair && all_good,
        ),
        Promise::new(
            "both commands run late",
            format!("{late} scripts ran after Redis continued"),
            late == 2,
        ),
        Promise::new(
            "the late refresh changes nothing",
            format!("generation {before} → {after}"),
            after == before,
        ),
        Promise::new(
            "its token is valid, and rotates once",
            format!("generation {after} → {after_use}"),
            renewed.is_good() && after_use == before + 1,
        ),
        Promise::new(
            "the user whose logout was refused is still logged in",
            shown(&still_in),
            still_in.is_good(),
        ),
    ]))
}

/// How often the session's refresh token was rotated, as stored in Redis.
async fn generation(redis: &Redis, person: &Person) -> Result<i64, Failure> {
    let missing = || Failure::new("the hybrid's answer to a sign-up has no session id");
    let held = &person.held;
    let (user, session) = (held.user_id.ok_or_else(missing)?, held.session_id.ok_or_else(missing)?);
    Ok(lab4_hybrid::store::redis::generation(redis, user, session).await?)
}

/// How many scripts this Redis has run since its start.
async fn scripts_run(redis: &Redis) -> Result<u64, Failure> {
    let stats: String = redis.query(redis::cmd("INFO").arg("commandstats")).await?;
    let calls = stats
        .lines()
        .filter(|line| line.starts_with("cmdstat_evalsha:") || line.starts_with("cmdstat_eval:"));
    let count = |line: &str| line.split(['=', ',']).nth(1)?.parse::<u64>().ok();
    Ok(calls.filter_map(count).sum())
}

fn shown(answer: &Answer) -> String {
    answer.status.map_or("no answer".to_owned(), |status| status.to_string())
}
