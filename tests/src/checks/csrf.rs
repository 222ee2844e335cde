//! Cross-site request forgery: requests that another site's page makes a browser send with the victim's cookie.

use serde_json::json;

use crate::{
    check::{ATTACK, Check, RULE, Verdict},
    client::Call,
    descriptor::Feature,
    stage::{Person, Stage, fresh_email, fresh_password, log_in},
};

const COOKIES: &[Feature] = &[Feature::SessionCookie, Feature::Refresh];
const READ: &str = "OWASP CSRF Prevention Cheat Sheet: Fetch Metadata; OWASP WSTG-SESS-05";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "csrf.same-origin",
        title: "the server's own pages get through, by Sec-Fetch-Site or by Origin",
        gains: "Nobody can log out.",
        read: READ,
        needs_any: COOKIES,
        run: |stage| Box::pin(same_origin(stage)),
        ..RULE
    },
    Check {
        id: "csrf.cross-site",
        title: "Sec-Fetch-Site: cross-site is 403 csrf, whatever Origin says",
        gains: "A page of theirs logs the victim out, renews their tokens, or deletes the account of who is looking at it.",
        read: READ,
        needs_any: COOKIES,
        run: |stage| {
            Box::pin(refused(
                stage,
                &[&[("sec-fetch-site", "cross-site")], &[("sec-fetch-site", "cross-site"), ("origin", OWN)]],
            ))
        },
        ..ATTACK
    },
    Check {
        id: "csrf.same-site",
        title: "a sibling domain that is not listed (same-site), and a request of no page's (none), are 403 csrf",
        gains: "A forgotten blog on a sibling domain acts for the victim: SameSite does not stop it.",
        read: READ,
        needs_any: COOKIES,
        run: |stage| {
            Box::pin(refused(
                stage,
                &[
                    &[("sec-fetch-site", "same-site")],
                    &[("sec-fetch-site", "same-site"), ("origin", UNLISTED)],
                    &[("sec-fetch-site", "none")],
                ],
            ))
        },
        ..ATTACK
    },
    Check {
        id: "csrf.origin-foreign",
        title: "without Sec-Fetch-Site, a foreign Origin is 403 csrf, also one that looks alike",
        gains: "Old browsers, and names such as server.example.evil.example, get through a comparison by prefix.",
        read: READ,
        needs_any: COOKIES,
        run: |stage| Box::pin(origin_foreign(stage)),
        ..ATTACK
    },
    Check {
        id: "csrf.origin-null",
        title: "Origin: null is 403 csrf",
        gains: "A sandboxed frame, which anybody can make, sends null.",
        read: "WHATWG HTML: sandboxed origin; OWASP CSRF Prevention Cheat Sheet",
        needs_any: COOKIES,
        run: |stage| Box::pin(refused(stage, &[&[("origin", "null")]])),
        ..ATTACK
    },
    Check {
        id: "csrf.no-origin",
        title: "neither Sec-Fetch-Site nor Origin is 403 csrf",
        gains: "Whatever strips both headers opens the door.",
        read: READ,
        needs_any: COOKIES,
        run: |stage| Box::pin(refused(stage, &[&[]])),
        ..ATTACK
    },
    Check {
        id: "csrf.origin-not-by-host",
        title: "the own origin comes from configuration, never from Host",
        gains: "A name that is made to point at the server (DNS rebinding) is taken for the server's own.",
        read: "OWASP WSTG-INPV-17, contract: CSRF",
        needs_any: COOKIES,
        run: |stage| {
            Box::pin(refused(stage, &[&[("host", "evil.example"), ("origin", "http://evil.example")]]))
        },
        ..ATTACK
    },
    Check {
        id: "csrf.text-plain-form",
        title: "a form of another site, as text/plain, changes nothing",
        gains: "A form needs no permission to be sent: enctype text/plain can be made to look like JSON.",
        read: "OWASP CSRF Prevention Cheat Sheet: simple requests",
        needs_any: COOKIES,
        run: |stage| Box::pin(text_plain_form(stage)),
        ..ATTACK
    },
    Check {
        id: "csrf.log-in",
        title: "log-in and sign-up are 403 csrf from another site, and free to clients that are no browsers",
        gains: "Logs the victim in to the attacker's account, and reads what they type there.",
        read: "OWASP CSRF Prevention Cheat Sheet: login CSRF",
        run: |stage| Box::pin(foreign_log_in(stage)),
        ..ATTACK
    },
    Check {
        id: "csrf.bearer-exempt",
        title: "a request with a bearer token is judged by that alone, wherever it comes from",
        gains: "Apps and other sites' servers are shut out by a rule that is for cookies.",
        read: "contract: CSRF",
        needs: &[Feature::AccessJwt],
        run: |stage| Box::pin(bearer_exempt(stage)),
        ..RULE
    },
];

/// A placeholder for the server's own origin, in a table that is written before the server is known.
const OWN: &str = "{own}";

/// The origin of a page that no server lists.
const UNLISTED: &str = "https://blog.unlisted.example";

/// The state-changing requests that a cookie authenticates.
fn changing(stage: &Stage, person: &Person) -> Vec<Call> {
    let mut calls = vec![Call::post("/auth/logout")];
    if stage.claims(Feature::Refresh) {
        calls.push(Call::post("/auth/refresh"));
    }
    if stage.claims(Feature::SessionCookie) {
        let change = json!({"current_password": person.password, "new_password": fresh_password()});
        calls.push(Call::post("/auth/password").json(&change));
        calls.push(Call::post("/auth/account/delete").json(&json!({"password": person.password})));
        calls.push(Call::delete("/auth/account").json(&json!({"password": person.password})));
    }
    calls
}

async fn same_origin(stage: &Stage) -> Verdict {
    for (name, value) in [("sec-fetch-site", "same-origin"), ("origin", stage.target.origin())] {
        let person = stage.sign_up_web().await?;
        let call = Call::post("/auth/logout").header("cookie", person.held.cookie()?).header(name, value);
        stage.send(call).await?.is_since(204, "the request is from the server's own page")?;
    }
    Ok(())
}

async fn refused(stage: &Stage, headers: &[&[(&'static str, &str)]]) -> Verdict {
    let person = stage.sign_up_web().await?;
    for row in headers {
        for mut call in changing(stage, &person) {
            call = call.header("cookie", person.held.cookie()?);
            for (name, value) in *row {
                call = call.header(name, value.replace(OWN, stage.target.origin()));
            }
            refused_and_harmless(stage, &person, call).await?;
        }
    }
    Ok(())
}

async fn refused_and_harmless(stage: &Stage, person: &Person, call: Call) -> Verdict {
    let answer = stage.send(call).await?;
    answer.refused(403, "csrf", "the request carries a cookie, and is not from the server's own page")?;
    answer.expect(answer.set_cookies().is_empty(), "no Set-Cookie in a refusal")?;
    let session = stage.asks_for_session(&person.held).await?;
    session.is_since(200, "the refused request changed nothing")?;
    Ok(())
}

async fn origin_foreign(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let own = stage.target.origin();
    for origin in [
        "http://evil.example".to_owned(),
        format!("{own}.evil.example"),
        format!("{own}0"),
        own.replace("http://", "https://"),
        own.replace("http://", "http://evil."),
        format!("{own} http://evil.example"),
    ] {
        let call =
            Call::post("/auth/logout").header("cookie", person.held.cookie()?).header("origin", origin);
        refused_and_harmless(stage, &person, call).await?;
    }
    Ok(())
}

async fn text_plain_form(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let form = r#"{"scope":"local","x":"="}"#;
    for path in ["/auth/logout", "/auth/refresh"] {
        if path == "/auth/refresh" && !stage.claims(Feature::Refresh) {
            continue;
        }
        let call = Call::post(path).raw("text/plain", form).header("cookie", person.held.cookie()?);
        let answer = stage.send(call.header("sec-fetch-site", "cross-site")).await?;
        answer.expect([403, 415].contains(&answer.status), "status 403 or 415")?;
    }
    stage.asks_for_session(&person.held).await?.is_since(200, "the form changed nothing")?;
    Ok(())
}

async fn foreign_log_in(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let body = || json!({"email": fresh_email(), "password": fresh_password()});
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "http://evil.example"),
        ("origin", "null"),
    ] {
        for call in [log_in(&person.email, &person.password, "web"), Call::post("/auth/signup").json(&body())]
        {
            let answer = stage.send(call.header(name, value)).await?;
            answer.refused(403, "csrf", "another site's page sent it")?;
            let none = answer.set_cookies().is_empty() && answer.text("access_token").is_none();
            answer.expect(none, "no credential in a refusal")?;
        }
    }
    for (name, value) in
        [("sec-fetch-site", "same-origin"), ("origin", stage.target.origin()), ("x-app", "1")]
    {
        let call = log_in(&person.email, &person.password, "web").header(name, value);
        stage.send(call).await?.is_since(200, "no other site's page sent it")?;
    }
    Ok(())
}

async fn bearer_exempt(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let call = Call::post("/auth/logout").bearer(person.held.access()?);
    let foreign = call.header("sec-fetch-site", "cross-site").header("origin", "http://elsewhere.example");
    stage
        .send(foreign.header("cookie", "a=b"))
        .await?
        .is_since(204, "a bearer token is not sent by itself")?;
    let wrong = json!({"current_password": fresh_password(), "new_password": fresh_password()});
    let held = stage.log_in(&person).await?;
    let call = Call::post("/auth/password").json(&wrong).bearer(held.access()?);
    let answer = stage.send(call.header("sec-fetch-site", "cross-site")).await?;
    answer.refused(
        403,
        "wrong_password",
        "a bearer token is judged by itself, and then the password is wrong",
    )?;
    Ok(())
}
