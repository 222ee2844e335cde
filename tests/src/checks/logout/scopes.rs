//! The scopes of a logout: this session, the others, or all of them.

use serde_json::json;

use crate::{
    prelude::{ATTACK, Check, Feature, RULE, SetUp, Stage, Verdict},
    requests::log_out_with,
};

const ENDS: &[Feature] = &[Feature::InstantRevocation, Feature::Refresh];

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "logout.unknown-scope",
        title: "an unknown scope is 422 and ends nothing",
        gains: "A misspelt `global` silently ends only the current session.",
        read: "contract: the flows",
        needs: &[Feature::Scopes],
        run: |stage| Box::pin(unknown_scope(stage)),
        ..RULE
    },
    Check {
        id: "logout.local-only-here",
        title: "a local logout leaves the other devices logged in",
        gains: "A logout ends the user's sessions on all devices, so users stop logging out.",
        read: "contract: the flows",
        needs_any: ENDS,
        run: |stage| Box::pin(local_only_here(stage)),
        ..RULE
    },
    Check {
        id: "logout.others",
        title: "scope others ends every session but this one",
        gains: "Stays logged in on a stolen device after the owner has ended all other sessions.",
        read: "OWASP ASVS 7.4.3",
        needs: &[Feature::Scopes],
        run: |stage| Box::pin(others(stage)),
        ..ATTACK
    },
    Check {
        id: "logout.global",
        title: "scope global ends every session of the user, this one too, and no other user's",
        gains: "Stays logged in on a stolen device after the owner has logged out everywhere.",
        read: "OWASP ASVS 7.4.3",
        needs: &[Feature::Scopes],
        run: |stage| Box::pin(global(stage)),
        ..ATTACK
    },
    Check {
        id: "logout.wide-needs-live",
        title: "scopes others and global need a valid credential: 401 without one, or with an ended one",
        gains: "Logs a user out everywhere with a credential that ended long ago.",
        read: "contract: the flows",
        needs: &[Feature::Scopes],
        run: |stage| Box::pin(wide_needs_live(stage)),
        ..ATTACK
    },
];

async fn unknown_scope(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    for scope in [json!("everywhere"), json!("GLOBAL"), json!(""), json!(1)] {
        let call = person.held.on(log_out_with(&json!({"scope": scope})));
        stage.expect_refusal(call, 422, "invalid", &format!("there is no scope {scope}")).await?;
    }
    stage.expect_session(&person.held, "no session was ended").await
}

async fn local_only_here(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let here = stage.log_in(&person).await?;
    stage.log_out(&here, "local").await?.is(204)?;
    stage.expect_no_session(&here, "this is the session that was logged out").await?;
    stage.expect_session(&person.held, "this is another device's session").await
}

async fn others(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let (here, there, stranger) =
        (stage.log_in(&person).await?, stage.log_in(&person).await?, stage.sign_up().await?);
    stage.log_out(&here, "others").await?.is(204)?;
    for ended in [&person.held, &there] {
        stage.expect_no_session(ended, "this is one of the other sessions").await?;
    }
    stage.expect_session(&here, "this is the session that sent the request").await?;
    stage.expect_session(&stranger.held, "this is another user's session").await
}

async fn global(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let (here, stranger) = (stage.log_in(&person).await?, stage.sign_up().await?);
    stage.log_out(&here, "global").await?.is(204)?;
    for ended in [&person.held, &here] {
        stage.expect_no_session(ended, "every session of this account was ended").await?;
    }
    stage.expect_session(&stranger.held, "this is another user's session").await?;
    let again = stage.expect_log_in(&person).await?;
    stage.expect_session(&again, "this session is newer than the logout").await
}

async fn wide_needs_live(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let ended = stage.log_in(&person).await?;
    stage.log_out(&ended, "local").await?.is(204).in_set_up()?;
    for scope in ["others", "global"] {
        let wide = || log_out_with(&json!({"scope": scope}));
        let mut calls = vec![
            (wide(), "no credential was sent"),
            (wide().bearer("garbage"), "garbage was sent"),
            (ended.on(wide()), "the session has ended"),
        ];
        if let Some(token) = &ended.refresh {
            let call = log_out_with(&json!({"scope": scope, "refresh_token": token}));
            calls.push((call, "the refresh token's session has ended"));
        }
        for (call, what) in calls {
            let why = format!("{what}, and scope {scope} needs a valid credential");
            stage.expect_status(call, 401, &why).await?;
        }
    }
    stage.expect_session(&person.held, "no session was ended").await
}
