//! Users that the throttle must not lock out: the owner in a live session or on a known device, and users who log in
//! while another client signs up without end. Each check starts and ends in a fresh window, as those in `throttle` do.

use serde_json::{Value, json};

use super::throttle::{READ, allowed, fail, throttled, too_many};
use crate::{
    call::Call,
    check::{ATTACK, Check, RULE},
    exchange::Exchange,
    outcome::{Outcome, Verdict},
    stage::{Person, Stage, fresh_email, fresh_password, log_in},
};

/// The most signups that a check sends: more would take too long. A signup with a taken address costs a server little.
const AFFORDABLE_SIGN_UPS: u32 = 500;
/// The header in which an app receives and sends the token that identifies its device.
const DEVICE_TOKEN: &str = "device-token";
const DEVICE_READ: &str = "OWASP: Slow Down Online Guessing Attacks with Device Cookies";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "throttle.session-not-locked",
        title: "a valid session can change the password although other clients' failures have throttled the account",
        gains: "An attacker who keeps guessing the password prevents the owner from changing it.",
        read: "contract: a live session that proves its password has a counter of its own",
        moves_time: true,
        run: |stage| Box::pin(session_not_locked(stage)),
        ..RULE
    },
    Check {
        id: "throttle.known-device",
        title: "a device that has logged in before can log in although other clients' failures have throttled the account",
        gains: "An attacker locks users out of their accounts with a few wrong passwords every quarter of an hour.",
        read: DEVICE_READ,
        moves_time: true,
        run: |stage| Box::pin(device(stage, Shown::OfThisAccount)),
        ..RULE
    },
    Check {
        id: "throttle.foreign-device",
        title: "a device token of another account lets no client past the limit",
        gains: "Logs in to their own account once, and then tries other users' passwords without limit.",
        read: DEVICE_READ,
        moves_time: true,
        run: |stage| Box::pin(device(stage, Shown::OfAnotherAccount)),
        ..ATTACK
    },
    Check {
        id: "throttle.device-guesses",
        title: "failures from a known device are limited too",
        gains: "Copies the token of a device, and tries passwords without limit.",
        read: DEVICE_READ,
        moves_time: true,
        run: |stage| Box::pin(device_guesses(stage)),
        ..ATTACK
    },
    Check {
        id: "throttle.sign-ups",
        title: "after the allowed signups from a client's address, the next one is 429 throttled",
        gains: "Keeps the server busy with hashing, and fills it with accounts.",
        read: "OWASP API4:2023, CWE-770",
        moves_time: true,
        run: |stage| Box::pin(sign_ups(stage, Then::SignUp)),
        ..ATTACK
    },
    Check {
        id: "throttle.sign-ups-spare-log-in",
        title: "a client whose address has used up its signups can still log in",
        gains: "An attacker who signs up from a shared address prevents all its users from logging in.",
        read: READ,
        moves_time: true,
        run: |stage| Box::pin(sign_ups(stage, Then::LogIn)),
        ..RULE
    },
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    OfThisAccount,
    OfAnotherAccount,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    SignUp,
    LogIn,
}

/// Fails as an unknown client until the account is throttled. Other checks verify how many failures that takes.
async fn use_up(stage: &Stage, email: &str, allowed: u32) -> Verdict {
    fail(stage, email, allowed).await?;
    let mut next = stage.send(log_in(email, &fresh_password(), "mobile")).await?;
    for _ in 0..2 {
        if next.status != 429 {
            next = stage.send(log_in(email, &fresh_password(), "mobile")).await?;
        }
    }
    throttled(&next, "the account is throttled for unknown clients")
}

async fn session_not_locked(stage: &Stage) -> Verdict {
    let allowed = allowed(stage)?;
    stage.forget_failures().await?;
    let person = stage.sign_up().await?;
    use_up(stage, &person.email, allowed).await?;
    let body = json!({"current_password": person.password, "new_password": fresh_password()});
    let change = stage.send(person.held.on(Call::post("/auth/password").json(&body))).await?;
    change.is_since(200, "this session logged in with the password, whatever other clients tried since")?;
    stage.forget_failures().await
}

async fn device(stage: &Stage, shown: Shown) -> Verdict {
    let allowed = allowed(stage)?;
    stage.forget_failures().await?;
    let (person, own) = on_device(stage).await?;
    let (_, others) = on_device(stage).await?;
    use_up(stage, &person.email, allowed).await?;
    let device = if shown == Shown::OfThisAccount { own } else { others };
    let answer = stage.send(right(&person).header(DEVICE_TOKEN, device)).await?;
    match shown {
        Shown::OfThisAccount => {
            answer.is_since(200, "this device has logged in to the account before")?;
        }
        Shown::OfAnotherAccount => throttled(&answer, "this device has logged in to another account only")?,
    }
    stage.forget_failures().await
}

async fn device_guesses(stage: &Stage) -> Verdict {
    stage.forget_failures().await?;
    let (person, device) = on_device(stage).await?;
    let allowed = match stage.descriptor().limits.failures_per_device {
        Some(allowed) if (1..=100).contains(&allowed) => allowed,
        Some(allowed) => return Err(too_many(allowed)),
        None => allowed(stage)?,
    };
    let wrong = || log_in(&person.email, &fresh_password(), "mobile").header(DEVICE_TOKEN, device.clone());
    for turn in 1..=allowed {
        let answer = stage.send(wrong()).await?;
        answer.refused(401, "invalid_credentials", &format!("failure {turn} of the {allowed} allowed"))?;
    }
    throttled(
        &stage.send(wrong()).await?,
        &format!("{allowed} failures of a device are allowed, this is one more"),
    )?;
    stage.forget_failures().await
}

async fn sign_ups(stage: &Stage, then: Then) -> Verdict {
    let allowed = match stage.descriptor().limits.sign_ups_per_address {
        Some(allowed) if (1..=AFFORDABLE_SIGN_UPS).contains(&allowed) => allowed,
        Some(allowed) => return Err(too_many(allowed)),
        None => return Err(skipped("the limits in `/lab` have no `sign_ups_per_address`")),
    };
    stage.forget_failures().await?;
    let person = stage.sign_up().await?;
    let taken = || sign_up(&person.email, &person.password);
    let mut left = allowed - 1;
    while left > 0 {
        let now = left.min(10);
        for answer in stage.send_all_to_the_limit((0..now).map(|_| taken()).collect()).await? {
            // The server may respond with 409 or another status for an account's own password, but not with 429 yet.
            answer.expect(answer.status != 429, format!("not 429: {allowed} signups are allowed"))?;
        }
        left -= now;
    }
    let next = stage.send_to_the_limit(sign_up(&fresh_email(), &fresh_password())).await?;
    let verdict = match then {
        Then::SignUp => {
            throttled(&next, &format!("{allowed} signups from this address are allowed, this is one more"))
        }
        Then::LogIn => {
            let answer = stage.send(right(&person)).await?;
            answer.is_since(200, "this is a login, and no login has failed").map(drop)
        }
    };
    stage.forget_failures().await?;
    verdict
}

/// Signs up a user on a device, and returns the token by which the server recognises the device from then on.
async fn on_device(stage: &Stage) -> Result<(Person, String), Box<Outcome>> {
    let (person, answer): (Person, Exchange) = stage.signed_up_on("mobile").await?;
    let token = answer.header(DEVICE_TOKEN).map(str::to_owned);
    let token = token.ok_or_else(|| skipped("the server issues no `Device-Token` to an app"))?;
    Ok((person, token))
}

fn right(person: &Person) -> Call {
    log_in(&person.email, &person.password, "mobile")
}

fn sign_up(email: &str, password: &str) -> Call {
    let body: Value = json!({"email": email, "password": password, "client": "mobile"});
    Call::post("/auth/signup").json(&body)
}

fn skipped(reason: &str) -> Box<Outcome> {
    Box::new(Outcome::Skipped { reason: reason.to_owned() })
}
