//! Cross-site request forgery: requests that another site's page makes a browser send with the victim's cookie.

use serde_json::json;

use crate::{
    call::Call,
    check::{ATTACK, Check, RULE},
    descriptor::Feature,
    outcome::Verdict,
    stage::{Person, Stage, fresh_email, fresh_password, log_in},
};

const COOKIES: &[Feature] = &[Feature::SessionCookie, Feature::Refresh];
const READ: &str = "OWASP CSRF Prevention Cheat Sheet: Fetch Metadata; OWASP WSTG-SESS-05";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "csrf.same-origin",
        title: "a request from the server's own pages succeeds, by Sec-Fetch-Site or by Origin",
        gains: "No user can log out.",
        read: READ,
        needs_any: COOKIES,
        run: |stage| Box::pin(same_origin(stage)),
        ..RULE
    },
    Check {
        id: "csrf.cross-site",
        title: "Sec-Fetch-Site: cross-site is 403 csrf, whatever Origin says",
        gains: "Makes a page that logs its visitor out, renews the visitor's tokens, or deletes the visitor's account.",
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
        title: "a request from an unlisted sibling domain (same-site), or from no page (none), is 403 csrf",
        gains: "Acts for the victim from a forgotten blog on a sibling domain: SameSite does not stop it.",
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
        title: "without Sec-Fetch-Site, a foreign Origin is 403 csrf, even if it looks like the server's own",
        gains: "Gets past a comparison by prefix, in an old browser, with a name such as server.example.evil.example.",
        read: READ,
        needs_any: COOKIES,
        run: |stage| Box::pin(origin_foreign(stage)),
        ..ATTACK
    },
    Check {
        id: "csrf.origin-null",
        title: "Origin: null is 403 csrf",
        gains: "Sends null from a sandboxed frame, which any page can create.",
        read: "WHATWG HTML: sandboxed origin; OWASP CSRF Prevention Cheat Sheet",
        needs_any: COOKIES,
        run: |stage| Box::pin(refused(stage, &[&[("origin", "null")]])),
        ..ATTACK
    },
    Check {
        id: "csrf.no-origin",
        title: "a request with neither Sec-Fetch-Site nor Origin is 403 csrf",
        gains: "Gets past the check wherever something removes both headers.",
        read: READ,
        needs_any: COOKIES,
        run: |stage| Box::pin(refused(stage, &[&[]])),
        ..ATTACK
    },
    Check {
        id: "csrf.origin-not-by-host",
        title: "the server's own origin comes from its configuration, never from Host",
        gains: "Points a name of their own at the server (DNS rebinding), and the server takes it for its own origin.",
        read: "OWASP WSTG-INPV-17, contract: CSRF",
        needs_any: COOKIES,
        run: |stage| {
            Box::pin(refused(stage, &[&[("host", "evil.example"), ("origin", "http://evil.example")]]))
        },
        ..ATTACK
    },
    Check {
        id: "csrf.text-plain-form",
        title: "a text/plain form of another site changes nothing",
        gains: "Sends a form, which needs no preflight: with enctype text/plain it can look like JSON.",
        read: "OWASP CSRF Prevention Cheat Sheet: simple requests",
        needs_any: COOKIES,
        run: |stage| Box::pin(text_plain_form(stage)),
        ..ATTACK
    },
    Check {
        id: "csrf.log-in",
        title: "login and signup are 403 csrf from another site, and allowed for clients other than browsers",
        gains: "Logs the victim in to the attacker's account, and reads what the victim types there.",
        read: "OWASP CSRF Prevention Cheat Sheet: login CSRF",
        run: |stage| Box::pin(foreign_log_in(stage)),
        ..ATTACK
    },
    Check {
        id: "csrf.bearer-exempt",
        title: "a request with a bearer token is judged by the token alone, whatever its origin",
        gains: "A rule that is meant for cookies refuses apps and other sites' servers.",
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
    answer.refused(403, "csrf", "the request contains a cookie, and is not from the server's own page")?;
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
            answer.refused(403, "csrf", "the request is from another site's page")?;
            let none = answer.set_cookies().is_empty() && answer.text("access_token").is_none();
            answer.expect(none, "no credential in a refusal")?;
        }
    }
    for (name, value) in
        [("sec-fetch-site", "same-origin"), ("origin", stage.target.origin()), ("x-app", "1")]
    {
        let call = log_in(&person.email, &person.password, "web").header(name, value);
        stage.send(call).await?.is_since(200, "the request is not from another site's page")?;
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
        .is_since(204, "a browser does not send a bearer token by itself")?;
    let wrong = json!({"current_password": fresh_password(), "new_password": fresh_password()});
    let held = stage.log_in(&person).await?;
    let call = Call::post("/auth/password").json(&wrong).bearer(held.access()?);
    let answer = stage.send(call.header("sec-fetch-site", "cross-site")).await?;
    answer.refused(403, "wrong_password", "the bearer token is accepted, and the password is wrong")?;
    Ok(())
}
