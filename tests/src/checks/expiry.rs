//! Expiry: a credential is valid until its time and not a second longer. The checks move the server's clock.

use serde_json::Value;

use crate::{
    jwt::Parts,
    prelude::{Call, Check, Feature, Held, Outcome, SetUp, Stage, TIMED_ATTACK, TIMED_RULE, Verdict},
};

/// How far before a deadline a credential must still work, in s: time passes while the check sends requests.
const MARGIN: u64 = 8;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "expiry.access-token",
        title: "an access token works until its exp and is refused from then on, without leeway",
        gains: "Uses a copied token after its expiry; a default leeway adds a minute to every token.",
        read: "RFC 7519 §4.1.4, contract: access token",
        needs: &[Feature::AccessJwt],
        run: |stage| Box::pin(access_token(stage)),
        ..TIMED_ATTACK
    },
    Check {
        id: "expiry.logged-out-access-token",
        title: "a logged-out access token is refused from its exp on, which limits the documented weakness",
        gains: "Uses a logged-out token forever.",
        read: "RFC 7519 §4.1.4, contract: descriptor",
        needs: &[Feature::AccessJwt],
        run: |stage| Box::pin(logged_out_access_token(stage)),
        ..TIMED_ATTACK
    },
    Check {
        id: "expiry.log-out-after",
        title: "a local logout with an expired credential is 204",
        gains: "A page that was left open for too long cannot log out.",
        read: "contract: the flows",
        run: |stage| Box::pin(log_out_after(stage)),
        ..TIMED_RULE
    },
    Check {
        id: "expiry.session-idle",
        title: "an unused session ends after the idle limit; a session in use continues",
        gains: "Uses a cookie from a forgotten machine forever.",
        read: "OWASP ASVS 7.3.1, OWASP Session Management Cheat Sheet: idle time-out",
        needs: &[Feature::SessionCookie],
        run: |stage| Box::pin(session_idle(stage)),
        ..TIMED_ATTACK
    },
    Check {
        id: "expiry.session-absolute",
        title: "a session ends after its absolute limit, even if it is in use",
        gains: "Keeps a copied cookie valid forever by using it.",
        read: "OWASP ASVS 7.3.2",
        needs: &[Feature::SessionCookie],
        run: |stage| Box::pin(session_absolute(stage)),
        ..TIMED_ATTACK
    },
    Check {
        id: "expiry.refresh-idle",
        title: "an unused refresh token is refresh_expired after the idle limit; refreshing renews it",
        gains: "Uses a token from a forgotten phone forever.",
        read: "RFC 9700 §4.14.2, OWASP ASVS 7.3.1",
        needs: &[Feature::Refresh],
        run: |stage| Box::pin(refresh_idle(stage)),
        ..TIMED_ATTACK
    },
    Check {
        id: "expiry.refresh-absolute",
        title: "refreshing does not move the absolute limit",
        gains: "Refreshes again and again, and never has to enter the password.",
        read: "OWASP ASVS 7.3.2, RFC 9700 §4.14.2",
        needs: &[Feature::Refresh],
        run: |stage| Box::pin(refresh_absolute(stage)),
        ..TIMED_ATTACK
    },
    Check {
        id: "expiry.access-within-session",
        title: "no access token is valid longer than its session: near the absolute limit it gets only the remaining time",
        gains: "Uses an access token for up to its whole lifetime after its session has ended.",
        read: "OWASP ASVS 7.3.2, contract: rules that reports taught",
        needs: &[Feature::AccessJwt, Feature::Refresh],
        run: |stage| Box::pin(access_within_session(stage)),
        ..TIMED_ATTACK
    },
];

/// The `exp` claim of an access token.
fn expiry(held: &Held) -> Verdict<u64> {
    let token = held.access()?;
    let exp = Parts::of(token).and_then(|parts| parts.claims().get("exp").and_then(Value::as_u64));
    exp.ok_or_else(|| Outcome::failed("a login", "an access token whose `exp` is a whole number", token))
}

/// Moves the clock to `seconds` seconds before `then`, unless that moment has passed.
async fn go_before(stage: &Stage, then: u64, seconds: u64) -> Verdict {
    let now = stage.now().await?.floor();
    let ahead = (then as f64) - (seconds as f64) - now;
    if ahead > 0.0 {
        stage.advance(ahead as u64).await?;
    }
    Ok(())
}

async fn access_token(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let exp = expiry(&person.held)?;
    go_before(stage, exp, MARGIN).await?;
    let before = stage.me(&person.held).await?;
    // If the machine stalled meanwhile, the token may have expired.
    if stage.now().await? < exp as f64 {
        before.is_since(200, "the token has a few seconds left")?;
    }
    go_before(stage, exp, 0).await?;
    stage.me(&person.held).await?.refused(401, "invalid_token", "the token's exp is reached")
}

async fn logged_out_access_token(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let exp = expiry(&person.held)?;
    stage.log_out(&person.held, "local").await?.is(204).in_set_up()?;
    go_before(stage, exp, 0).await?;
    stage.me(&person.held).await?.refused(401, "invalid_token", "the token's exp is reached")
}

async fn log_out_after(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let lifetime = stage.descriptor().refresh_ttl.or(stage.descriptor().access_ttl).unwrap_or(30 * 86_400);
    stage.advance(lifetime.saturating_add(5)).await?;
    stage.me(&person.held).await?.is_since(401, "the credential has expired")?;
    stage.log_out(&person.held, "local").await?.is_since(204, "a local logout always succeeds")
}

fn claimed(seconds: Option<u64>, name: &str) -> Verdict<u64> {
    let reason = || Outcome::skipped(format!("`{name}` is not claimed"));
    seconds.filter(|seconds| *seconds > MARGIN).ok_or_else(reason)
}

fn idle_limit(stage: &Stage) -> Verdict<u64> {
    claimed(stage.descriptor().idle_ttl, "idle_ttl")
}

fn absolute_limit(stage: &Stage) -> Verdict<u64> {
    claimed(stage.descriptor().refresh_ttl, "refresh_ttl")
}

/// How far the clock moves at once, so that a session in use does not reach its idle limit.
fn step_of(idle: u64) -> u64 {
    (idle / 2).max(1)
}

/// Whether `then` is more than a step away.
async fn is_far(stage: &Stage, then: f64, step: u64) -> Verdict<bool> {
    Ok(stage.now().await? + (step as f64) < then)
}

/// Moves the clock to `seconds` seconds after `then`.
async fn go_past(stage: &Stage, then: f64, seconds: u64) -> Verdict {
    let rest = then - stage.now().await?;
    stage.advance(rest.max(0.0) as u64 + seconds).await.map(drop)
}

/// Moves the clock to less than a step before `then`, and refreshes after each step.
async fn refreshed_until(stage: &Stage, mut held: Held, then: f64, step: u64) -> Verdict<Held> {
    while is_far(stage, then, step).await? {
        stage.advance(step).await?;
        held = stage.expect_renewed(&held).await?;
    }
    Ok(held)
}

async fn session_idle(stage: &Stage) -> Verdict {
    let idle = idle_limit(stage)?;
    let absolute = stage.descriptor().refresh_ttl.unwrap_or(u64::MAX);
    let (used, unused) = (stage.sign_up_web().await?, stage.sign_up_web().await?);
    // Two steps of more than half the limit: the session that is used in between has not been idle for the whole limit.
    let step = idle / 2 + MARGIN;
    if step * 2 < absolute {
        stage.advance(step).await?;
        stage.me(&used.held).await?.is_since(200, "half of the idle limit has passed")?;
        stage.advance(step).await?;
        stage.me(&used.held).await?.is_since(200, "this session was used within the idle limit")?;
    } else {
        stage.advance(idle + MARGIN).await?;
    }
    stage.me(&unused.held).await?.is_since(401, "it was not used for longer than the idle limit")
}

async fn session_absolute(stage: &Stage) -> Verdict {
    let (absolute, idle) = (absolute_limit(stage)?, idle_limit(stage)?);
    let person = stage.sign_up_web().await?;
    let end = stage.now().await? + absolute as f64;
    while is_far(stage, end - MARGIN as f64, step_of(idle)).await? {
        stage.advance(step_of(idle)).await?;
        let answer = stage.send(person.held.on(Call::get("/me"))).await?;
        answer.is_since(200, "this session is in use, and its absolute limit is not reached")?;
    }
    go_past(stage, end, MARGIN).await?;
    stage.me(&person.held).await?.is_since(401, "this session's absolute limit is reached")
}

async fn refresh_idle(stage: &Stage) -> Verdict {
    let idle = idle_limit(stage)?;
    let (used, unused) = (stage.sign_up().await?, stage.sign_up().await?);
    let step = idle / 2 + MARGIN;
    stage.advance(step).await?;
    let renewed = stage.expect_renewed(&used.held).await?;
    stage.advance(step).await?;
    stage.refresh(&renewed).await?.is_since(200, "it was renewed within the idle limit")?;
    let over = stage.refresh(&unused.held).await?;
    over.refused(401, "refresh_expired", "it was not used for longer than the idle limit")
}

async fn access_within_session(stage: &Stage) -> Verdict {
    let (absolute, idle) = (absolute_limit(stage)?, idle_limit(stage)?);
    let access = claimed(stage.descriptor().access_ttl, "access_ttl")?;
    let held = stage.sign_up().await?.held;
    let end = stage.now().await? + absolute as f64;
    // The last refresh is so late that half of the new access token's lifetime is after the session's end.
    let last = end - (access as f64) / 2.0;
    let held = refreshed_until(stage, held, last, step_of(idle)).await?;
    go_past(stage, last, 0).await?;
    let answer = stage.refresh(&held).await?;
    answer.is_since(200, "the session's absolute limit is not reached")?;
    let held = Held::from_answer(&answer)?;
    let within = expiry(&held)? as f64 <= end + 1.0;
    answer.expect(within, format!("an access token whose exp is at most {end:.0}, the session's end"))?;
    stage.me(&held).await?.is_since(200, "the session has some time left, and so has the token")?;
    go_before(stage, end.ceil() as u64, 0).await?;
    stage.advance(1).await?;
    stage.me(&held).await?.refused(401, "invalid_token", "the session's absolute limit is reached")
}

async fn refresh_absolute(stage: &Stage) -> Verdict {
    let (absolute, idle) = (absolute_limit(stage)?, idle_limit(stage)?);
    let held = stage.sign_up().await?.held;
    let end = stage.now().await? + absolute as f64;
    let held = refreshed_until(stage, held, end - MARGIN as f64, step_of(idle)).await?;
    go_past(stage, end, MARGIN).await?;
    let over = stage.refresh(&held).await?;
    over.refused(401, "refresh_expired", "the absolute limit, counted from the login, is reached")
}
