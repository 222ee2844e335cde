//! The list of devices: what it shows, and that a user cannot end another user's session.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    prelude::{ATTACK, Call, Check, Exchange, Feature, Held, RULE, SetUp, Stage, Verdict, fresh_password},
    requests::{change_password, delete_account_by_post, log_in_with},
};

const LIST_RULE: Check = Check { needs: &[Feature::SessionsList], ..RULE };
const LIST_ATTACK: Check = Check { needs: &[Feature::SessionsList], ..ATTACK };

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "sessions.list",
        title: "the list has each session with its client, device and times, and one of them is current",
        gains: "A user cannot see that an attacker is logged in to the account.",
        read: "OWASP ASVS 7.5.2, contract: the flows",
        run: |stage| Box::pin(list(stage)),
        ..LIST_RULE
    },
    Check {
        id: "sessions.own-only",
        title: "the list shows no other user's sessions",
        gains: "Sees when and on which devices other users are logged in.",
        read: "OWASP API1:2023",
        run: |stage| Box::pin(own_only(stage)),
        ..LIST_ATTACK
    },
    Check {
        id: "sessions.delete",
        title: "ending a device's session removes it from the list and revokes its refresh token",
        gains: "A stolen device stays logged in after its owner has ended its session.",
        read: "OWASP ASVS 7.5.2",
        run: |stage| Box::pin(delete(stage)),
        ..LIST_ATTACK
    },
    Check {
        id: "sessions.delete-foreign",
        title: "ending another user's session, or one that does not exist, is 404 and ends no session",
        gains: "Logs other users out, or learns which sessions exist.",
        read: "OWASP API1:2023",
        run: |stage| Box::pin(delete_foreign(stage)),
        ..LIST_ATTACK
    },
    Check {
        id: "sessions.need-credential",
        title: "listing and ending sessions needs a credential",
        gains: "Reads and ends sessions without logging in.",
        read: "OWASP API2:2023",
        run: |stage| Box::pin(need_credential(stage)),
        ..LIST_ATTACK
    },
    Check {
        id: "sessions.ended-refused",
        title: "an ended session's access token is refused by the endpoints for sessions, password and account",
        gains: "Ends the owner's sessions or takes the account over with a stolen access token, in its remaining minutes.",
        read: "contract: the flows",
        run: |stage| Box::pin(ended_refused(stage)),
        ..LIST_ATTACK
    },
];

async fn listed(stage: &Stage, held: &Held) -> Verdict<(Exchange, Vec<Value>)> {
    let answer = stage.answered(held.on(Call::get("/auth/sessions")), 200).await?;
    let sessions = answer.json().as_array().cloned();
    let sessions = sessions.ok_or_else(|| answer.failed("a list"))?;
    Ok((answer, sessions))
}

fn has_id(session: &Value, of: &Held) -> bool {
    session.get("session_id").and_then(Value::as_str) == of.session_id.as_deref()
}

/// The request to end the session of `held`.
fn end(held: &Held) -> Verdict<Call> {
    Ok(end_by_id(held.session_id()?))
}

fn end_by_id(id: &str) -> Call {
    Call::delete(format!("/auth/sessions/{id}"))
}

async fn list(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let body = json!({"email": person.email, "password": person.password, "client": "web", "device": "Ada's laptop"});
    let held = stage.held_after(log_in_with(&body), 200).await?;
    let (answer, sessions) = listed(stage, &held).await?;
    answer.expect(sessions.len() == 2, "two sessions")?;
    for session in &sessions {
        for name in ["created_at", "last_seen_at", "expires_at"] {
            let time = session.get(name).is_some_and(|time| time.is_number() || time.is_string());
            answer.expect(time, format!("a time `{name}` in each session"))?;
        }
        for name in ["session_id", "current", "client", "device"] {
            answer.expect(session.get(name).is_some(), format!("a member `{name}` in each session"))?;
        }
    }
    let has = |session: &Value, name: &str, value: Value| session.get(name) == Some(&value);
    let current: Vec<_> = sessions.iter().filter(|session| has(session, "current", json!(true))).collect();
    answer.expect(current.len() == 1, "one session with `current` true")?;
    for session in current {
        answer.expect(has_id(session, &held), "`current` for the session that sent the request")?;
        answer.expect(has(session, "client", json!("web")), "its `client`: web")?;
        answer.expect(has(session, "device", json!("Ada's laptop")), "its `device`: Ada's laptop")?;
    }
    Ok(())
}

async fn own_only(stage: &Stage) -> Verdict {
    let (ada, bob) = (stage.sign_up().await?, stage.sign_up().await?);
    let (answer, sessions) = listed(stage, &ada.held).await?;
    let own = sessions.iter().all(|session| has_id(session, &ada.held));
    answer.expect(own, format!("the one session {:?}", ada.held.session_id))?;
    let hidden = !answer.body_text().contains(bob.held.session_id()?);
    answer.expect(hidden, "no other user's session")
}

async fn delete(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let stolen = stage.log_in(&person).await?;
    stage.send(person.held.on(end(&stolen)?)).await?.is(204)?;
    stage.refresh(&stolen).await?.refused(401, "refresh_ended", "its session was ended by its owner")?;
    let (answer, sessions) = listed(stage, &person.held).await?;
    let gone = sessions.len() == 1 && !sessions.iter().any(|session| has_id(session, &stolen));
    answer.expect(gone, "one session, without the ended one")?;
    stage.expect_status(person.held.on(end(&stolen)?), 404, "this session no longer exists").await?;
    let own = person.held.on(end(&person.held)?);
    stage.expect_status(own, 204, "a user may end the current session").await?;
    stage.refresh(&person.held).await?.refused(401, "refresh_ended", "its session was ended by its owner")
}

async fn delete_foreign(stage: &Stage) -> Verdict {
    let (ada, bob) = (stage.sign_up().await?, stage.sign_up().await?);
    let unknown = Uuid::new_v4().to_string();
    for id in [bob.held.session_id()?, &unknown, "garbage", "*"] {
        let call = ada.held.on(end_by_id(id));
        stage.expect_refusal(call, 404, "not_found", "this is not a session of this user").await?;
    }
    stage.refresh(&bob.held).await?.is_unharmed("another user cannot end this session")
}

async fn need_credential(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    for call in [Call::get("/auth/sessions"), end(&person.held)?] {
        stage.expect_credential(call).await?;
    }
    stage.refresh(&person.held).await?.is_unharmed("no session was ended")
}

async fn ended_refused(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let ended = stage.log_in(&person).await?;
    stage.log_out(&ended, "local").await?.is(204).in_set_up()?;
    for call in [
        Call::get("/auth/sessions"),
        end(&person.held)?,
        change_password(&person.password, &fresh_password()),
        delete_account_by_post(&person.password),
    ] {
        let answer = stage.send(ended.on(call)).await?;
        let why = "the session has ended, though its access token has not expired";
        answer.refused(401, "invalid_token", why)?;
    }
    stage.refresh(&person.held).await?.is_unharmed("no session was ended")
}
