//! Throttling of failed logins. Each check starts and ends in a fresh window, which it reaches by moving the clock.

use serde_json::json;

use crate::{
    call::Call,
    check::{ATTACK, Check, RULE},
    exchange::Exchange,
    outcome::{Outcome, Verdict},
    stage::{Stage, fresh_email, fresh_password, log_in},
};

pub(super) const READ: &str = "OWASP ASVS 6.3.1, OWASP API2:2023, CWE-307";
/// The most failures that a check causes: more would cost the server too much hashing.
const AFFORDABLE: u32 = 200;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "throttle.account",
        title: "after the allowed failed logins of an account, the next attempt is 429 throttled",
        gains: "Tries passwords without limit.",
        read: READ,
        moves_time: true,
        run: |stage| Box::pin(within_fresh_window(stage, Tried::Known, Asked::Throttled)),
        ..ATTACK
    },
    Check {
        id: "throttle.unknown-alike",
        title: "an unknown address is throttled in the same way",
        gains: "Finds out which addresses have no account: they are never throttled.",
        read: "OWASP WSTG-IDNT-04",
        moves_time: true,
        run: |stage| Box::pin(within_fresh_window(stage, Tried::Unknown, Asked::Throttled)),
        ..ATTACK
    },
    Check {
        id: "throttle.retry-after",
        title: "429 has Retry-After in seconds, no longer than the window",
        gains: "Clients try again at once, or never.",
        read: "RFC 6585 §4, RFC 9110 §10.2.3",
        moves_time: true,
        run: |stage| Box::pin(within_fresh_window(stage, Tried::Known, Asked::RetryAfter)),
        ..RULE
    },
    Check {
        id: "throttle.right-password-too",
        title: "while an account is throttled, the right password is 429 like any other",
        gains: "Continues to try passwords while throttled: the one that is not 429 is right.",
        read: READ,
        moves_time: true,
        run: |stage| Box::pin(within_fresh_window(stage, Tried::Known, Asked::RightPassword)),
        ..ATTACK
    },
    Check {
        id: "throttle.window-ends",
        title: "after the window the right password works again",
        gains: "An attacker locks users out permanently with a few wrong passwords.",
        read: "OWASP Authentication Cheat Sheet: account lockout",
        moves_time: true,
        run: |stage| Box::pin(within_fresh_window(stage, Tried::Known, Asked::WindowOver)),
        ..RULE
    },
    Check {
        id: "throttle.success-resets",
        title: "a successful login resets the account's failures",
        gains: "Users who mistype their password now and then are locked out.",
        read: "contract: throttling",
        moves_time: true,
        run: |stage| Box::pin(success_resets(stage)),
        ..RULE
    },
    Check {
        id: "throttle.wrong-password-counts",
        title: "a wrong password at a password change counts as a failure",
        gains: "Tries passwords with a copied credential at an endpoint that does not count failures.",
        read: READ,
        moves_time: true,
        run: |stage| Box::pin(wrong_password_counts(stage)),
        ..ATTACK
    },
    Check {
        id: "throttle.address",
        title: "failed logins for many accounts are counted by the client's address",
        gains: "Tries one password on a million accounts (password spraying).",
        read: "OWASP Credential Stuffing Prevention Cheat Sheet",
        moves_time: true,
        run: |stage| Box::pin(address(stage)),
        ..ATTACK
    },
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tried {
    Known,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Throttled,
    RetryAfter,
    RightPassword,
    WindowOver,
}

pub(super) fn allowed(stage: &Stage) -> Result<u32, Box<Outcome>> {
    let limits = stage.descriptor().limits;
    let allowed = limits.failures_per_account_and_address.min(limits.failures_per_account);
    if (1..=AFFORDABLE).contains(&allowed) { Ok(allowed) } else { Err(too_many(allowed)) }
}

pub(super) fn too_many(allowed: u32) -> Box<Outcome> {
    Box::new(Outcome::Skipped {
        reason: format!("the server allows {allowed} attempts, more than a check should make"),
    })
}

/// Fails `times` logins, which must be as many as are allowed: none of them may be throttled.
pub(super) async fn fail(stage: &Stage, email: &str, times: u32) -> Verdict {
    for turn in 1..=times {
        let answer = stage.send(log_in(email, &fresh_password(), "mobile")).await?;
        answer.refused(
            401,
            "invalid_credentials",
            &format!("failure {turn} of the {times} that are allowed"),
        )?;
    }
    Ok(())
}

pub(super) fn throttled(answer: &Exchange, why: &str) -> Verdict {
    answer.refused(429, "throttled", why)?;
    Ok(())
}

async fn within_fresh_window(stage: &Stage, tried: Tried, asked: Asked) -> Verdict {
    let allowed = allowed(stage)?;
    stage.forget_failures().await?;
    let person = stage.sign_up().await?;
    let email = if tried == Tried::Known { person.email.clone() } else { fresh_email() };
    fail(stage, &email, allowed).await?;
    let right = log_in(&person.email, &person.password, "mobile");
    let wrong = stage.send(log_in(&email, &fresh_password(), "mobile")).await?;
    let verdict = match asked {
        Asked::Throttled => throttled(&wrong, &format!("{allowed} failures are allowed, this is one more")),
        Asked::RetryAfter => retry_after(stage, &wrong),
        Asked::RightPassword => {
            throttled(&stage.send(right).await?, "while throttled no password is checked")
        }
        Asked::WindowOver => {
            stage.forget_failures().await?;
            stage.send(right).await?.is_since(200, "the window is over").map(drop)
        }
    };
    stage.forget_failures().await?;
    verdict
}

fn retry_after(stage: &Stage, answer: &Exchange) -> Verdict {
    let window = stage.descriptor().limits.window_seconds;
    let wait = answer.header("retry-after").and_then(|wait| wait.parse::<u64>().ok());
    let right = wait.is_some_and(|wait| (1..=window).contains(&wait));
    answer.expect(right, format!("Retry-After: a whole number from 1 to {window}"))?;
    Ok(())
}

async fn success_resets(stage: &Stage) -> Verdict {
    let almost = allowed(stage)?.saturating_sub(1);
    stage.forget_failures().await?;
    let person = stage.sign_up().await?;
    for _ in 0..2 {
        fail(stage, &person.email, almost).await?;
        let right = stage.send(log_in(&person.email, &person.password, "mobile")).await?;
        right.is_since(200, "this is the password, and one more failure was allowed")?;
    }
    stage.forget_failures().await
}

async fn wrong_password_counts(stage: &Stage) -> Verdict {
    let of_log_ins = allowed(stage)?;
    let allowed = stage.descriptor().limits.failures_per_session.unwrap_or(of_log_ins);
    if !(1..=AFFORDABLE).contains(&allowed) {
        return Err(too_many(allowed));
    }
    stage.forget_failures().await?;
    let person = stage.sign_up().await?;
    let change = || {
        let body = json!({"current_password": fresh_password(), "new_password": fresh_password()});
        person.held.on(Call::post("/auth/password").json(&body))
    };
    for _ in 0..allowed {
        stage.send(change()).await?.refused(403, "wrong_password", "this is not the password")?;
    }
    throttled(&stage.send(change()).await?, "the allowed failures are used up")?;
    if allowed >= of_log_ins {
        let log_in = stage.send(log_in(&person.email, &person.password, "mobile")).await?;
        throttled(&log_in, "failed password changes count for login too")?;
    }
    stage.forget_failures().await
}

async fn address(stage: &Stage) -> Verdict {
    let allowed = stage.descriptor().limits.failures_per_address;
    if !(1..=AFFORDABLE).contains(&allowed) {
        return Err(too_many(allowed));
    }
    stage.forget_failures().await?;
    let person = stage.sign_up().await?;
    let (mut left, each) = (allowed, 5);
    while left > 0 {
        let now = left.min(each);
        let calls = (0..now).map(|_| log_in(&fresh_email(), &fresh_password(), "mobile")).collect();
        for answer in stage.send_all(calls).await? {
            answer.refused(
                401,
                "invalid_credentials",
                &format!("one of the {allowed} failures that are allowed"),
            )?;
        }
        left -= now;
    }
    let next = stage.send(log_in(&person.email, &fresh_password(), "mobile")).await?;
    throttled(&next, &format!("{allowed} failures from this address are allowed, this is one more"))?;
    stage.forget_failures().await?;
    stage.log_in(&person).await?;
    Ok(())
}
