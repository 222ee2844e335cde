//! Changing the password: who may do so, and that all earlier credentials stop working.

use serde_json::json;

use super::{
    chosen::{COMMON, refused_as_common},
    signup::shortest_password,
};
use crate::{
    fresh::random_password,
    prelude::{ATTACK, Check, Feature, Held, Person, RULE, SetUp, Stage, Verdict, fresh_password},
    requests::{change_password, change_password_with, log_in},
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

async fn old_password_holds(stage: &Stage, person: &Person) -> Verdict {
    stage.send(person.logging_in("mobile")).await?.is_unharmed("the password was not changed")
}

async fn change(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let new = fresh_password();
    let held = changed(stage, &person, &new).await?;
    stage.me(&held).await?.is_since(200, "this credential was issued at the password change")?;
    let old = stage.send(person.logging_in("mobile")).await?;
    old.refused(401, "invalid_credentials", "this is the old password")?;
    stage.expect_status(log_in(&person.email, &new, "mobile"), 200, "this is the new password").await
}

/// Changes the password, which must succeed, and returns the new credentials.
async fn changed(stage: &Stage, person: &Person, new: &str) -> Verdict<Held> {
    let call = person.held.on(change_password(&person.password, new));
    stage.held_after(call, 200).await
}

async fn wrong_current(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let call = person.held.on(change_password(&fresh_password(), &fresh_password()));
    stage.expect_refusal(call, 403, "wrong_password", "this is not the current password").await?;
    old_password_holds(stage, &person).await?;
    stage.expect_session(&person.held, "a refused change ends nothing").await
}

async fn new_bounds(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let current = &person.password;
    let (least, at_least) = shortest_password(stage);
    let short = random_password(least - 1, 'a');
    let too_short = format!("{} characters are too few, {at_least}", least - 1);
    for (body, what) in [
        (json!({"current_password": current, "new_password": short}), too_short.as_str()),
        (json!({"current_password": current, "new_password": "p".repeat(1025)}), "1,025 bytes are too many"),
        (json!({"current_password": current}), "the new password is missing"),
        (json!({"new_password": fresh_password()}), "the current password is missing"),
        (json!({"current_password": current, "new_password": null}), "the new password is null"),
    ] {
        let call = person.held.on(change_password_with(&body));
        stage.expect_refusal(call, 422, "invalid", what).await?;
    }
    old_password_holds(stage, &person).await
}

async fn needs_credential(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    stage.expect_credential(change_password(&person.password, &fresh_password())).await?;
    old_password_holds(stage, &person).await
}

async fn ends_sessions(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let elsewhere = stage.log_in(&person).await?;
    let held = changed(stage, &person, &fresh_password()).await.in_set_up()?;
    stage.expect_no_session(&elsewhere, "the password was changed after this login").await?;
    let why = "the session that requested the change ends too: its credential may have been copied";
    stage.expect_no_session(&person.held, why).await?;
    stage.expect_session(&held, "this credential was issued at the password change").await
}

async fn new_common(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    for common in COMMON {
        let call = person.held.on(change_password(&person.password, common));
        refused_as_common(stage, call, common).await?;
    }
    old_password_holds(stage, &person).await
}
