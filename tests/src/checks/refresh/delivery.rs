//! How refresh tokens are delivered: to an app in the body, to a browser in a cookie.

use serde_json::json;

use super::{REFRESH_ATTACK, REFRESH_RULE};
use crate::{
    prelude::{Call, Check, Exchange, Stage, Verdict, fresh_email, fresh_password},
    requests::{change_password, log_in, log_in_with, sign_up},
};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "refresh.mobile-body",
        title: "a mobile client gets both tokens in the body, with their lifetimes, and no cookie",
        gains: "An app cannot renew its access token.",
        read: "RFC 6749 §5.1, contract: credentials",
        run: |stage| Box::pin(mobile_body(stage)),
        ..REFRESH_RULE
    },
    Check {
        id: "refresh.web-body",
        title: "a browser gets the refresh token only in the cookie, never in the body",
        gains: "A script on the page reads a token that is valid for 30 days.",
        read: "contract: credentials; draft-ietf-oauth-browser-based-apps §6.1",
        run: |stage| Box::pin(web_body(stage)),
        ..REFRESH_ATTACK
    },
    Check {
        id: "refresh.browser-body",
        title: "a browser that does not state its client type gets no refresh token in a body; one that states mobile does",
        gains: "Reads a token that is valid for 30 days with a script on a page whose author forgot `client`.",
        read: "contract: credentials; W3C Fetch Metadata §2",
        run: |stage| Box::pin(browser_body(stage)),
        ..REFRESH_ATTACK
    },
    Check {
        id: "refresh.renews-access",
        title: "refreshing gives a new access token of the same session",
        gains: "Users have to log in every 15 minutes.",
        read: "RFC 6749 §6",
        run: |stage| Box::pin(renews_access(stage)),
        ..REFRESH_RULE
    },
];

fn whole_body(stage: &Stage, answer: &Exchange) -> Verdict {
    answer.is(200)?;
    answer.expect(answer.has("token_type", "Bearer"), "`token_type`: Bearer")?;
    for member in ["access_token", "session_id", "user_id"] {
        answer.must_text(member)?;
    }
    let ttl = stage.descriptor().access_ttl;
    let right = answer.lives_for("expires_in", ttl);
    answer.expect(right, format!("`expires_in`: {ttl:?}"))?;
    answer.expect(answer.lives_for("refresh_expires_in", None), "`refresh_expires_in` in seconds")
}

async fn mobile_body(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let logged_in = stage.send(person.logging_in("mobile")).await?;
    let renewed = stage.refresh(&person.held).await?;
    for answer in [logged_in, renewed] {
        whole_body(stage, &answer)?;
        answer.must_text("refresh_token")?;
        answer.expect(answer.set_cookies().is_empty(), "no Set-Cookie for a mobile client")?;
    }
    Ok(())
}

async fn web_body(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let logged_in = stage.send(person.logging_in("web")).await?;
    logged_in.must_give_cookie("__Host-refresh")?;
    let renewed = stage.refresh(&person.held).await?;
    for answer in [logged_in, renewed] {
        whole_body(stage, &answer)?;
        let secret = person.held.cookie_value()?;
        let hidden = answer.text("refresh_token").is_none() && !answer.body_text().contains(secret);
        answer.expect(hidden, "no refresh token in the body of a response to a browser")?;
    }
    Ok(())
}

async fn browser_body(stage: &Stage) -> Verdict {
    let by_browser = |call: Call| {
        let call = call.header("sec-fetch-site", "same-origin").header("sec-fetch-mode", "cors");
        call.header("sec-fetch-dest", "empty")
    };
    let (email, password) = (fresh_email(), fresh_password());
    let unstated = log_in_with(&json!({"email": email, "password": password}));
    let signed_up = stage.answered(by_browser(sign_up(&email, &password)), 201).await?;
    let logged_in = stage.answered(by_browser(unstated), 200).await?;
    let app = stage.sign_up().await?;
    let change = by_browser(change_password(&app.password, &fresh_password()));
    let changed = stage.answered(change.bearer(app.held.access()?), 200).await?;
    for answer in [signed_up, logged_in, changed] {
        let hidden = answer.text("refresh_token").is_none();
        let why = "no `refresh_token` in the body: a browser sent the request, and did not state `mobile`";
        answer.expect(hidden, why)?;
        let given = answer.given_cookie("__Host-refresh").is_some();
        answer.expect(given, "the refresh token in a cookie")?;
    }
    let stated = stage.answered(by_browser(log_in(&email, &password, "mobile")), 200).await?;
    stated.must_text("refresh_token").map(drop)
}

async fn renews_access(stage: &Stage) -> Verdict {
    for person in [stage.sign_up().await?, stage.sign_up_web().await?] {
        let renewed = stage.answered(person.held.refreshing(), 200).await?;
        let access = renewed.must_text("access_token")?;
        let fresh = Some(access.as_str()) != person.held.access.as_deref();
        renewed.expect(fresh, "a new `access_token`")?;
        let same = renewed.text("session_id") == person.held.session_id;
        renewed.expect(same, "the same `session_id` as before")?;
        stage.expect_status(Call::get("/me").bearer(&access), 200, "this access token is new").await?;
    }
    Ok(())
}
