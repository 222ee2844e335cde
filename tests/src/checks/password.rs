//! Changing the password: who may do so, and that all earlier credentials stop working.

use serde_json::{Value, json};

use super::chosen;
use crate::{
    call::Call,
    check::{ATTACK, Check, RULE},
    descriptor::Feature,
    outcome::Verdict,
    stage::{Person, Stage, fresh_password, log_in, random_password},
};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "password.change",
        title: "after a change the new password works and the old one does not; the response contains a credential",
        gains: "Uses a leaked password after the user has changed it.",
        read: "OWASP ASVS 6.2.2",
        run: |stage| Box::pin(change(stage)),
        ..ATTACK
    },
    Check {
        id: "password.wrong-current",
        title: "a wrong current password is 403 wrong_password and changes nothing",
        gains: "Takes the account over permanently with a copied credential.",
        read: "OWASP ASVS 6.2.3",
        run: |stage| Box::pin(wrong_current(stage)),
        ..ATTACK
    },
    Check {
        id: "password.new-bounds",
        title: "the new password has the same limits as at signup, and 422 changes nothing",
        gains: "A user can set a password that a signup would refuse.",
        read: "NIST SP 800-63B §3.1.1.2",
        run: |stage| Box::pin(new_bounds(stage)),
        ..RULE
    },
    Check {
        id: "password.needs-credential",
        title: "changing the password needs a credential",
        gains: "Changes another user's password.",
        read: "OWASP API2:2023",
        run: |stage| Box::pin(needs_credential(stage)),
        ..ATTACK
    },
    Check {
        id: "password.ends-sessions",
        title: "a password change ends all earlier sessions, including the one that requested it; the new credential works",
        gains: "Stays logged in with a copied credential after the victim has changed the password.",
        read: "OWASP ASVS 7.4.3",
        needs_any: &[Feature::InstantRevocation, Feature::Refresh],
        run: |stage| Box::pin(ends_sessions(stage)),
        ..ATTACK
    },
    Check {
        id: "password.new-common",
        title: "a new password that attackers try first is 422, and the old one stays valid",
        gains: "Guesses a common password, which the user could not choose at signup but set later.",
        read: "OWASP ASVS 6.2.4",
        run: |stage| Box::pin(new_common(stage)),
        ..ATTACK
    },
];

fn request(current: &str, new: &str) -> Call {
    Call::post("/auth/password").json(&json!({"current_password": current, "new_password": new}))
}

async fn old_password_holds(stage: &Stage, person: &Person) -> Verdict {
    let old = stage.send(log_in(&person.email, &person.password, "mobile")).await?;
    old.is_since(200, "the password was not changed")?;
    Ok(())
}

async fn change(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let new = fresh_password();
    let changed = stage.send(person.held.on(request(&person.password, &new))).await?;
    let held = stage.held(changed.is(200)?)?;
    stage.me(&held).await?.is_since(200, "this credential was issued at the password change")?;
    let old = stage.send(log_in(&person.email, &person.password, "mobile")).await?;
    old.refused(401, "invalid_credentials", "this is the old password")?;
    stage.send(log_in(&person.email, &new, "mobile")).await?.is_since(200, "this is the new password")?;
    Ok(())
}

async fn wrong_current(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let answer = stage.send(person.held.on(request(&fresh_password(), &fresh_password()))).await?;
    answer.refused(403, "wrong_password", "this is not the current password")?;
    old_password_holds(stage, &person).await?;
    stage.asks_for_session(&person.held).await?.is_since(200, "a refused change ends nothing")?;
    Ok(())
}

async fn new_bounds(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let current = &person.password;
    let (least, at_least) = stage.shortest_password();
    let short = random_password(least - 1, 'a');
    for (body, what) in [
        (
            json!({"current_password": current, "new_password": short}),
            &*format!("{} characters are too few, {at_least}", least - 1),
        ),
        (json!({"current_password": current, "new_password": "p".repeat(1025)}), "1,025 bytes are too many"),
        (json!({"current_password": current}), "the new password is missing"),
        (json!({"new_password": fresh_password()}), "the current password is missing"),
        (json!({"current_password": current, "new_password": Value::Null}), "the new password is null"),
    ] {
        let answer = stage.send(person.held.on(Call::post("/auth/password").json(&body))).await?;
        answer.refused(422, "invalid", what)?;
    }
    old_password_holds(stage, &person).await
}

async fn needs_credential(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let call = || request(&person.password, &fresh_password());
    stage.send(call()).await?.refused(401, "unauthenticated", "no credential was sent")?;
    stage.send(call().bearer("garbage")).await?.refused(401, "invalid_token", "garbage was sent")?;
    old_password_holds(stage, &person).await
}

async fn ends_sessions(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let elsewhere = stage.log_in(&person).await?;
    let changed = stage.send(person.held.on(request(&person.password, &fresh_password()))).await?;
    let held = stage.held(changed.is(200)?)?;
    stage.asks_for_session(&elsewhere).await?.is_since(401, "the password was changed after this login")?;
    stage.asks_for_session(&person.held).await?.is_since(
        401,
        "the session that requested the change ends too: its credential may have been copied",
    )?;
    stage
        .asks_for_session(&held)
        .await?
        .is_since(200, "this credential was issued at the password change")?;
    Ok(())
}

async fn new_common(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    for common in chosen::COMMON {
        let answer = stage.send(person.held.on(request(&person.password, common))).await?;
        answer.refused(
            422,
            "invalid",
            &format!("`{common}` is one of the passwords that attackers try first"),
        )?;
    }
    old_password_holds(stage, &person).await
}
