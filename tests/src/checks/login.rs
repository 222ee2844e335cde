//! Login: who may log in, and what a refused client may learn.

pub(super) mod hashing;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::chosen;
use crate::{
    fresh::DOMAIN,
    prelude::{ATTACK, Check, Exchange, RULE, Stage, Verdict, fresh_email, fresh_password},
    requests::{log_in, log_in_with, log_in_wrongly, sign_up},
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
];

async fn succeeds(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let held = stage.expect_log_in(&person).await?;
    let me = stage.me(&held).await?;
    me.is(200)?;
    me.expect(me.has("email", &person.email), "the account's own address in `email`")
}

async fn wrong_password(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    for wrong in [fresh_password(), person.password.to_uppercase()] {
        let answer = stage.send(log_in(&person.email, &wrong, "mobile")).await?;
        answer.refused(401, "invalid_credentials", "the password is wrong")?;
        let no_cookie = answer.set_cookies().iter().all(|cookie| cookie.value.is_empty());
        let none = no_cookie && answer.text("access_token").is_none();
        answer.expect(none, "no credential in a refusal")?;
    }
    stage.expect_log_in(&person).await?;
    Ok(())
}

async fn unknown_address_alike(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let known = stage.send(log_in_wrongly(&person.email)).await?;
    let unknown = stage.send(log_in_wrongly(&fresh_email())).await?;
    let told = |part: &str| format!("the same {part} as for a known address with a wrong password");
    unknown.expect_alike(unknown.status == known.status, format!("{}: {}", told("status"), known.status))?;
    unknown.expect_alike(
        names(&unknown) == names(&known),
        format!("{}: {:?}", told("headers"), names(&known)),
    )?;
    let same = told_body(&unknown) == told_body(&known);
    unknown.expect_alike(same, format!("{}: {}", told("body"), told_body(&known)))
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
        _ => answer.body_text().into_owned(),
    }
}

async fn password_whole(stage: &Stage) -> Verdict {
    let email = fresh_email();
    let password = format!(" Ab \u{0}ü{}z ", "x".repeat(90));
    stage.set_up(sign_up(&email, &password), 201).await?;
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
    stage.expect_status(log_in(&email, &password, "mobile"), 200, "this is the password").await
}

async fn domain_case(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let spelling = format!(" {} ", person.email.replace(DOMAIN, "EXAMPLE.Test"));
    let call = log_in(&spelling, &person.password, "mobile");
    stage.expect_status(call, 200, "this is the same address, with its domain in capitals").await
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
        let call = log_in_with(&body);
        stage.expect_refusal(call, 422, "invalid", &format!("the JSON is well-formed, but {what}")).await?;
    }
    Ok(())
}
