//! Users that the throttle must not lock out: the owner in a live session or on a known device, and users who log in
//! while another client signs up without end. Each check starts and ends in a fresh window, as those in `throttle` do.

use super::throttle::{READ, affordable, allowed, batches, fail, throttled, user_in_fresh_window};
use crate::{
    prelude::{
        Check, Outcome, Person, SetUp, Stage, TIMED_ATTACK, TIMED_RULE, Verdict, fresh_email, fresh_password,
    },
    requests::{change_password, log_in_wrongly, sign_up_on},
};

/// The most signups that a check sends: more would take too long. A signup with a taken address costs a server little.
const AFFORDABLE_SIGN_UPS: u32 = 500;
/// The most failures from one device that a check causes.
const AFFORDABLE_GUESSES: u32 = 100;
/// The header in which an app receives and sends the token that identifies its device.
const DEVICE_TOKEN: &str = "device-token";
const DEVICE_READ: &str = "OWASP: Slow Down Online Guessing Attacks with Device Cookies";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "throttle.session-not-locked",
        title: "a valid session can change the password although other clients' failures have throttled the account",
        gains: "An attacker who keeps guessing the password prevents the owner from changing it.",
        read: "contract: a live session that proves its password has a counter of its own",
        run: |stage| Box::pin(session_not_locked(stage)),
        ..TIMED_RULE
    },
    Check {
        id: "throttle.known-device",
        title: "a device that has logged in before can log in although other clients' failures have throttled the account",
        gains: "An attacker locks users out of their accounts with a few wrong passwords every quarter of an hour.",
        read: DEVICE_READ,
        run: |stage| Box::pin(device(stage, Shown::OfThisAccount)),
        ..TIMED_RULE
    },
    Check {
        id: "throttle.foreign-device",
        title: "a device token of another account lets no client past the limit",
        gains: "Logs in to their own account once, and then tries other users' passwords without limit.",
        read: DEVICE_READ,
        run: |stage| Box::pin(device(stage, Shown::OfAnotherAccount)),
        ..TIMED_ATTACK
    },
    Check {
        id: "throttle.device-guesses",
        title: "failures from a known device are limited too",
        gains: "Copies the token of a device, and tries passwords without limit.",
        read: DEVICE_READ,
        run: |stage| Box::pin(device_guesses(stage)),
        ..TIMED_ATTACK
    },
    Check {
        id: "throttle.sign-ups",
        title: "after the allowed signups from a client's address, the next one is 429 throttled",
        gains: "Keeps the server busy with hashing, and fills it with accounts.",
        read: "OWASP API4:2023, CWE-770",
        run: |stage| Box::pin(sign_ups(stage, Then::SignUp)),
        ..TIMED_ATTACK
    },
    Check {
        id: "throttle.sign-ups-spare-log-in",
        title: "a client whose address has used up its signups can still log in",
        gains: "An attacker who signs up from a shared address prevents all its users from logging in.",
        read: READ,
        run: |stage| Box::pin(sign_ups(stage, Then::LogIn)),
        ..TIMED_RULE
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
    let mut next = stage.send(log_in_wrongly(email)).await?;
    for _ in 0..2 {
        if next.status != 429 {
            next = stage.send(log_in_wrongly(email)).await?;
        }
    }
    next.refused(429, "throttled", "the account is throttled for unknown clients")
}

async fn session_not_locked(stage: &Stage) -> Verdict {
    let allowed = allowed(stage)?;
    let person = user_in_fresh_window(stage).await?;
    use_up(stage, &person.email, allowed).await?;
    let change = change_password(&person.password, &fresh_password());
    let answer = stage.send(person.held.on(change)).await?;
    answer.is_since(200, "this session logged in with the password, whatever other clients tried since")?;
    stage.forget_failures().await
}

async fn device(stage: &Stage, shown: Shown) -> Verdict {
    let allowed = allowed(stage)?;
    stage.forget_failures().await?;
    let (person, own) = on_device(stage).await?;
    let (_, others) = on_device(stage).await?;
    use_up(stage, &person.email, allowed).await?;
    let log_in_on = |device| person.logging_in("mobile").header(DEVICE_TOKEN, device);
    match shown {
        Shown::OfThisAccount => {
            let why = "this device has logged in to the account before";
            stage.expect_status(log_in_on(own), 200, why).await?;
        }
        Shown::OfAnotherAccount => {
            throttled(stage, log_in_on(others), "this device has logged in to another account only").await?;
        }
    }
    stage.forget_failures().await
}

async fn device_guesses(stage: &Stage) -> Verdict {
    stage.forget_failures().await?;
    let (person, device) = on_device(stage).await?;
    let allowed = match stage.descriptor().limits.failures_per_device {
        Some(allowed) => affordable(allowed, AFFORDABLE_GUESSES)?,
        None => allowed(stage)?,
    };
    let wrong = || log_in_wrongly(&person.email).header(DEVICE_TOKEN, device.clone());
    for turn in 1..=allowed {
        let why = format!("failure {turn} of the {allowed} allowed");
        stage.expect_refusal(wrong(), 401, "invalid_credentials", &why).await?;
    }
    let why = format!("{allowed} failures of a device are allowed, this is one more");
    throttled(stage, wrong(), &why).await?;
    stage.forget_failures().await
}

async fn sign_ups(stage: &Stage, then: Then) -> Verdict {
    let limit = stage.descriptor().limits.sign_ups_per_address;
    let limit =
        limit.ok_or_else(|| Outcome::skipped("the limits in `/lab` have no `sign_ups_per_address`"))?;
    let allowed = affordable(limit, AFFORDABLE_SIGN_UPS)?;
    let person = user_in_fresh_window(stage).await?;
    let taken = || sign_up_on("mobile", &person.email, &person.password);
    for size in batches(allowed - 1, 10) {
        for answer in stage.send_all_to_the_limit((0..size).map(|_| taken()).collect()).await? {
            // The server may respond with 409 or another status for an account's own password, but not with 429 yet.
            answer.expect(answer.status != 429, format!("not 429: {allowed} signups are allowed"))?;
        }
    }
    let next = sign_up_on("mobile", &fresh_email(), &fresh_password());
    let next = stage.send_to_the_limit(next).await?;
    let verdict = match then {
        Then::SignUp => {
            let why = format!("{allowed} signups from this address are allowed, this is one more");
            next.refused(429, "throttled", &why)
        }
        Then::LogIn => {
            let log_in = person.logging_in("mobile");
            stage.expect_status(log_in, 200, "this is a login, and no login has failed").await
        }
    };
    stage.forget_failures().await?;
    verdict
}

/// Signs up a user on a device, and returns the token by which the server recognises the device from then on.
async fn on_device(stage: &Stage) -> Verdict<(Person, String)> {
    let (person, answer) = stage.signed_up_on("mobile").await.in_set_up()?;
    let token = answer.header(DEVICE_TOKEN).map(str::to_owned);
    let none = || Outcome::skipped("the server issues no `Device-Token` to an app");
    Ok((person, token.ok_or_else(none)?))
}
