//! Logout: what it ends, which documented weakness remains after it, and that it never fails.

use serde_json::{Value, json};

use crate::{
    call::Call,
    check::{ATTACK, Check, RULE},
    descriptor::Feature,
    outcome::Verdict,
    stage::{Stage, USELESS, fresh_password},
};

const COOKIES: &[Feature] = &[Feature::SessionCookie, Feature::Refresh];
const ENDS: &[Feature] = &[Feature::InstantRevocation, Feature::Refresh];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "logout.credential-dead",
        title: "after logout the credential is refused at once",
        gains: "Continues to use a copied credential after the user has logged out.",
        read: "OWASP WSTG-SESS-06, OWASP ASVS 7.4.1",
        needs: &[Feature::InstantRevocation],
        run: |stage| Box::pin(credential_dead(stage)),
        ..ATTACK
    },
    Check {
        id: "logout.every-ending-is-instant",
        title: "after all sessions have ended (logout everywhere, new password, account deletion), /me refuses them at once",
        gains: "Continues to use a copied credential after the user has changed the password.",
        read: "OWASP ASVS 7.4.3",
        needs: &[Feature::InstantRevocation, Feature::Scopes],
        run: |stage| Box::pin(every_ending_is_instant(stage)),
        ..ATTACK
    },
    Check {
        id: "logout.access-lives-on",
        title: "the documented weakness: after logout the access token still works for /me",
        gains: "Continues to use a copied access token until it expires. By design: this is the logout problem.",
        read: "RFC 7009 §3, contract: descriptor",
        needs: &[Feature::AccessJwt],
        unless: &[Feature::InstantRevocation],
        run: |stage| Box::pin(access_lives_on(stage)),
        weakness: true,
        ..RULE
    },
    Check {
        id: "logout.refresh-dead",
        title: "after logout the refresh token is refused at once, however the logout was requested",
        gains: "Renews a copied refresh token for 30 days after the user has logged out.",
        read: "RFC 9700 §4.14.2, OWASP WSTG-SESS-06",
        needs: &[Feature::Refresh],
        run: |stage| Box::pin(refresh_dead(stage)),
        ..ATTACK
    },
    Check {
        id: "logout.any-state",
        title: "a local logout is 204 without a credential, with garbage, and the second time",
        gains: "A page that cannot log out keeps its credential.",
        read: "contract: the flows",
        run: |stage| Box::pin(any_state(stage)),
        ..RULE
    },
    Check {
        id: "logout.any-authorization",
        title: "a logout by cookie ends the session, whatever the Authorization header contains",
        gains: "A page that sends `Bearer undefined` gets 204 for its logout, but the session continues.",
        read: "contract: which credential counts",
        needs_any: COOKIES,
        run: |stage| Box::pin(any_authorization(stage)),
        ..RULE
    },
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
    Check {
        id: "logout.not-resurrected",
        title: "a slow request does not bring a logged-out session back",
        gains: "Continues to use a session that a concurrent request saved again after the logout.",
        read: "CWE-613, CWE-362",
        needs: &[Feature::InstantRevocation],
        run: |stage| Box::pin(not_resurrected(stage)),
        ..ATTACK
    },
];

async fn credential_dead(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    stage.me(&person.held).await?.is(200)?;
    stage.log_out(&person.held, "local").await?.is(204)?;
    stage.me(&person.held).await?.refused(401, "invalid_token", "the user has logged out")?;
    Ok(())
}

async fn every_ending_is_instant(stage: &Stage) -> Verdict {
    let new_password = fresh_password();
    let endings = [
        ("/auth/logout", json!({"scope": "global"}), "logged out everywhere"),
        ("/auth/password", Value::Null, "changed the password"),
        ("/auth/account/delete", Value::Null, "deleted the account"),
    ];
    for (path, body, what) in endings {
        let person = stage.sign_up_web().await?;
        let other = stage.log_in(&person).await?;
        let body = match path {
            "/auth/password" => {
                json!({"current_password": person.password, "new_password": new_password})
            }
            "/auth/account/delete" => json!({"password": person.password}),
            _ => body,
        };
        stage.me(&other).await?.is(200)?;
        let answer = stage.send(person.held.on(Call::post(path).json(&body))).await?;
        if !(200..300).contains(&answer.status) {
            answer.is_since(204, &format!("the user has {what}"))?;
        }
        for ended in [&person.held, &other] {
            let why = format!("the user has {what}, and the server claims that this takes effect at once");
            stage.me(ended).await?.is_since(401, &why)?;
        }
    }
    Ok(())
}

async fn access_lives_on(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    stage.log_out(&person.held, "local").await?.is(204)?;
    stage.me(&person.held).await?.is_since(
        200,
        "the server does not look the token up, so it works until its exp, as the design says",
    )?;
    Ok(())
}

async fn refresh_dead(stage: &Stage) -> Verdict {
    let (bearer, body, web) = (stage.sign_up().await?, stage.sign_up().await?, stage.sign_up_web().await?);
    let by_bearer = Call::post("/auth/logout").bearer(bearer.held.access()?);
    let by_body = Call::post("/auth/logout").json(&json!({"refresh_token": body.held.refresh()?}));
    let by_cookie = Call::post("/auth/logout").own_cookie(web.held.cookie()?);
    for (person, call) in [(bearer, by_bearer), (body, by_body), (web, by_cookie)] {
        stage.send(call).await?.is(204)?;
        stage.refresh(&person.held).await?.refused(401, "refresh_ended", "the user has logged out")?;
    }
    Ok(())
}

async fn any_state(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    stage.log_out(&person.held, "local").await?.is(204)?;
    let log_out = || Call::post("/auth/logout");
    let mut calls = vec![
        (log_out(), "no credential was sent"),
        (log_out().json(&json!({})), "an empty object was sent"),
        (log_out().bearer("garbage"), "garbage was sent"),
        (person.held.on(log_out()), "the credential is logged out already"),
        (log_out().own_cookie("__Host-session=garbage"), "the cookie is garbage"),
    ];
    if stage.claims(Feature::Refresh) {
        calls.push((log_out().json(&json!({"refresh_token": "garbage"})), "the refresh token is garbage"));
        calls.push((
            log_out().json(&json!({"refresh_token": person.held.refresh()?})),
            "the refresh token has ended already",
        ));
        calls.push((log_out().own_cookie("__Host-refresh=garbage"), "the cookie is garbage"));
    }
    for (call, what) in calls {
        stage.send(call).await?.is_since(204, &format!("{what}, and a local logout succeeds anyway"))?;
    }
    Ok(())
}

async fn any_authorization(stage: &Stage) -> Verdict {
    for useless in USELESS {
        let person = stage.sign_up_web().await?;
        let call = Call::post("/auth/logout").own_cookie(person.held.cookie()?);
        stage.send(call.header("authorization", useless)).await?.is(204)?;
        let session = stage.asks_for_session(&person.held).await?;
        session.is_since(
            401,
            &format!("its cookie was logged out, in a request with `Authorization: {useless}`"),
        )?;
    }
    Ok(())
}

async fn unknown_scope(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    for scope in [json!("everywhere"), json!("GLOBAL"), json!(""), json!(1)] {
        let call = person.held.on(Call::post("/auth/logout").json(&json!({"scope": scope})));
        stage.send(call).await?.refused(422, "invalid", &format!("there is no scope {scope}"))?;
    }
    stage.asks_for_session(&person.held).await?.is_since(200, "no session was ended")?;
    Ok(())
}

async fn local_only_here(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let here = stage.log_in(&person).await?;
    stage.log_out(&here, "local").await?.is(204)?;
    stage.asks_for_session(&here).await?.is_since(401, "this is the session that was logged out")?;
    stage.asks_for_session(&person.held).await?.is_since(200, "this is another device's session")?;
    Ok(())
}

async fn others(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let (here, there, stranger) =
        (stage.log_in(&person).await?, stage.log_in(&person).await?, stage.sign_up().await?);
    stage.log_out(&here, "others").await?.is(204)?;
    for ended in [&person.held, &there] {
        stage.asks_for_session(ended).await?.is_since(401, "this is one of the other sessions")?;
    }
    stage.asks_for_session(&here).await?.is_since(200, "this is the session that sent the request")?;
    stage.asks_for_session(&stranger.held).await?.is_since(200, "this is another user's session")?;
    Ok(())
}

async fn global(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let (here, stranger) = (stage.log_in(&person).await?, stage.sign_up().await?);
    stage.log_out(&here, "global").await?.is(204)?;
    for ended in [&person.held, &here] {
        stage.asks_for_session(ended).await?.is_since(401, "every session of this account was ended")?;
    }
    stage.asks_for_session(&stranger.held).await?.is_since(200, "this is another user's session")?;
    let again = stage.log_in(&person).await?;
    stage.asks_for_session(&again).await?.is_since(200, "this session is newer than the logout")?;
    Ok(())
}

async fn wide_needs_live(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let ended = stage.log_in(&person).await?;
    stage.log_out(&ended, "local").await?.is(204)?;
    for scope in ["others", "global"] {
        let log_out = || Call::post("/auth/logout").json(&json!({"scope": scope}));
        let mut calls =
            vec![(log_out(), "no credential was sent"), (log_out().bearer("garbage"), "garbage was sent")];
        calls.push((ended.on(log_out()), "the session has ended"));
        if let Some(token) = &ended.refresh {
            let body = json!({"scope": scope, "refresh_token": token});
            calls.push((Call::post("/auth/logout").json(&body), "the refresh token's session has ended"));
        }
        for (call, what) in calls {
            stage
                .send(call)
                .await?
                .is_since(401, &format!("{what}, and scope {scope} needs a valid credential"))?;
        }
    }
    stage.asks_for_session(&person.held).await?.is_since(200, "no session was ended")?;
    Ok(())
}

async fn not_resurrected(stage: &Stage) -> Verdict {
    for _ in 0..4 {
        let person = stage.sign_up_web().await?;
        let mut calls: Vec<Call> = (0..12).map(|_| person.held.on(Call::get("/me"))).collect();
        calls.insert(6, person.held.on(Call::post("/auth/logout")));
        stage.send_all(calls).await?;
        stage
            .me(&person.held)
            .await?
            .is_since(401, "the session was logged out while other requests were in progress")?;
    }
    Ok(())
}
