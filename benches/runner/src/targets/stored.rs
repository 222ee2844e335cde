//! T8: the Redis memory of one more session, and whether exchanges make it grow.

use harness::Failure;
use kit::design::Role;
use measure::figures::Median;
use measure::targets::{Limit, Target};

use crate::context::{Bench, NO_REDIS};
use crate::entry::name_of;
use crate::lineup::Lineup;
use crate::refresh::rotating;

/// The number of exchanges: more than the length limit of any list of remembered tokens.
const EXCHANGES: usize = 50;
const HOW: &str = "MEMORY USAGE of all keys before and after some log-ins of one person, without load";

pub(super) async fn measure(bench: &Bench, lineup: &Lineup) -> Result<Vec<Target>, Failure> {
    let (session, hybrid) = (name_of(Role::LookUp), name_of(Role::SignedAndRefreshed));
    let stored = |name: &str| {
        let bytes = lineup.subject(name).and_then(|subject| subject.stored_bytes_per_session);
        bytes.and_then(|bytes| Median::of([bytes])).ok_or_else(|| NO_REDIS.to_owned())
    };
    Ok(vec![
        Target::new(
            "T8",
            &format!("stored bytes a session: {session}"),
            Limit::AtMost(300.0),
            stored(session),
            HOW,
        ),
        Target::new(
            "T8",
            &format!("stored bytes a session: {hybrid}"),
            Limit::AtMost(400.0),
            stored(hybrid),
            HOW,
        ),
        Target::new(
            "T8",
            &format!("bytes that an exchange adds in Redis: {hybrid}"),
            Limit::Exactly(0.0),
            after_exchanges(bench, lineup).await?,
            format!(
                "MEMORY USAGE of all keys around {EXCHANGES} exchanges of one session, every one rotating"
            ),
        ),
    ])
}

async fn after_exchanges(bench: &Bench, lineup: &Lineup) -> Result<Result<Median, String>, Failure> {
    let (Some(hybrid), Some(commands)) = (lineup.in_role(Role::SignedAndRefreshed), &lineup.commands) else {
        return Ok(Err(NO_REDIS.to_owned()));
    };
    bench.timeline.stage("measuring the memory of a session that rotates");
    let (_server, mut exchange) = rotating(bench, hybrid, 1).await?;
    // The first exchange may store something that later ones replace; only further growth counts.
    exchange.times(1).await?;
    let before = commands.weight().await?;
    exchange.times(EXCHANGES).await?;
    let after = commands.weight().await?;
    Ok(match (before, after) {
        // A key that expired meanwhile must not count as negative growth.
        (Some(before), Some(after)) => {
            let added = after.saturating_sub(before) as f64 / EXCHANGES as f64;
            Median::of([added]).ok_or_else(|| "Nothing was weighed.".to_owned())
        }
        _ => Err("This Redis contains too many keys to measure the memory of all.".to_owned()),
    })
}
