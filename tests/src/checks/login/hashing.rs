//! The cost of hashing a password: it must neither stop the server nor reveal which addresses have an account.

use std::time::Duration;

use futures_util::{StreamExt, stream::FuturesUnordered};
use tokio::time::Instant;

use crate::{
    prelude::{ATTACK, Check, Exchange, Person, Stage, TIMED_ATTACK, Verdict, fresh_email},
    requests::log_in_wrongly,
};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "login.flood",
        title: "/me responds while many passwords wait to be hashed",
        gains: "Makes every user wait with a few dozen logins, which cost nothing to send.",
        read: "OWASP API4:2023, OWASP Password Storage Cheat Sheet: work factors",
        run: |stage| Box::pin(flood(stage)),
        ..ATTACK
    },
    Check {
        id: "login.unknown-address-same-time",
        title: "a login with an unknown address takes as long as one with a wrong password",
        gains: "Measures response times: if the server hashes no password for an unknown address, a fast response means that there is no account.",
        read: "OWASP Authentication Cheat Sheet: timing; CWE-208",
        run: |stage| Box::pin(same_time(stage)),
        ..TIMED_ATTACK
    },
];

/// Judges by order and not by a clock, so that a slow machine does not matter: a request for `/me` that is sent after
/// many logins must get its response before half of the logins do. All passwords are right, so no login counts as a
/// failure.
async fn flood(stage: &Stage) -> Verdict {
    /// If hashing is fast, the order of many responses is partly chance. A server that makes all requests wait fails
    /// every time.
    const TRIES: usize = 5;
    let person = stage.sign_up().await?;
    for _ in 1..TRIES {
        if flooded(stage, &person).await.is_ok() {
            return Ok(());
        }
    }
    flooded(stage, &person).await
}

async fn flooded(stage: &Stage, person: &Person) -> Verdict {
    const CROWD: usize = 32;
    let mut crowd: FuturesUnordered<_> =
        (0..CROWD).map(|_| stage.send(person.logging_in("mobile"))).collect();
    // The first response shows that the logins have arrived.
    let mut let_in = 0;
    while let_in == 0
        && let Some(answer) = crowd.next().await
    {
        let_in += usize::from(answer?.status == 200);
    }
    let asked = stage.me(&person.held);
    tokio::pin!(asked);
    let me = loop {
        tokio::select! {
            biased;
            me = &mut asked => break me?,
            Some(answer) = crowd.next() => let_in += usize::from(answer?.status == 200),
        }
    };
    me.is(200)?;
    let early = format!("a response before half of {CROWD} logins have succeeded; {let_in} had");
    me.expect(let_in <= CROWD / 2, early)?;
    while let Some(answer) = crowd.next().await {
        let answer = answer?;
        let right = [200, 429, 503].contains(&answer.status);
        answer.expect(right, "status 200, or 429 or 503 under overload")?;
    }
    Ok(())
}

/// Compares interleaved pairs by their medians, because a machine's speed changes from second to second. The tolerance
/// is wide: this check detects a missing hash, not a difference of microseconds.
async fn same_time(stage: &Stage) -> Verdict {
    const TRIES: usize = 24;
    // Few enough failures on each account to stay below the throttle's limit.
    let limits = stage.descriptor().limits;
    let each =
        limits.failures_per_account_and_address.min(limits.failures_per_account).clamp(2, 7) as usize - 1;
    stage.forget_failures().await?;
    let mut people = Vec::new();
    for _ in 0..TRIES.div_ceil(each) {
        people.push(stage.sign_up().await?);
    }
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    let mut last = None;
    for turn in 0..TRIES {
        let Some(person) = people.get(turn % people.len()) else { continue };
        known.push(timed(stage, &person.email).await?.1);
        let (answer, took) = timed(stage, &fresh_email()).await?;
        unknown.push(took);
        last = Some(answer);
    }
    stage.forget_failures().await?;
    let (known, unknown) = (median(known), median(unknown));
    // Between half and double, or within a millisecond if hashing costs almost nothing.
    let alike =
        known.abs_diff(unknown) < Duration::from_millis(1) || (unknown * 2 > known && known * 2 > unknown);
    let times = format!("known {known:?}, unknown {unknown:?} (medians of 24)");
    last.map_or(Ok(()), |answer| answer.expect(alike, format!("about the same time for both: {times}")))
}

async fn timed(stage: &Stage, email: &str) -> Verdict<(Exchange, Duration)> {
    let call = log_in_wrongly(email);
    let began = Instant::now();
    let answer = stage.send(call).await?;
    let took = began.elapsed();
    answer.refused(401, "invalid_credentials", "the password is wrong")?;
    Ok((answer, took))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
