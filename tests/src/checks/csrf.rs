//! Cross-site request forgery: requests that another site's page makes a browser send with the victim's cookie.

use crate::{
    prelude::{ATTACK, Call, Check, Feature, Person, RULE, Stage, Verdict, fresh_email, fresh_password},
    requests::{change_password, delete_account, delete_account_by_post, log_out, refresh, sign_up},
};

const COOKIES: &[Feature] = &[Feature::SessionCookie, Feature::Refresh];
const COOKIE_RULE: Check = Check { needs_any: COOKIES, read: READ, ..RULE };
const COOKIE_ATTACK: Check = Check { needs_any: COOKIES, read: READ, ..ATTACK };
const READ: &str = "OWASP CSRF Prevention Cheat Sheet: Fetch Metadata; OWASP WSTG-SESS-05";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "csrf.same-origin",
        title: "a request from the server's own pages succeeds, by Sec-Fetch-Site or by Origin",
        gains: "No user can log out.",
        run: |stage| Box::pin(same_origin(stage)),
        ..COOKIE_RULE
    },
    Check {
        id: "csrf.cross-site",
        title: "Sec-Fetch-Site: cross-site is 403 csrf, whatever Origin says",
        gains: "Makes a page that logs its visitor out, renews the visitor's tokens, or deletes the visitor's account.",
        run: |stage| {
            Box::pin(refused(
                stage,
                &[&[("sec-fetch-site", "cross-site")], &[("sec-fetch-site", "cross-site"), ("origin", OWN)]],
            ))
        },
        ..COOKIE_ATTACK
    },
    Check {
        id: "csrf.same-site",
        title: "a request from an unlisted sibling domain (same-site), or from no page (none), is 403 csrf",
        gains: "Acts for the victim from a forgotten blog on a sibling domain: SameSite does not stop it.",
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
        ..COOKIE_ATTACK
    },
    Check {
        id: "csrf.origin-foreign",
        title: "without Sec-Fetch-Site, a foreign Origin is 403 csrf, even if it looks like the server's own",
        gains: "Gets past a comparison by prefix, in an old browser, with a name such as server.example.evil.example.",
        run: |stage| Box::pin(origin_foreign(stage)),
        ..COOKIE_ATTACK
    },
    Check {
        id: "csrf.origin-null",
        title: "Origin: null is 403 csrf",
        gains: "Sends null from a sandboxed frame, which any page can create.",
        read: "WHATWG HTML: sandboxed origin; OWASP CSRF Prevention Cheat Sheet",
        run: |stage| Box::pin(refused(stage, &[&[("origin", "null")]])),
        ..COOKIE_ATTACK
    },
    Check {
        id: "csrf.no-origin",
        title: "a request with neither Sec-Fetch-Site nor Origin is 403 csrf",
        gains: "Gets past the check wherever something removes both headers.",
        run: |stage| Box::pin(refused(stage, &[&[]])),
        ..COOKIE_ATTACK
    },
    Check {
        id: "csrf.origin-not-by-host",
        title: "the server's own origin comes from its configuration, never from Host",
        gains: "Points a name of their own at the server (DNS rebinding), and the server takes it for its own origin.",
        read: "OWASP WSTG-INPV-17, contract: CSRF",
        run: |stage| {
            Box::pin(refused(stage, &[&[("host", "evil.example"), ("origin", "http://evil.example")]]))
        },
        ..COOKIE_ATTACK
    },
    Check {
        id: "csrf.text-plain-form",
        title: "a text/plain form of another site changes nothing",
        gains: "Sends a form, which needs no preflight: with enctype text/plain it can look like JSON.",
        read: "OWASP CSRF Prevention Cheat Sheet: simple requests",
        run: |stage| Box::pin(text_plain_form(stage)),
        ..COOKIE_ATTACK
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
    let mut calls = vec![log_out()];
    if stage.claims(Feature::Refresh) {
        calls.push(refresh());
    }
    if stage.claims(Feature::SessionCookie) {
        calls.extend([
            change_password(&person.password, &fresh_password()),
            delete_account_by_post(&person.password),
            delete_account(&person.password),
        ]);
    }
    calls
}

async fn same_origin(stage: &Stage) -> Verdict {
    for (name, value) in [("sec-fetch-site", "same-origin"), ("origin", stage.target.origin())] {
        let person = stage.sign_up_web().await?;
        let call = log_out().header("cookie", person.held.cookie()?).header(name, value);
        stage.expect_status(call, 204, "the request is from the server's own page").await?;
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
    stage.expect_session(&person.held, "the refused request changed nothing").await
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
        let call = log_out().header("cookie", person.held.cookie()?).header("origin", origin);
        refused_and_harmless(stage, &person, call).await?;
    }
    Ok(())
}

async fn text_plain_form(stage: &Stage) -> Verdict {
    let person = stage.sign_up_web().await?;
    let form = r#"{"scope":"local","x":"="}"#;
    let mut calls = vec![log_out()];
    if stage.claims(Feature::Refresh) {
        calls.push(refresh());
    }
    for call in calls {
        let call = call.raw("text/plain", form).header("cookie", person.held.cookie()?);
        let answer = stage.send(call.header("sec-fetch-site", "cross-site")).await?;
        answer.is_one_of(&[403, 415], "status 403 or 415")?;
    }
    stage.expect_session(&person.held, "the form changed nothing").await
}

async fn foreign_log_in(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "http://evil.example"),
        ("origin", "null"),
    ] {
        for call in [person.logging_in("web"), sign_up(&fresh_email(), &fresh_password())] {
            let answer = stage.send(call.header(name, value)).await?;
            answer.refused(403, "csrf", "the request is from another site's page")?;
            let none = answer.set_cookies().is_empty() && answer.text("access_token").is_none();
            answer.expect(none, "no credential in a refusal")?;
        }
    }
    for (name, value) in
        [("sec-fetch-site", "same-origin"), ("origin", stage.target.origin()), ("x-app", "1")]
    {
        let call = person.logging_in("web").header(name, value);
        stage.expect_status(call, 200, "the request is not from another site's page").await?;
    }
    Ok(())
}

async fn bearer_exempt(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let foreign = |call: Call| call.header("sec-fetch-site", "cross-site");
    let call = foreign(log_out().bearer(person.held.access()?)).header("origin", "http://elsewhere.example");
    let answer = stage.send(call.header("cookie", "a=b")).await?;
    answer.is_since(204, "a browser does not send a bearer token by itself")?;
    let held = stage.log_in(&person).await?;
    let wrong = change_password(&fresh_password(), &fresh_password());
    let answer = stage.send(foreign(wrong.bearer(held.access()?))).await?;
    answer.refused(403, "wrong_password", "the bearer token is accepted, and the password is wrong")
}
