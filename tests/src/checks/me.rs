//! `GET /me`: how a client presents a credential, and how the server reports that it is missing or refused.

use serde_json::Value;

use crate::prelude::{ATTACK, Call, Check, Exchange, Feature, RULE, Stage, Verdict};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "me.shape",
        title: "/me returns {user_id, email, session_id}, with session_id null if the scheme has no sessions",
        gains: "A client does not know who is logged in.",
        read: "contract: the flows",
        run: |stage| Box::pin(shape(stage)),
        ..RULE
    },
    Check {
        id: "me.no-credential",
        title: "a request without a credential is 401 unauthenticated, with a challenge that names no error",
        gains: "Reads a user's data without logging in.",
        read: "RFC 6750 §3, RFC 9110 §11.6.1",
        run: |stage| Box::pin(no_credential(stage)),
        ..ATTACK
    },
    Check {
        id: "me.refused-credential",
        title: "a refused credential is 401 invalid_token, with this error in the challenge",
        gains: "A client cannot tell that it must log in again, and retries forever.",
        read: "RFC 6750 §3.1",
        run: |stage| Box::pin(refused_credential(stage)),
        ..RULE
    },
    Check {
        id: "me.odd-authorization",
        title: "an Authorization header of another scheme, or without a token, is 401",
        gains: "Gets in through a parser's error, or causes a 500.",
        read: "RFC 9110 §11.4, RFC 6750 §2.1",
        run: |stage| Box::pin(odd_authorization(stage)),
        ..ATTACK
    },
    Check {
        id: "me.two-authorizations",
        title: "two Authorization headers are 400",
        gains: "Makes a proxy check one header while the server uses the other.",
        read: "RFC 9110 §5.3, contract: access token",
        run: |stage| Box::pin(two_authorizations(stage)),
        ..ATTACK
    },
    Check {
        id: "me.scheme-any-case",
        title: "the scheme's name may be written in any case",
        gains: "The server refuses clients that write `bearer`.",
        read: "RFC 9110 §11.1",
        needs: &[Feature::AccessJwt],
        run: |stage| Box::pin(scheme_any_case(stage)),
        ..RULE
    },
    Check {
        id: "me.token-in-query",
        title: "a token in the query is ignored",
        gains: "Finds tokens from URLs in logs, browser histories and Referer headers.",
        read: "RFC 9700 §4.3.2, RFC 6750 §5.3",
        run: |stage| Box::pin(token_in_query(stage)),
        ..ATTACK
    },
    Check {
        id: "me.token-in-cookie",
        title: "an access token in a cookie is ignored",
        gains: "Uses the token from another site: a browser sends cookies with the requests of any page.",
        read: "OWASP CSRF Prevention Cheat Sheet",
        needs: &[Feature::AccessJwt],
        run: |stage| Box::pin(token_in_cookie(stage)),
        ..ATTACK
    },
    Check {
        id: "me.authorization-beats-cookie",
        title: "a request with an Authorization header is judged by that header alone",
        gains: "Chooses the weaker of two rules for a request.",
        read: "contract: CSRF",
        needs: &[Feature::SessionCookie],
        run: |stage| Box::pin(authorization_beats_cookie(stage)),
        ..ATTACK
    },
];

async fn shape(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let me = stage.me(&person.held).await?;
    me.is(200)?;
    let body = me.json();
    me.expect(me.has("user_id", &person.held.user_id), "the same `user_id` as at signup")?;
    me.expect(me.has("email", &person.email), format!("`email`: {}", person.email))?;
    let Some(session) = body.get("session_id") else { return Err(me.failed("a member `session_id`")) };
    if stage.claims(Feature::Refresh) {
        let same = session.as_str() == person.held.session_id.as_deref();
        me.expect(same, format!("the same `session_id` as at signup, {:?}", person.held.session_id))?;
    } else if stage.claims(Feature::AccessJwt) && !stage.claims(Feature::InstantRevocation) {
        me.expect(session.is_null(), "`session_id` null: the scheme has no sessions")?;
    }
    let leaks = |credential: &str| matches!(session, Value::String(id) if id.contains(credential) || credential.contains(id.as_str()));
    let leaked =
        [person.held.secret_in_cookie(), person.held.access.as_deref()].into_iter().flatten().any(leaks);
    me.expect(!leaked, "a `session_id` that is not part of the credential: scripts on the page can read it")
}

fn challenge(answer: &Exchange) -> String {
    answer.header("www-authenticate").unwrap_or_default().to_owned()
}

async fn no_credential(stage: &Stage) -> Verdict {
    let answer = stage.send(Call::get("/me")).await?;
    answer.refused(401, "unauthenticated", "no credential was sent")?;
    let right = challenge(&answer) == "Bearer realm=\"authlab\"";
    answer.expect(right, "WWW-Authenticate: Bearer realm=\"authlab\"")
}

async fn refused_credential(stage: &Stage) -> Verdict {
    let mut calls = vec![Call::get("/me").bearer("garbage")];
    if stage.claims(Feature::SessionCookie) {
        calls.push(Call::get("/me").own_cookie("__Host-session=AAAAAAAAAAAAAAAAAAAAAA"));
    }
    for call in calls {
        let answer = stage.send(call).await?;
        answer.refused(401, "invalid_token", "the credential is not valid")?;
        let told = challenge(&answer);
        let right = told.starts_with("Bearer realm=\"authlab\"") && told.contains("error=\"invalid_token\"");
        answer.expect(right, "WWW-Authenticate: Bearer realm=\"authlab\", error=\"invalid_token\"")?;
    }
    Ok(())
}

async fn odd_authorization(stage: &Stage) -> Verdict {
    for value in [
        "Bearer",
        "Bearer ",
        "Basic YWRhOmFkYQ==",
        "Digest x",
        "Bearer a b",
        "Bearer =",
        "x",
        "Bearer \u{e9}",
    ] {
        let call = Call::get("/me").header("authorization", value);
        stage.expect_status(call, 401, &format!("`{value}` is not a bearer token")).await?;
    }
    Ok(())
}

async fn two_authorizations(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let token = person.held.access.clone().unwrap_or_else(|| "garbage".to_owned());
    for other in [token.as_str(), "garbage"] {
        let both = Call::get("/me").bearer(&token).bearer(other);
        let answer = stage.send(both).await?;
        stage.refused_here_or_before(&answer, 400, "malformed", "there are two Authorization headers")?;
    }
    stage.me(&person.held).await?.is_since(200, "there is one Authorization header")
}

async fn scheme_any_case(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let token = person.held.access()?;
    for scheme in ["bearer", "BEARER", "bEaReR"] {
        let call = Call::get("/me").header("authorization", format!("{scheme} {token}"));
        stage.expect_status(call, 200, "a scheme's name is case-insensitive").await?;
    }
    Ok(())
}

async fn token_in_query(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let token = person.held.access.as_deref().or(person.held.secret_in_cookie()).unwrap_or_default();
    for name in ["access_token", "token", "session"] {
        let answer = stage.send(Call::get(format!("/me?{name}={token}"))).await?;
        let why = "the credential is in the URL, where the server must ignore it";
        answer.refused(401, "unauthenticated", why)?;
    }
    Ok(())
}

async fn token_in_cookie(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let token = person.held.access()?;
    for name in ["access_token", "__Host-access", "__Host-session", "Authorization"] {
        let answer = stage.send(Call::get("/me").own_cookie(&format!("{name}={token}"))).await?;
        answer.is_since(401, "an access token is accepted only in the Authorization header")?;
    }
    Ok(())
}

async fn authorization_beats_cookie(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let cookie = person.held.cookie()?;
    stage.set_up(Call::get("/me").own_cookie(cookie), 200).await?;
    let both = Call::get("/me").own_cookie(cookie).bearer("garbage");
    let answer = stage.send(both).await?;
    answer.refused(401, "invalid_token", "the Authorization header is judged, not the cookie")
}
