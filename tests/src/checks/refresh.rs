//! Refreshing: delivery, refusals, and tokens that must never be accepted. Rotation has its own file.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::{
    call::Call,
    check::{ATTACK, Check, RULE},
    descriptor::Feature,
    exchange::Exchange,
    jwt::flipped,
    outcome::{Outcome, Verdict},
    stage::{Held, Stage, USELESS, fresh_email, fresh_password},
};

const REFRESH: &[Feature] = &[Feature::Refresh];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "refresh.mobile-body",
        title: "a mobile client gets both tokens in the body, with their lifetimes, and no cookie",
        gains: "An app cannot renew its access token.",
        read: "RFC 6749 §5.1, contract: credentials",
        needs: REFRESH,
        run: |stage| Box::pin(mobile_body(stage)),
        ..RULE
    },
    Check {
        id: "refresh.web-body",
        title: "a browser gets the refresh token only in the cookie, never in the body",
        gains: "A script on the page reads a token that is valid for 30 days.",
        read: "contract: credentials; draft-ietf-oauth-browser-based-apps §6.1",
        needs: REFRESH,
        run: |stage| Box::pin(web_body(stage)),
        ..ATTACK
    },
    Check {
        id: "refresh.browser-body",
        title: "a browser that does not state its client type gets no refresh token in a body; one that states mobile does",
        gains: "Reads a token that is valid for 30 days with a script on a page whose author forgot `client`.",
        read: "contract: credentials; W3C Fetch Metadata §2",
        needs: REFRESH,
        run: |stage| Box::pin(browser_body(stage)),
        ..ATTACK
    },
    Check {
        id: "refresh.renews-access",
        title: "refreshing gives a new access token of the same session",
        gains: "Users have to log in every 15 minutes.",
        read: "RFC 6749 §6",
        needs: REFRESH,
        run: |stage| Box::pin(renews_access(stage)),
        ..RULE
    },
    Check {
        id: "refresh.garbage",
        title: "a refresh token that cannot be parsed is 401 refresh_invalid, not 422 and not 500",
        gains: "A client that gets any other status than 401 keeps an invalid token and retries forever.",
        read: "contract: refresh retries",
        needs: REFRESH,
        run: |stage| Box::pin(garbage(stage)),
        ..RULE
    },
    Check {
        id: "refresh.missing",
        title: "a request without a refresh token is 401",
        gains: "Gets an access token without a refresh token.",
        read: "contract: the flows",
        needs: REFRESH,
        run: |stage| Box::pin(missing(stage)),
        ..ATTACK
    },
    Check {
        id: "refresh.every-character",
        title: "a token with any one character changed is refresh_invalid and ends no session",
        gains: "Ends other users' sessions by sending something that looks like their tokens.",
        read: "RFC 9700 §4.14.2",
        needs: REFRESH,
        run: |stage| Box::pin(every_character(stage)),
        ..ATTACK
    },
    Check {
        id: "refresh.known-session-garbage",
        title: "a token with a real session's id and an invented secret ends no session",
        gains: "Ends a session whose id they know (it is not secret), as if its token had been stolen.",
        read: "RFC 9700 §4.14.2",
        needs: REFRESH,
        run: |stage| Box::pin(known_session_garbage(stage)),
        ..ATTACK
    },
    Check {
        id: "refresh.wrong-delivery",
        title: "a browser's token is refused in the body, and an app's in the cookie",
        gains: "Uses a stolen cookie's token in their own client.",
        read: "contract: credentials",
        needs: REFRESH,
        run: |stage| Box::pin(wrong_delivery(stage)),
        ..ATTACK
    },
    Check {
        id: "refresh.both",
        title: "a token in the body and in the cookie at once is 400",
        gains: "Makes one part of the server check one token, and another part use the other.",
        read: "contract: the flows, CWE-444",
        needs: REFRESH,
        run: |stage| Box::pin(both(stage)),
        ..ATTACK
    },
    Check {
        id: "refresh.in-query",
        title: "a refresh token in the query is ignored",
        gains: "Finds tokens from URLs in logs.",
        read: "RFC 9700 §4.3.2",
        needs: REFRESH,
        run: |stage| Box::pin(in_query(stage)),
        ..ATTACK
    },
    Check {
        id: "refresh.access-token-as-refresh",
        title: "an access token is refused as a refresh token",
        gains: "Turns a token of 15 minutes into one of 30 days.",
        read: "RFC 8725 §3.12",
        needs: REFRESH,
        run: |stage| Box::pin(access_token_as_refresh(stage)),
        ..ATTACK
    },
    Check {
        id: "refresh.own-token-own-user",
        title: "the refresh token alone determines whose tokens are renewed",
        gains: "Sends their own refresh token with the victim's old access token, and gets a new access token for the victim.",
        read: "OWASP API2:2023, RFC 9700 §4.14",
        needs: REFRESH,
        run: |stage| Box::pin(own_token_own_user(stage)),
        ..ATTACK
    },
    Check {
        id: "refresh.any-authorization",
        title: "the refresh token decides, whatever the Authorization header contains",
        gains: "A page that also sends its expired access token is logged out.",
        read: "contract: which credential counts",
        needs: REFRESH,
        run: |stage| Box::pin(any_authorization(stage)),
        ..RULE
    },
    Check {
        id: "refresh.refusal-clears-nothing",
        title: "a refused refresh does not clear the cookie",
        gains: "A late refusal deletes the cookie of a newer login, and the user is logged out.",
        read: "contract: credentials",
        needs: REFRESH,
        run: |stage| Box::pin(refusal_clears_nothing(stage)),
        ..RULE
    },
    Check {
        id: "refresh.no-store",
        title: "a response with tokens has Cache-Control: no-store",
        gains: "Gets another user's tokens from a cache.",
        read: "RFC 6749 §5.1",
        needs: REFRESH,
        run: |stage| Box::pin(no_store(stage)),
        ..ATTACK
    },
    Check {
        id: "refresh.idempotency-key-bound",
        title: "an Idempotency-Key of 64 characters is accepted, a longer one is refused",
        gains: "An attacker fills the store through a header.",
        read: "contract: refresh retries",
        needs: REFRESH,
        run: |stage| Box::pin(idempotency_key_bound(stage)),
        ..RULE
    },
];

fn with_token(token: &str) -> Call {
    Call::post("/auth/refresh").json(&json!({"refresh_token": token}))
}

/// A cookie with the name of this browser's cookie and another value.
fn in_cookie_of(held: &Held, value: &str) -> Result<String, Box<Outcome>> {
    let (name, _) = held.cookie()?.split_once('=').unwrap_or_default();
    Ok(format!("{name}={value}"))
}

fn whole_body(stage: &Stage, answer: &Exchange) -> Verdict {
    answer.expect(answer.text("token_type").as_deref() == Some("Bearer"), "`token_type`: Bearer")?;
    for member in ["access_token", "session_id", "user_id"] {
        answer.must_text(member)?;
    }
    let number = |member: &str| answer.json().get(member).and_then(Value::as_u64);
    let access = stage.descriptor().access_ttl;
    let right = number("expires_in").is_some_and(|lives| lives > 0 && access.is_none_or(|ttl| ttl == lives));
    answer.expect(right, format!("`expires_in`: {access:?}"))?;
    answer.expect(
        number("refresh_expires_in").is_some_and(|lives| lives > 0),
        "`refresh_expires_in` in seconds",
    )?;
    Ok(())
}

async fn mobile_body(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let logged_in = stage.send(crate::stage::log_in(&person.email, &person.password, "mobile")).await?;
    let renewed = stage.refresh(&person.held).await?;
    for answer in [logged_in, renewed] {
        answer.is(200)?;
        whole_body(stage, &answer)?;
        answer.must_text("refresh_token")?;
        answer.expect(answer.set_cookies().is_empty(), "no Set-Cookie for a mobile client")?;
    }
    Ok(())
}

async fn web_body(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let logged_in = stage.send(crate::stage::log_in(&person.email, &person.password, "web")).await?;
    let set = logged_in.given_cookie("__Host-refresh").is_some();
    logged_in.expect(set, "a Set-Cookie line for __Host-refresh")?;
    let renewed = stage.refresh(&person.held).await?;
    for answer in [logged_in, renewed] {
        answer.is(200)?;
        whole_body(stage, &answer)?;
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        let secret = person.held.cookie()?.split_once('=').map_or("", |(_, value)| value).to_owned();
        let hidden = answer.text("refresh_token").is_none() && !said.contains(&secret);
        answer.expect(hidden, "no refresh token in the body of a response to a browser")?;
    }
    Ok(())
}

async fn browser_body(stage: &Stage) -> Verdict {
    let by_browser = |path: &str, body: &Value| {
        let headers =
            [("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")];
        let call = Call::post(path).json(body);
        headers.into_iter().fold(call, |call, (name, value)| call.header(name, value.to_owned()))
    };
    let (email, password) = (fresh_email(), fresh_password());
    let who = json!({"email": email, "password": password});
    let signed_up = stage.send(by_browser("/auth/signup", &who)).await?;
    signed_up.is(201)?;
    let logged_in = stage.send(by_browser("/auth/login", &who)).await?;
    logged_in.is(200)?;
    let app = stage.sign_up().await?;
    let change = json!({"current_password": app.password, "new_password": fresh_password()});
    let changed = stage.send(by_browser("/auth/password", &change).bearer(app.held.access()?)).await?;
    changed.is(200)?;
    for answer in [signed_up, logged_in, changed] {
        let hidden = answer.text("refresh_token").is_none();
        answer.expect(
            hidden,
            "no `refresh_token` in the body: a browser sent the request, and did not state `mobile`",
        )?;
        let given = answer.given_cookie("__Host-refresh").is_some();
        answer.expect(given, "the refresh token in a cookie")?;
    }
    let app = json!({"email": email, "password": password, "client": "mobile"});
    let said = stage.send(by_browser("/auth/login", &app)).await?;
    said.is(200)?.must_text("refresh_token")?;
    Ok(())
}

async fn renews_access(stage: &Stage) -> Verdict {
    for person in [stage.sign_up().await?, stage.sign_up_web().await?] {
        let renewed = stage.refresh(&person.held).await?;
        renewed.is(200)?;
        let access = renewed.must_text("access_token")?;
        let fresh = Some(access.as_str()) != person.held.access.as_deref();
        renewed.expect(fresh, "a new `access_token`")?;
        let same = renewed.text("session_id") == person.held.session_id;
        renewed.expect(same, "the same `session_id` as before")?;
        stage.send(Call::get("/me").bearer(&access)).await?.is_since(200, "this access token is new")?;
    }
    Ok(())
}

async fn garbage(stage: &Stage) -> Verdict {
    let long = "A".repeat(8000);
    for token in ["garbage", "rt1.", "rt1.AAAA", "rt2.AAAA", "....", "\u{0}", "ü", " ", &long] {
        let answer = stage.send(with_token(token)).await?;
        answer.refused(401, "refresh_invalid", "this is not a refresh token")?;
    }
    let page = stage.sign_up_web().await?;
    let cookie = Call::post("/auth/refresh").own_cookie(&in_cookie_of(&page.held, "garbage")?);
    stage.send(cookie).await?.refused(401, "refresh_invalid", "this is not a refresh token")?;
    Ok(())
}

async fn missing(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let access = Call::post("/auth/refresh").bearer(person.held.access()?);
    for call in [Call::post("/auth/refresh"), Call::post("/auth/refresh").json(&json!({})), access] {
        stage.send(call).await?.is_since(401, "there is no refresh token in the request")?;
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
            let answer = stage.send(with_token(&changed)).await?;
            answer.refused(401, "refresh_invalid", &format!("character {index} was changed"))?;
        }
    }
    stage
        .refresh(&person.held)
        .await?
        .is_since(200, "this is the real token, and its session was not ended")?;
    Ok(())
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
        stage.send(with_token(&made_up)).await?.refused(401, "refresh_invalid", "its secret is invented")?;
    }
    stage
        .refresh(&person.held)
        .await?
        .is_since(200, "this is the real token, and its session was not ended")?;
    Ok(())
}

async fn wrong_delivery(stage: &Stage) -> Verdict {
    let (app, page) = (stage.sign_up().await?, stage.sign_up_web().await?);
    let token = page.held.cookie()?.split_once('=').map_or("", |(_, value)| value);
    let in_body = stage.send(with_token(token)).await?;
    in_body.refused(401, "refresh_invalid", "this token belongs in a browser's cookie")?;
    let cookie = in_cookie_of(&page.held, app.held.refresh()?)?;
    let in_cookie = stage.send(Call::post("/auth/refresh").own_cookie(&cookie)).await?;
    in_cookie.refused(401, "refresh_invalid", "this token belongs in an app's request body")?;
    for person in [app, page] {
        stage
            .refresh(&person.held)
            .await?
            .is_since(200, "the token is in the right place, and its session was not ended")?;
    }
    Ok(())
}

async fn both(stage: &Stage) -> Verdict {
    let (app, page) = (stage.sign_up().await?, stage.sign_up_web().await?);
    let call = with_token(app.held.refresh()?).own_cookie(page.held.cookie()?);
    stage.send(call).await?.refused(400, "malformed", "there are two refresh tokens")?;
    for person in [app, page] {
        stage
            .refresh(&person.held)
            .await?
            .is_since(200, "there is one refresh token, and its session was not ended")?;
    }
    Ok(())
}

async fn in_query(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let call = Call::post(format!("/auth/refresh?refresh_token={}", person.held.refresh()?));
    stage.send(call).await?.is_since(401, "the token is in the URL, where the server must ignore it")?;
    Ok(())
}

async fn access_token_as_refresh(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let answer = stage.send(with_token(person.held.access()?)).await?;
    answer.refused(401, "refresh_invalid", "this is an access token")?;
    Ok(())
}

async fn own_token_own_user(stage: &Stage) -> Verdict {
    let (thief, victim) = (stage.sign_up().await?, stage.sign_up().await?);
    let answer = stage.send(thief.held.refreshing().bearer(victim.held.access()?)).await?;
    if answer.status == 200 {
        let whose = answer.text("user_id");
        answer
            .expect(whose.as_ref() == Some(&thief.held.user_id), "tokens for the refresh token's own user")?;
        let me = stage.me(&stage.held(&answer)?).await?;
        let own = me.text("user_id").as_ref() == Some(&thief.held.user_id);
        me.expect(own, "the refresh token's own user")?;
    } else {
        answer.expect(
            (400..500).contains(&answer.status),
            "tokens for the refresh token's own user, or a refusal",
        )?;
    }
    Ok(())
}

async fn any_authorization(stage: &Stage) -> Verdict {
    for useless in USELESS {
        for person in [stage.sign_up_web().await?, stage.sign_up().await?] {
            let answer = stage.send(person.held.refreshing().header("authorization", useless)).await?;
            answer
                .is_since(200, "the refresh token is valid, and the Authorization header does not matter")?;
        }
    }
    Ok(())
}

async fn refusal_clears_nothing(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    stage.log_out(&person.held, "local").await?.is(204)?;
    let garbage = in_cookie_of(&person.held, "garbage")?;
    for call in [person.held.refreshing(), Call::post("/auth/refresh").own_cookie(&garbage)] {
        let answer = stage.send(call).await?;
        answer.is(401)?.expect(answer.set_cookies().is_empty(), "no Set-Cookie in a refusal")?;
    }
    Ok(())
}

async fn no_store(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let answer = stage.refresh(&person.held).await?;
    let kept_out = answer.header("cache-control").unwrap_or_default().contains("no-store");
    answer.is(200)?.expect(kept_out, "Cache-Control: no-store")?;
    Ok(())
}

async fn idempotency_key_bound(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let call = |length: usize| person.held.refreshing().header("idempotency-key", "k".repeat(length));
    let long = stage.send(call(65)).await?;
    long.expect([400, 422].contains(&long.status), "status 400 or 422: the key has 65 characters")?;
    stage.send(call(64)).await?.is_since(200, "the key has 64 characters")?;
    Ok(())
}
