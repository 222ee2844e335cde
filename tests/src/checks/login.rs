//! Login: who may log in, and what a refused client may learn.

use std::{collections::BTreeSet, time::Duration};

use futures_util::{StreamExt, stream::FuturesUnordered};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::chosen;
use crate::{
    call::Call,
    check::{ATTACK, Check, RULE},
    exchange::Exchange,
    outcome::Verdict,
    stage::{Person, Stage, fresh_email, fresh_password, log_in},
};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "login.succeeds",
        title: "a login with the right password succeeds, and its credential works",
        gains: "No user can log in.",
        read: "contract: the flows",
        run: |stage| Box::pin(succeeds(stage)),
        ..RULE
    },
    Check {
        id: "login.wrong-password",
        title: "a wrong password is 401 invalid_credentials",
        gains: "Logs in to any account whose address they know.",
        read: "OWASP Authentication Cheat Sheet",
        run: |stage| Box::pin(wrong_password(stage)),
        ..ATTACK
    },
    Check {
        id: "login.unknown-address-alike",
        title: "an unknown address gets the same status, headers and body as a wrong password",
        gains: "Finds out which addresses have an account, because the responses differ: a list for phishing and for passwords leaked elsewhere.",
        read: "OWASP WSTG-IDNT-04, OWASP Authentication Cheat Sheet: authentication responses",
        run: |stage| Box::pin(unknown_address_alike(stage)),
        ..ATTACK
    },
    Check {
        id: "login.password-whole",
        title: "every byte of a long password counts, and so do case and spaces",
        gains: "Guesses only a part of the password, because the server cuts it at 72 bytes (as bcrypt does), or ignores case or spaces.",
        read: "OWASP Password Storage Cheat Sheet: input limits of bcrypt; NIST SP 800-63B §3.1.1.2",
        run: |stage| Box::pin(password_whole(stage)),
        ..ATTACK
    },
    Check {
        id: "login.domain-case",
        title: "the domain's case and spaces around the address do not matter",
        gains: "A login with the right password fails, because a phone wrote a capital letter in the address.",
        read: "RFC 5321 §2.3.11, contract: e-mail",
        run: |stage| Box::pin(domain_case(stage)),
        ..RULE
    },
    Check {
        id: "login.password-normalised",
        title: "an accented letter is the same whether a keyboard writes it as one character or as two",
        gains: "A login with the right password fails, because a new device encodes é differently.",
        read: "NIST SP 800-63B-4 §3.1.1.2 (normalisation), Unicode TR 15",
        run: |stage| Box::pin(chosen::password_normalised(stage)),
        ..RULE
    },
    Check {
        id: "login.invalid-body",
        title: "a member that is missing or of the wrong type is 422 with pointers",
        gains: "A client cannot tell an invalid request from a wrong password.",
        read: "RFC 9457 §3, contract: errors",
        run: |stage| Box::pin(invalid_body(stage)),
        ..RULE
    },
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
        moves_time: true,
        run: |stage| Box::pin(same_time(stage)),
        ..ATTACK
    },
];

async fn succeeds(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let held = stage.log_in(&person).await?;
    let me = stage.me(&held).await?;
    me.is(200)?
        .expect(me.text("email").as_deref() == Some(&person.email), "the account's own address in `email`")?;
    Ok(())
}

async fn wrong_password(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    for wrong in [fresh_password(), person.password.to_uppercase()] {
        let answer = stage.send(log_in(&person.email, &wrong, "mobile")).await?;
        answer.refused(401, "invalid_credentials", "the password is wrong")?;
        let no_credential = answer.set_cookies().iter().all(|cookie| cookie.value.is_empty());
        answer
            .expect(no_credential && answer.text("access_token").is_none(), "no credential in a refusal")?;
    }
    stage.log_in(&person).await?;
    Ok(())
}

async fn unknown_address_alike(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let known = stage.send(log_in(&person.email, &fresh_password(), "mobile")).await?;
    let unknown = stage.send(log_in(&fresh_email(), &fresh_password(), "mobile")).await?;
    let told = |part: &str| format!("the same {part} as for a known address with a wrong password");
    unknown.expect(unknown.status == known.status, format!("{}: {}", told("status"), known.status))?;
    unknown.expect(names(&unknown) == names(&known), format!("{}: {:?}", told("headers"), names(&known)))?;
    let same = told_body(&unknown) == told_body(&known);
    unknown.expect(same, format!("{}: {}", told("body"), told_body(&known)))?;
    Ok(())
}

/// The header names, without those that a server may add to any response.
fn names(answer: &Exchange) -> BTreeSet<&str> {
    let names = answer.headers.keys().map(|name| name.as_str());
    names.filter(|name| !["date", "x-request-id", "connection", "keep-alive"].contains(name)).collect()
}

/// The body without the members that identify this one occurrence (RFC 9457 §3.1.5).
fn told_body(answer: &Exchange) -> String {
    match answer.json() {
        Value::Object(mut members) => {
            members.retain(|name, _| name != "instance" && name != "request_id");
            Value::Object(members).to_string()
        }
        _ => String::from_utf8_lossy(&answer.body).into_owned(),
    }
}

async fn password_whole(stage: &Stage) -> Verdict {
    let email = fresh_email();
    let password = format!(" Ab \u{0}ü{}z ", "x".repeat(90));
    let call = Call::post("/auth/signup").json(&json!({"email": email, "password": password}));
    stage.send(call).await?.is_since(201, "a password may contain any characters")?;
    let first_72: String = password.chars().take(70).collect();
    for (wrong, what) in [
        (first_72, "its first 72 bytes"),
        (password.trim().to_owned(), "it without the surrounding spaces"),
        (
            password.split('\u{0}').next().unwrap_or_default().to_owned() + "xxxxxx",
            "its beginning, up to the NUL",
        ),
        (password.replace('A', "a"), "it in lower case"),
        (password.replace('z', "y"), "it with another last letter"),
    ] {
        let answer = stage.send(log_in(&email, &wrong, "mobile")).await?;
        answer.refused(401, "invalid_credentials", &format!("this is not the password but {what}"))?;
    }
    stage.send(log_in(&email, &password, "mobile")).await?.is_since(200, "this is the password")?;
    Ok(())
}

async fn domain_case(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let local = person.email.trim_end_matches("@example.test");
    let answer = stage.send(log_in(&format!(" {local}@EXAMPLE.Test "), &person.password, "mobile")).await?;
    answer.is_since(200, "this is the same address, with its domain in capitals")?;
    Ok(())
}

async fn invalid_body(stage: &Stage) -> Verdict {
    for (body, what) in [
        (json!({}), "the object is empty"),
        (json!({"email": fresh_email()}), "the password is missing"),
        (json!({"password": fresh_password()}), "the address is missing"),
        (json!({"email": 7, "password": fresh_password()}), "the address is a number"),
        (json!({"email": fresh_email(), "password": ["a"]}), "the password is a list"),
        (json!([]), "it is a list instead of an object"),
    ] {
        let answer = stage.send(Call::post("/auth/login").json(&body)).await?;
        answer.refused(422, "invalid", &format!("the JSON is well-formed, but {what}"))?;
    }
    Ok(())
}

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
        (0..CROWD).map(|_| stage.send(log_in(&person.email, &person.password, "mobile"))).collect();
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
    me.expect(
        let_in <= CROWD / 2,
        format!("a response before half of {CROWD} logins have succeeded; {let_in} had"),
    )?;
    while let Some(answer) = crowd.next().await {
        let answer = answer?;
        answer
            .expect([200, 429, 503].contains(&answer.status), "status 200, or 429 or 503 under overload")?;
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
    if let (false, Some(answer)) = (alike, last) {
        let text =
            format!("about the same time for both: known {known:?}, unknown {unknown:?} (medians of 24)");
        return Err(answer.failed(text));
    }
    Ok(())
}

async fn timed(stage: &Stage, email: &str) -> Result<(Exchange, Duration), Box<crate::outcome::Outcome>> {
    let call = log_in(email, &fresh_password(), "mobile");
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
