//! What is no refresh token: it must be refused, and must end no session.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::json;

use super::{REFRESH_ATTACK, REFRESH_RULE, in_cookie_of};
use crate::{
    jwt::flipped,
    prelude::{Call, Check, Exchange, Held, Person, Stage, Verdict},
    requests::{refresh, refresh_with},
};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "refresh.garbage",
        title: "a refresh token that cannot be parsed is 401 refresh_invalid, not 422 and not 500",
        gains: "A client that gets any other status than 401 keeps an invalid token and retries forever.",
        read: "contract: refresh retries",
        run: |stage| Box::pin(garbage(stage)),
        ..REFRESH_RULE
    },
    Check {
        id: "refresh.missing",
        title: "a request without a refresh token is 401",
        gains: "Gets an access token without a refresh token.",
        read: "contract: the flows",
        run: |stage| Box::pin(missing(stage)),
        ..REFRESH_ATTACK
    },
    Check {
        id: "refresh.every-character",
        title: "a token with any one character changed is refresh_invalid and ends no session",
        gains: "Ends other users' sessions by sending something that looks like their tokens.",
        read: "RFC 9700 §4.14.2",
        run: |stage| Box::pin(every_character(stage)),
        ..REFRESH_ATTACK
    },
    Check {
        id: "refresh.known-session-garbage",
        title: "a token with a real session's id and an invented secret ends no session",
        gains: "Ends a session whose id they know (it is not secret), as if its token had been stolen.",
        read: "RFC 9700 §4.14.2",
        run: |stage| Box::pin(known_session_garbage(stage)),
        ..REFRESH_ATTACK
    },
    Check {
        id: "refresh.wrong-delivery",
        title: "a browser's token is refused in the body, and an app's in the cookie",
        gains: "Uses a stolen cookie's token in their own client.",
        read: "contract: credentials",
        run: |stage| Box::pin(wrong_delivery(stage)),
        ..REFRESH_ATTACK
    },
    Check {
        id: "refresh.both",
        title: "a token in the body and in the cookie at once is 400",
        gains: "Makes one part of the server check one token, and another part use the other.",
        read: "contract: the flows, CWE-444",
        run: |stage| Box::pin(both(stage)),
        ..REFRESH_ATTACK
    },
    Check {
        id: "refresh.in-query",
        title: "a refresh token in the query is ignored",
        gains: "Finds tokens from URLs in logs.",
        read: "RFC 9700 §4.3.2",
        run: |stage| Box::pin(in_query(stage)),
        ..REFRESH_ATTACK
    },
    Check {
        id: "refresh.access-token-as-refresh",
        title: "an access token is refused as a refresh token",
        gains: "Turns a token of 15 minutes into one of 30 days.",
        read: "RFC 8725 §3.12",
        run: |stage| Box::pin(access_token_as_refresh(stage)),
        ..REFRESH_ATTACK
    },
    Check {
        id: "refresh.own-token-own-user",
        title: "the refresh token alone determines whose tokens are renewed",
        gains: "Sends their own refresh token with the victim's old access token, and gets a new access token for the victim.",
        read: "OWASP API2:2023, RFC 9700 §4.14",
        run: |stage| Box::pin(own_token_own_user(stage)),
        ..REFRESH_ATTACK
    },
];

async fn garbage(stage: &Stage) -> Verdict {
    let long = "A".repeat(8000);
    for token in ["garbage", "rt1.", "rt1.AAAA", "rt2.AAAA", "....", "\u{0}", "ü", " ", &long] {
        let call = refresh_with(token);
        stage.expect_refusal(call, 401, "refresh_invalid", "this is not a refresh token").await?;
    }
    let page = stage.sign_up_web().await?;
    let cookie = refresh().own_cookie(&in_cookie_of(&page.held, "garbage")?);
    stage.expect_refusal(cookie, 401, "refresh_invalid", "this is not a refresh token").await
}

async fn missing(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let access = refresh().bearer(person.held.access()?);
    for call in [refresh(), refresh().json(&json!({})), access] {
        stage.expect_status(call, 401, "there is no refresh token in the request").await?;
    }
    Ok(())
}

async fn every_character(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let token = person.held.refresh()?;
    // The token is base64url, after a prefix and a dot if it has one.
    let start = token.find('.').map_or(0, |dot| dot + 1);
    for index in start..token.len() {
        for mask in [1 << (index % 6), 32] {
            let Some(changed) = flipped(token, index, mask) else { continue };
            let answer = stage.send(refresh_with(&changed)).await?;
            answer.refused(401, "refresh_invalid", &format!("character {index} was changed"))?;
        }
    }
    not_ended(stage, &person, "this is the real token").await
}

/// Whatever the token's layout is, an attacker cannot know its last bytes. Changing only the last part keeps the
/// session's id.
async fn known_session_garbage(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let token = person.held.refresh()?;
    let (prefix, body) = token.split_once('.').map_or(("", token), |(prefix, body)| (prefix, body));
    let Ok(bytes) = BASE64_URL_SAFE_NO_PAD.decode(body) else { return Ok(()) };
    for known in [bytes.len() / 2, bytes.len().saturating_sub(16)] {
        let mut made_up = bytes.clone();
        made_up.iter_mut().skip(known).for_each(|byte| *byte = !*byte);
        let dot = if prefix.is_empty() { "" } else { "." };
        let made_up = format!("{prefix}{dot}{}", BASE64_URL_SAFE_NO_PAD.encode(made_up));
        let call = refresh_with(&made_up);
        stage.expect_refusal(call, 401, "refresh_invalid", "its secret is invented").await?;
    }
    not_ended(stage, &person, "this is the real token").await
}

async fn wrong_delivery(stage: &Stage) -> Verdict {
    let (app, page) = (stage.sign_up().await?, stage.sign_up_web().await?);
    let call = refresh_with(page.held.cookie_value()?);
    stage.expect_refusal(call, 401, "refresh_invalid", "this token belongs in a browser's cookie").await?;
    let call = refresh().own_cookie(&in_cookie_of(&page.held, app.held.refresh()?)?);
    stage.expect_refusal(call, 401, "refresh_invalid", "this token belongs in an app's request body").await?;
    for person in [app, page] {
        not_ended(stage, &person, "the token is in the right place").await?;
    }
    Ok(())
}

async fn not_ended(stage: &Stage, person: &Person, what: &str) -> Verdict {
    let renewed = stage.refresh(&person.held).await?;
    renewed.is_unharmed(&format!("{what}, and its session was not ended"))
}

async fn both(stage: &Stage) -> Verdict {
    let (app, page) = (stage.sign_up().await?, stage.sign_up_web().await?);
    let call = refresh_with(app.held.refresh()?).own_cookie(page.held.cookie()?);
    stage.expect_refusal(call, 400, "malformed", "there are two refresh tokens").await?;
    for person in [app, page] {
        not_ended(stage, &person, "there is one refresh token").await?;
    }
    Ok(())
}

async fn in_query(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let call = Call::post(format!("/auth/refresh?refresh_token={}", person.held.refresh()?));
    stage.expect_status(call, 401, "the token is in the URL, where the server must ignore it").await
}

async fn access_token_as_refresh(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let call = refresh_with(person.held.access()?);
    stage.expect_refusal(call, 401, "refresh_invalid", "this is an access token").await
}

async fn own_token_own_user(stage: &Stage) -> Verdict {
    let (thief, victim) = (stage.sign_up().await?, stage.sign_up().await?);
    let answer = stage.send(thief.held.refreshing().bearer(victim.held.access()?)).await?;
    if answer.status != 200 {
        return answer.is_refused("tokens for the refresh token's own user, or a refusal");
    }
    let own = |answer: &Exchange| answer.has("user_id", &thief.held.user_id);
    answer.expect(own(&answer), "tokens for the refresh token's own user")?;
    let me = stage.me(&Held::from_answer(&answer)?).await?;
    me.expect(own(&me), "the refresh token's own user")
}
