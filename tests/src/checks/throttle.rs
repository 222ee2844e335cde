//! Throttling of failed logins. Each check starts and ends in a fresh window, which it reaches by moving the clock.

use crate::{
    prelude::{
        Call, Check, Exchange, Outcome, Person, Stage, TIMED_ATTACK, TIMED_RULE, Verdict, fresh_email,
        fresh_password,
    },
    requests::{change_password, log_in_wrongly},
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
        run: |stage| Box::pin(within_fresh_window(stage, Tried::Known, Asked::Throttled)),
        ..TIMED_ATTACK
    },
    Check {
        id: "throttle.unknown-alike",
        title: "an unknown address is throttled in the same way",
        gains: "Finds out which addresses have no account: they are never throttled.",
        read: "OWASP WSTG-IDNT-04",
        run: |stage| Box::pin(within_fresh_window(stage, Tried::Unknown, Asked::Throttled)),
        ..TIMED_ATTACK
    },
    Check {
        id: "throttle.retry-after",
        title: "429 has Retry-After in seconds, no longer than the window",
        gains: "Clients try again at once, or never.",
        read: "RFC 6585 §4, RFC 9110 §10.2.3",
        run: |stage| Box::pin(within_fresh_window(stage, Tried::Known, Asked::RetryAfter)),
        ..TIMED_RULE
    },
    Check {
        id: "throttle.right-password-too",
        title: "while an account is throttled, the right password is 429 like any other",
        gains: "Continues to try passwords while throttled: the one that is not 429 is right.",
        read: READ,
        run: |stage| Box::pin(within_fresh_window(stage, Tried::Known, Asked::RightPassword)),
        ..TIMED_ATTACK
    },
    Check {
        id: "throttle.window-ends",
        title: "after the window the right password works again",
        gains: "An attacker locks users out permanently with a few wrong passwords.",
        read: "OWASP Authentication Cheat Sheet: account lockout",
        run: |stage| Box::pin(within_fresh_window(stage, Tried::Known, Asked::WindowOver)),
        ..TIMED_RULE
    },
    Check {
        id: "throttle.success-resets",
        title: "a successful login resets the account's failures",
        gains: "Users who mistype their password now and then are locked out.",
        read: "contract: throttling",
        run: |stage| Box::pin(success_resets(stage)),
        ..TIMED_RULE
    },
    Check {
        id: "throttle.wrong-password-counts",
        title: "a wrong password at a password change counts as a failure",
        gains: "Tries passwords with a copied credential at an endpoint that does not count failures.",
        read: READ,
        run: |stage| Box::pin(wrong_password_counts(stage)),
        ..TIMED_ATTACK
    },
    Check {
        id: "throttle.address",
        title: "failed logins for many accounts are counted by the client's address",
        gains: "Tries one password on a million accounts (password spraying).",
        read: "OWASP Credential Stuffing Prevention Cheat Sheet",
        run: |stage| Box::pin(address(stage)),
        ..TIMED_ATTACK
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

pub(super) fn allowed(stage: &Stage) -> Verdict<u32> {
    let limits = stage.descriptor().limits;
    affordable(limits.failures_per_account_and_address.min(limits.failures_per_account), AFFORDABLE)
}

/// The allowed number of attempts, if it is at most `most`.
pub(super) fn affordable(allowed: u32, most: u32) -> Verdict<u32> {
    let too_many =
        || Outcome::skipped(format!("the server allows {allowed} attempts, more than a check should make"));
    if (1..=most).contains(&allowed) { Ok(allowed) } else { Err(too_many()) }
}

/// A new user, after the clock has moved past all earlier failures.
pub(super) async fn user_in_fresh_window(stage: &Stage) -> Verdict<Person> {
    stage.forget_failures().await?;
    stage.sign_up().await
}

/// The sizes of the batches in which `total` requests are sent.
pub(super) fn batches(total: u32, size: usize) -> impl Iterator<Item = u32> {
    (0..total).step_by(size).map(move |sent| (total - sent).min(size as u32))
}

/// Fails `times` logins, which must be as many as are allowed: none of them may be throttled.
pub(super) async fn fail(stage: &Stage, email: &str, times: u32) -> Verdict {
    for turn in 1..=times {
        let why = format!("failure {turn} of the {times} that are allowed");
        stage.expect_refusal(log_in_wrongly(email), 401, "invalid_credentials", &why).await?;
    }
    Ok(())
}

pub(super) async fn throttled(stage: &Stage, call: Call, why: &str) -> Verdict {
    stage.expect_refusal(call, 429, "throttled", why).await
}

async fn within_fresh_window(stage: &Stage, tried: Tried, asked: Asked) -> Verdict {
    let allowed = allowed(stage)?;
    let person = user_in_fresh_window(stage).await?;
    let email = if tried == Tried::Known { person.email.clone() } else { fresh_email() };
    fail(stage, &email, allowed).await?;
    let right = person.logging_in("mobile");
    let wrong = stage.send(log_in_wrongly(&email)).await?;
    let verdict = match asked {
        Asked::Throttled => {
            wrong.refused(429, "throttled", &format!("{allowed} failures are allowed, this is one more"))
        }
        Asked::RetryAfter => retry_after(stage, &wrong),
        Asked::RightPassword => throttled(stage, right, "while throttled no password is checked").await,
        Asked::WindowOver => {
            stage.forget_failures().await?;
            stage.expect_status(right, 200, "the window is over").await
        }
    };
    stage.forget_failures().await?;
    verdict
}

fn retry_after(stage: &Stage, answer: &Exchange) -> Verdict {
    let window = stage.descriptor().limits.window_seconds;
    let wait = answer.header("retry-after").and_then(|wait| wait.parse::<u64>().ok());
    let right = wait.is_some_and(|wait| (1..=window).contains(&wait));
    answer.expect(right, format!("Retry-After: a whole number from 1 to {window}"))
}

async fn success_resets(stage: &Stage) -> Verdict {
    let almost = allowed(stage)?.saturating_sub(1);
    let person = user_in_fresh_window(stage).await?;
    for _ in 0..2 {
        fail(stage, &person.email, almost).await?;
        let call = person.logging_in("mobile");
        stage.expect_status(call, 200, "this is the password, and one more failure was allowed").await?;
    }
    stage.forget_failures().await
}

async fn wrong_password_counts(stage: &Stage) -> Verdict {
    let of_log_ins = allowed(stage)?;
    let of_sessions = stage.descriptor().limits.failures_per_session;
    let allowed = affordable(of_sessions.unwrap_or(of_log_ins), AFFORDABLE)?;
    let person = user_in_fresh_window(stage).await?;
    let change = || person.held.on(change_password(&fresh_password(), &fresh_password()));
    for _ in 0..allowed {
        stage.expect_refusal(change(), 403, "wrong_password", "this is not the password").await?;
    }
    throttled(stage, change(), "the allowed failures are used up").await?;
    if allowed >= of_log_ins {
        let log_in = person.logging_in("mobile");
        throttled(stage, log_in, "failed password changes count for login too").await?;
    }
    stage.forget_failures().await
}

async fn address(stage: &Stage) -> Verdict {
    let allowed = affordable(stage.descriptor().limits.failures_per_address, AFFORDABLE)?;
    let person = user_in_fresh_window(stage).await?;
    for size in batches(allowed, 5) {
        let calls = (0..size).map(|_| log_in_wrongly(&fresh_email())).collect();
        for answer in stage.send_all(calls).await? {
            let why = format!("one of the {allowed} failures that are allowed");
            answer.refused(401, "invalid_credentials", &why)?;
        }
    }
    let why = format!("{allowed} failures from this address are allowed, this is one more");
    throttled(stage, log_in_wrongly(&person.email), &why).await?;
    stage.forget_failures().await?;
    stage.expect_log_in(&person).await?;
    Ok(())
}
