//! Signup: which addresses and passwords are allowed, and that an address has only one account.

use serde_json::json;

use crate::{
    fresh::{DOMAIN, fresh_name, random_password},
    prelude::{ATTACK, Check, RULE, Stage, Verdict, fresh_email, fresh_password},
    requests::{sign_up, sign_up_with},
};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "signup.succeeds",
        title: "signing up is 201 with a credential that works",
        gains: "No user can create an account.",
        read: "contract: the flows",
        run: |stage| Box::pin(succeeds(stage)),
        ..RULE
    },
    Check {
        id: "signup.email-taken",
        title: "an address that has an account is 409 email_taken, however it is spelt",
        gains: "Signs up with another spelling of a user's address, and receives what is meant for that user.",
        read: "OWASP WSTG-IDNT-02",
        run: |stage| Box::pin(email_taken(stage)),
        ..ATTACK
    },
    Check {
        id: "signup.email-taken-race",
        title: "of many concurrent signups with one address, one succeeds",
        gains: "Two accounts have one address: it is chance to which of them a login or a deletion applies.",
        read: "CWE-367",
        run: |stage| Box::pin(email_taken_race(stage)),
        ..ATTACK
    },
    Check {
        id: "signup.email-bounds",
        title: "an address of 254 bytes is accepted; one that is longer, malformed or has control characters is 422",
        gains: "Adds headers to the mails that are sent to an address, with line breaks in it.",
        read: "RFC 5321 §4.5.3.1.3, CWE-93, contract: e-mail",
        run: |stage| Box::pin(email_bounds(stage)),
        ..ATTACK
    },
    Check {
        id: "signup.email-normalised",
        title: "the server stores the address trimmed and with its domain in lower case",
        gains: "One address becomes several accounts.",
        read: "RFC 5321 §2.3.11, contract: e-mail",
        run: |stage| Box::pin(email_normalised(stage)),
        ..RULE
    },
    Check {
        id: "signup.password-bounds",
        title: "passwords from the server's minimum length to 1,024 bytes are accepted, others are 422",
        gains: "Attackers guess short passwords, and make the server hash megabytes if the length has no limit.",
        read: "NIST SP 800-63B §3.1.1.2, OWASP ASVS 6.2",
        run: |stage| Box::pin(password_bounds(stage)),
        ..RULE
    },
    Check {
        id: "signup.client-and-device",
        title: "client is web or mobile, device a label of at most 64 characters; both may be left out",
        gains: "Labels without a limit fill the store, one session at a time.",
        read: "contract: the flows",
        run: |stage| Box::pin(client_and_device(stage)),
        ..RULE
    },
    Check {
        id: "signup.unknown-members",
        title: "members that the contract does not define are ignored",
        gains: "Sets `user_id` or `role` in the request; or a newer client cannot use an older server.",
        read: "OWASP API3:2023 (mass assignment), contract: first paragraph",
        run: |stage| Box::pin(unknown_members(stage)),
        ..ATTACK
    },
];

/// The shortest new password that any server may require, and that a server requires by default, in characters.
const SHORTEST: usize = 8;
const DEFAULT_SHORTEST: usize = 15;

/// The shortest new password that the server accepts, and the source of that number.
pub(super) fn shortest_password(stage: &Stage) -> (usize, &'static str) {
    match stage.descriptor().limits.password_min {
        Some(least) => (least.max(SHORTEST), "according to the server's `limits.password_min`"),
        None => (SHORTEST, "whatever minimum the server sets"),
    }
}

async fn succeeds(stage: &Stage) -> Verdict {
    let (person, _answer) = stage.signed_up_on("mobile").await?;
    let me = stage.me(&person.held).await?;
    me.is(200)?;
    let same = me.has("user_id", &person.held.user_id);
    me.expect(same, format!("the `user_id` of the signup, {}", person.held.user_id))
}

async fn email_taken(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let capitals = person.email.replace(DOMAIN, "Example.TEST");
    for spelling in [&person.email, &capitals, &format!("  {}\t", person.email)] {
        let call = sign_up(spelling, &fresh_password());
        stage.expect_refusal(call, 409, "email_taken", "there is an account with this address").await?;
    }
    stage.expect_log_in(&person).await?;
    Ok(())
}

async fn email_taken_race(stage: &Stage) -> Verdict {
    let email = fresh_email();
    let answers = stage.send_all((0..6).map(|_| sign_up(&email, &fresh_password())).collect()).await?;
    let created = answers.iter().filter(|answer| answer.status == 201).count();
    for answer in &answers {
        if created == 0 {
            answer.is_since(201, "one of six concurrent signups must succeed")?;
        }
        answer.expect(created == 1, format!("one 201 for six concurrent signups; there were {created}"))?;
        if answer.status != 201 {
            answer.refused(409, "email_taken", "another one of the six concurrent signups was first")?;
        }
    }
    Ok(())
}

/// An address of exactly this many bytes.
/// An address of exactly this many bytes.
fn email_of(bytes: usize) -> String {
    let start = format!("{}@", fresh_name());
    let mut domain = String::new();
    while domain.len() + start.len() + 5 < bytes {
        let room = bytes - domain.len() - start.len() - 5;
        // A label has at most 63 bytes (RFC 1035 §2.3.4); one byte is for the dot.
        domain.push_str(&"a".repeat(room.min(if room == 62 { 30 } else { 61 })));
        if domain.len() + start.len() + 5 < bytes {
            domain.push('.');
        }
    }
    format!("{start}{domain}.test")
}

async fn email_bounds(stage: &Stage) -> Verdict {
    let longest = email_of(254);
    let why = format!("an address may have 254 bytes, this one has {}", longest.len());
    stage.expect_status(sign_up(&longest, &fresh_password()), 201, &why).await?;
    let name = fresh_name();
    for (email, what) in [
        (email_of(255), "it has 255 bytes"),
        (format!("{name}\n@example.test"), "it has a line break in it"),
        (format!("{name}\u{0}@example.test"), "it has a NUL in it"),
        (format!("{name}@example.test\r\nBcc: x@example.test"), "it contains a second header line"),
        (name.clone(), "it has no @"),
        (format!("{name}@"), "it has no domain"),
        ("@example.test".to_owned(), "it has no local part"),
        (String::new(), "it is empty"),
    ] {
        let call = sign_up(&email, &fresh_password());
        stage.expect_refusal(call, 422, "invalid", &format!("this is not an address: {what}")).await?;
    }
    Ok(())
}

async fn email_normalised(stage: &Stage) -> Verdict {
    let name = fresh_name();
    let call = sign_up(&format!("  X{name}@ExAmple.TEST "), &fresh_password());
    let held = stage.held_after(call, 201).await?;
    let me = stage.me(&held).await?;
    me.is(200)?;
    let kept = format!("X{name}@{DOMAIN}");
    me.expect(me.has("email", &kept), format!("the address {kept:?}"))
}

async fn password_bounds(stage: &Stage) -> Verdict {
    let (least, at_least) = shortest_password(stage);
    let short = least - 1;
    // A server that does not state its minimum may require more than the contract's, but no more than its default.
    let enough = stage.descriptor().limits.password_min.map_or(DEFAULT_SHORTEST, |_| least);
    for (password, status, what) in [
        (random_password(short, 'a'), 422, format!("{short} characters are too few, {at_least}")),
        (random_password(enough, 'a'), 201, format!("{enough} characters are enough")),
        (
            random_password(short, 'à'),
            422,
            format!("{short} characters are too few, however many bytes they have"),
        ),
        (random_password(enough, 'à'), 201, format!("{enough} characters are enough, whatever they are")),
        (random_password(1024, 'a'), 201, "1,024 bytes are allowed".into()),
        (random_password(1025, 'a'), 422, "1,025 bytes are too many".into()),
        (random_password(513, 'à'), 422, "1,026 bytes are too many, in 513 characters".into()),
    ] {
        stage.expect_status(sign_up(&fresh_email(), &password), status, &what).await?;
    }
    Ok(())
}

async fn client_and_device(stage: &Stage) -> Verdict {
    for (client, device, status, what) in [
        (json!("web"), json!("Ada's laptop"), 201, "both are well-formed"),
        (json!("mobile"), json!("字".repeat(64)), 201, "the label has 64 characters"),
        (json!("mobile"), json!("字".repeat(65)), 422, "the label has 65 characters"),
        (json!("desktop"), json!("x"), 422, "there is no client `desktop`"),
    ] {
        let body =
            json!({"email": fresh_email(), "password": fresh_password(), "client": client, "device": device});
        stage.expect_status(sign_up_with(&body), status, what).await?;
    }
    Ok(())
}

async fn unknown_members(stage: &Stage) -> Verdict {
    let victim = stage.sign_up().await?;
    let body = json!({
        "email": fresh_email(), "password": fresh_password(), "user_id": victim.held.user_id, "epoch": 99,
        "role": "admin", "from_the_future": {"deep": [1, 2, 3]},
    });
    let answer = stage.send(sign_up_with(&body)).await?;
    answer.is_since(201, "unknown members are ignored")?;
    let own = !answer.has("user_id", &victim.held.user_id);
    answer.expect(own, "a `user_id` that the server chose, not the one that was sent")
}
