//! Deleting the account: both forms of the request, and what the server keeps.

use serde_json::{Value, json};

use crate::{
    call::Call,
    check::{ATTACK, Check, RULE},
    descriptor::Feature,
    outcome::Verdict,
    stage::{Stage, fresh_password, log_in},
};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "account.delete",
        title: "DELETE /auth/account and POST /auth/account/delete both delete the account: its password no longer works",
        gains: "A deleted account still exists.",
        read: "OWASP ASVS 7.4.2, contract: the flows",
        run: |stage| Box::pin(delete(stage)),
        ..RULE
    },
    Check {
        id: "account.wrong-password",
        title: "a wrong password is 403 wrong_password, a missing one 422, and the account is not deleted",
        gains: "Deletes the account with a copied credential.",
        read: "OWASP ASVS 7.5.1",
        run: |stage| Box::pin(wrong_password(stage)),
        ..ATTACK
    },
    Check {
        id: "account.needs-credential",
        title: "deleting needs a credential, even with the right password",
        gains: "Deletes accounts with leaked passwords, without ever logging in.",
        read: "OWASP API2:2023",
        run: |stage| Box::pin(needs_credential(stage)),
        ..ATTACK
    },
    Check {
        id: "account.sessions-dead",
        title: "every credential of a deleted account is refused, those of other devices too",
        gains: "Continues to act as a deleted user.",
        read: "OWASP ASVS 7.4.2",
        needs_any: &[Feature::InstantRevocation, Feature::Refresh],
        run: |stage| Box::pin(sessions_dead(stage)),
        ..ATTACK
    },
    Check {
        id: "account.cannot-act",
        title: "a deleted account's credential can neither change a password nor delete an account",
        gains: "Acts on a deleted account, or on a later account with the same address.",
        read: "contract: the flows",
        run: |stage| Box::pin(cannot_act(stage)),
        ..ATTACK
    },
    Check {
        id: "account.address-free",
        title: "the address of a deleted account is free, and a signup with it gets a new account",
        gains: "Old credentials work for the new account with the same address.",
        read: "OWASP ASVS 7.4.2",
        run: |stage| Box::pin(address_free(stage)),
        ..RULE
    },
];

fn delete_calls(body: &Value) -> [Call; 2] {
    [Call::delete("/auth/account").json(body), Call::post("/auth/account/delete").json(body)]
}

async fn delete(stage: &Stage) -> Verdict {
    for form in 0..2 {
        let person = stage.sign_up().await?;
        let calls = delete_calls(&json!({"password": person.password}));
        for call in calls.into_iter().skip(form).take(1) {
            stage.send(person.held.on(call)).await?.is(204)?;
        }
        let answer = stage.send(log_in(&person.email, &person.password, "mobile")).await?;
        answer.refused(401, "invalid_credentials", "the account is deleted")?;
    }
    Ok(())
}

async fn wrong_password(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    for call in delete_calls(&json!({"password": fresh_password()})) {
        let answer = stage.send(person.held.on(call)).await?;
        answer.refused(403, "wrong_password", "this is not the password")?;
    }
    for call in delete_calls(&json!({})) {
        stage.send(person.held.on(call)).await?.refused(422, "invalid", "the password is missing")?;
    }
    stage.log_in(&person).await?;
    Ok(())
}

async fn needs_credential(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    for call in delete_calls(&json!({"password": person.password})) {
        stage.send(call.clone()).await?.refused(401, "unauthenticated", "no credential was sent")?;
        stage.send(call.bearer("garbage")).await?.refused(401, "invalid_token", "garbage was sent")?;
    }
    stage.log_in(&person).await?;
    Ok(())
}

async fn sessions_dead(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let elsewhere = stage.log_in(&person).await?;
    let [call, _] = delete_calls(&json!({"password": person.password}));
    stage.send(person.held.on(call)).await?.is(204)?;
    for held in [&person.held, &elsewhere] {
        stage.asks_for_session(held).await?.is_since(401, "the account is deleted")?;
    }
    Ok(())
}

async fn cannot_act(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let [call, again] = delete_calls(&json!({"password": person.password}));
    stage.send(person.held.on(call)).await?.is(204)?;
    let change = json!({"current_password": person.password, "new_password": fresh_password()});
    for call in [Call::post("/auth/password").json(&change), again] {
        stage.send(person.held.on(call)).await?.is_since(401, "the account is deleted")?;
    }
    Ok(())
}

async fn address_free(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let [call, _] = delete_calls(&json!({"password": person.password}));
    stage.send(person.held.on(call)).await?.is(204)?;
    let body = json!({"email": person.email, "password": fresh_password()});
    let again = stage.send(Call::post("/auth/signup").json(&body)).await?;
    again.is_since(201, "the address is free again")?;
    let other = again.text("user_id").as_ref() != Some(&person.held.user_id);
    again.expect(other, "a `user_id` other than that of the deleted account")?;
    Ok(())
}
