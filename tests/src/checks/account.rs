//! Deleting the account: both forms of the request, and what the server keeps.

use serde_json::json;

use crate::{
    prelude::{ATTACK, Call, Check, Feature, Person, RULE, Stage, Verdict, fresh_password},
    requests::{change_password, delete_account, delete_account_by_post, sign_up},
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

fn delete_calls(password: &str) -> [Call; 2] {
    [delete_account(password), delete_account_by_post(password)]
}

async fn delete(stage: &Stage) -> Verdict {
    for delete in [delete_account, delete_account_by_post] {
        let person = stage.sign_up().await?;
        stage.send(person.held.on(delete(&person.password))).await?.is(204)?;
        let answer = stage.send(person.logging_in("mobile")).await?;
        answer.refused(401, "invalid_credentials", "the account is deleted")?;
    }
    Ok(())
}

/// Deletes the account, as set-up.
async fn deleted(stage: &Stage, person: &Person) -> Verdict {
    stage.set_up(person.held.on(delete_account(&person.password)), 204).await.map(drop)
}

/// Fails the check if a refused request has deleted the account.
async fn still_exists(stage: &Stage, person: &Person) -> Verdict {
    stage.send(person.logging_in("mobile")).await?.is_unharmed("the account was not deleted")
}

async fn wrong_password(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    for call in delete_calls(&fresh_password()) {
        stage.expect_refusal(person.held.on(call), 403, "wrong_password", "this is not the password").await?;
    }
    for call in [Call::delete("/auth/account"), Call::post("/auth/account/delete")] {
        let call = person.held.on(call.json(&json!({})));
        stage.expect_refusal(call, 422, "invalid", "the password is missing").await?;
    }
    still_exists(stage, &person).await
}

async fn needs_credential(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    for call in delete_calls(&person.password) {
        stage.expect_credential(call).await?;
    }
    still_exists(stage, &person).await
}

async fn sessions_dead(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let elsewhere = stage.log_in(&person).await?;
    deleted(stage, &person).await?;
    for held in [&person.held, &elsewhere] {
        stage.expect_no_session(held, "the account is deleted").await?;
    }
    Ok(())
}

async fn cannot_act(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    deleted(stage, &person).await?;
    let change = change_password(&person.password, &fresh_password());
    for call in [change, delete_account_by_post(&person.password)] {
        stage.expect_status(person.held.on(call), 401, "the account is deleted").await?;
    }
    Ok(())
}

async fn address_free(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    deleted(stage, &person).await?;
    let again = stage.send(sign_up(&person.email, &fresh_password())).await?;
    again.is_since(201, "the address is free again")?;
    let other = !again.has("user_id", &person.held.user_id);
    again.expect(other, "a `user_id` other than that of the deleted account")
}
