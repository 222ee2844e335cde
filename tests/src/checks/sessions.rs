//! The list of devices: what it shows, and that a user cannot end another user's session.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    call::Call,
    check::{ATTACK, Check, RULE},
    descriptor::Feature,
    exchange::Exchange,
    outcome::{Outcome, Verdict},
    stage::{Held, Stage},
};

const LIST: &[Feature] = &[Feature::SessionsList];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "sessions.list",
        title: "the list has each session with its client, device and times, and one of them is current",
        gains: "A user cannot see that an attacker is logged in to the account.",
        read: "OWASP ASVS 7.5.2, contract: the flows",
        needs: LIST,
        run: |stage| Box::pin(list(stage)),
        ..RULE
    },
    Check {
        id: "sessions.own-only",
        title: "the list shows no other user's sessions",
        gains: "Sees when and on which devices other users are logged in.",
        read: "OWASP API1:2023",
        needs: LIST,
        run: |stage| Box::pin(own_only(stage)),
        ..ATTACK
    },
    Check {
        id: "sessions.delete",
        title: "ending a device's session removes it from the list and revokes its refresh token",
        gains: "A stolen device stays logged in after its owner has ended its session.",
        read: "OWASP ASVS 7.5.2",
        needs: LIST,
        run: |stage| Box::pin(delete(stage)),
        ..ATTACK
    },
    Check {
        id: "sessions.delete-foreign",
        title: "ending another user's session, or one that does not exist, is 404 and ends no session",
        gains: "Logs other users out, or learns which sessions exist.",
        read: "OWASP API1:2023",
        needs: LIST,
        run: |stage| Box::pin(delete_foreign(stage)),
        ..ATTACK
    },
    Check {
        id: "sessions.need-credential",
        title: "listing and ending sessions needs a credential",
        gains: "Reads and ends sessions without logging in.",
        read: "OWASP API2:2023",
        needs: LIST,
        run: |stage| Box::pin(need_credential(stage)),
        ..ATTACK
    },
    Check {
        id: "sessions.ended-refused",
        title: "an ended session's access token is refused by the endpoints for sessions, password and account",
        gains: "Ends the owner's sessions or takes the account over with a stolen access token, in its remaining minutes.",
        read: "contract: the flows",
        needs: LIST,
        run: |stage| Box::pin(ended_refused(stage)),
        ..ATTACK
    },
];

async fn listed(stage: &Stage, held: &Held) -> Result<(Exchange, Vec<Value>), Box<Outcome>> {
    let answer = stage.send(held.on(Call::get("/auth/sessions"))).await?;
    answer.is(200)?;
    let sessions = answer.json().as_array().cloned();
    let sessions = sessions.ok_or_else(|| answer.failed("a list"))?;
    Ok((answer, sessions))
}

fn id(session: &Value) -> Option<&str> {
    session.get("session_id")?.as_str()
}

async fn list(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let body = json!({"email": person.email, "password": person.password, "client": "web", "device": "Ada's laptop"});
    let logged_in = stage.send(Call::post("/auth/login").json(&body)).await?;
    let held = stage.held(logged_in.is(200)?)?;
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
    let current: Vec<_> =
        sessions.iter().filter(|session| session.get("current") == Some(&json!(true))).collect();
    answer.expect(current.len() == 1, "one session with `current` true")?;
    for session in current {
        answer.expect(
            id(session) == held.session_id.as_deref(),
            "`current` for the session that sent the request",
        )?;
        answer.expect(session.get("client") == Some(&json!("web")), "its `client`: web")?;
        answer.expect(session.get("device") == Some(&json!("Ada's laptop")), "its `device`: Ada's laptop")?;
    }
    Ok(())
}

async fn own_only(stage: &Stage) -> Verdict {
    let (ada, bob) = (stage.sign_up().await?, stage.sign_up().await?);
    let (answer, sessions) = listed(stage, &ada.held).await?;
    let own = sessions.iter().all(|session| id(session) == ada.held.session_id.as_deref());
    answer.expect(own, format!("the one session {:?}", ada.held.session_id))?;
    let hidden = !String::from_utf8_lossy(&answer.body).contains(bob.held.session_id()?);
    answer.expect(hidden, "no other user's session")?;
    Ok(())
}

async fn delete(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let stolen = stage.log_in(&person).await?;
    let end =
        |held: &Held| Ok::<_, Box<Outcome>>(Call::delete(format!("/auth/sessions/{}", held.session_id()?)));
    stage.send(person.held.on(end(&stolen)?)).await?.is(204)?;
    stage.refresh(&stolen).await?.refused(401, "refresh_ended", "its session was ended by its owner")?;
    let (answer, sessions) = listed(stage, &person.held).await?;
    let gone =
        sessions.len() == 1 && sessions.iter().all(|session| id(session) != stolen.session_id.as_deref());
    answer.expect(gone, "one session, without the ended one")?;
    stage.send(person.held.on(end(&stolen)?)).await?.is_since(404, "this session no longer exists")?;
    stage
        .send(person.held.on(end(&person.held)?))
        .await?
        .is_since(204, "a user may end the current session")?;
    stage.refresh(&person.held).await?.refused(401, "refresh_ended", "its session was ended by its owner")?;
    Ok(())
}

async fn delete_foreign(stage: &Stage) -> Verdict {
    let (ada, bob) = (stage.sign_up().await?, stage.sign_up().await?);
    let unknown = Uuid::new_v4().to_string();
    for id in [bob.held.session_id()?, &unknown, "garbage", "*"] {
        let answer = stage.send(ada.held.on(Call::delete(format!("/auth/sessions/{id}")))).await?;
        answer.refused(404, "not_found", "this is not a session of this user")?;
    }
    stage.refresh(&bob.held).await?.is_since(200, "another user cannot end this session")?;
    Ok(())
}

async fn need_credential(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let end = format!("/auth/sessions/{}", person.held.session_id()?);
    for call in [Call::get("/auth/sessions"), Call::delete(&end)] {
        stage.send(call.clone()).await?.refused(401, "unauthenticated", "no credential was sent")?;
        stage.send(call.bearer("garbage")).await?.refused(401, "invalid_token", "garbage was sent")?;
    }
    stage.refresh(&person.held).await?.is_since(200, "no session was ended")?;
    Ok(())
}

async fn ended_refused(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let ended = stage.log_in(&person).await?;
    stage.log_out(&ended, "local").await?.is(204)?;
    let change = json!({"current_password": person.password, "new_password": crate::stage::fresh_password()});
    let delete = json!({"password": person.password});
    for call in [
        Call::get("/auth/sessions"),
        Call::delete(format!("/auth/sessions/{}", person.held.session_id()?)),
        Call::post("/auth/password").json(&change),
        Call::post("/auth/account/delete").json(&delete),
    ] {
        let answer = stage.send(ended.on(call)).await?;
        answer.refused(
            401,
            "invalid_token",
            "the session has ended, though its access token has not expired",
        )?;
    }
    stage.refresh(&person.held).await?.is_since(200, "no session was ended")?;
    Ok(())
}
