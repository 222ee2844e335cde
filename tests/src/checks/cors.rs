//! Pages of other origins: listed origins can use the server with their cookies, and other pages cannot read any
//! response.

use reqwest::Url;
use serde_json::json;

use crate::{
    prelude::{ATTACK, Call, Check, Exchange, Feature, Held, Outcome, RULE, Stage, Verdict},
    requests::{log_in, log_in_with, log_out, preflight_request, refresh},
};

const CORS: &[Feature] = &[Feature::Cors];
const COOKIES: &[Feature] = &[Feature::SessionCookie, Feature::Refresh];
const READ: &str = "WHATWG Fetch §3.2 (CORS protocol)";

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "lab.origins",
        title: "the origins that /lab lists are spelt as browsers send them, and a login from each succeeds",
        gains: "A listed origin has a default port, a trailing slash or a missing bracket: the server refuses its own pages.",
        read: "RFC 6454 §6.2, contract: CSRF",
        run: |stage| Box::pin(listed_origins(stage)),
        ..RULE
    },
    Check {
        id: "cors.preflight",
        title: "a preflight from a listed origin is allowed, with credentials",
        gains: "A page on a listed origin cannot send a single request.",
        read: READ,
        needs: CORS,
        run: |stage| Box::pin(preflight(stage)),
        ..RULE
    },
    Check {
        id: "cors.answers",
        title: "a listed origin can read every response, including refusals and Retry-After",
        gains: "A page cannot tell 401 from 503, and logs users out in an outage.",
        read: READ,
        needs: CORS,
        run: |stage| Box::pin(answers(stage)),
        ..RULE
    },
    Check {
        id: "cors.unlisted",
        title: "an origin that is not listed gets no Access-Control header, even if it looks like a listed one",
        gains: "Reads responses from a page of another site, in the name of the user who opens it.",
        read: "OWASP WSTG-CLNT-07, CWE-942",
        needs: CORS,
        run: |stage| Box::pin(unlisted(stage)),
        ..ATTACK
    },
    Check {
        id: "cors.sibling",
        title: "a page on a listed sibling origin logs in, refreshes and logs out with its cookie",
        gains: "A site whose pages and API have different host names cannot use cookies at all.",
        read: "contract: CSRF; RFC 6265bis §5.2 (same-site)",
        needs: CORS,
        needs_any: COOKIES,
        run: |stage| Box::pin(sibling(stage)),
        ..RULE
    },
];

/// A listed origin, one that is not the server's own if possible.
fn a_listed_origin(stage: &Stage) -> Verdict<&str> {
    let listed = &stage.descriptor().origins;
    let other = listed.iter().find(|origin| *origin != stage.target.origin());
    let none = || Outcome::skipped("`origins` in /lab lists no origin, although `cors` is claimed");
    other.or(listed.first()).map(String::as_str).ok_or_else(none)
}

async fn listed_origins(stage: &Stage) -> Verdict {
    let listed = &stage.descriptor().origins;
    if listed.is_empty() {
        return Err(Outcome::skipped("the server does not list its own origins (`origins` in /lab)"));
    }
    let lab = stage.send(Call::get("/lab")).await?;
    let person = stage.sign_up().await?;
    for origin in listed {
        let sent = Url::parse(origin).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        lab.expect(&sent == origin, format!("`origins` as browsers send them, not {origin}"))?;
        let call = person.logging_in("web").header("origin", origin);
        stage.expect_status(call, 200, "this origin is listed in /lab").await?;
    }
    Ok(())
}

/// The names in a list header, in lower case.
fn names(answer: &Exchange, header: &str) -> Vec<String> {
    let values = answer.headers.get_all(header).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(|name| name.trim().to_ascii_lowercase()).collect()
}

fn readable(answer: &Exchange, origin: &str) -> Verdict {
    let allowed = answer.header("access-control-allow-origin") == Some(origin);
    answer.expect(allowed, format!("Access-Control-Allow-Origin: {origin}"))?;
    let with_credentials = answer.header("access-control-allow-credentials") == Some("true");
    answer.expect(with_credentials, "Access-Control-Allow-Credentials: true")?;
    let varies = names(answer, "vary").iter().any(|name| name == "origin" || name == "*");
    answer.expect(varies, "Vary: Origin, because the response depends on the origin")
}

async fn preflight(stage: &Stage) -> Verdict {
    let origin = a_listed_origin(stage)?;
    let mut asked = vec![
        ("/auth/login", "POST", "content-type"),
        ("/auth/logout", "POST", "authorization,content-type"),
        ("/me", "GET", "authorization"),
        ("/auth/account", "DELETE", "authorization,content-type"),
    ];
    if stage.claims(Feature::Refresh) {
        asked.push(("/auth/refresh", "POST", "content-type,idempotency-key"));
    }
    for (path, method, headers) in asked {
        let answer = stage.send(preflight_request(path, method, headers, origin)).await?;
        answer.expect(answer.is_success(), "status 200 or 204: this origin is listed")?;
        readable(&answer, origin)?;
        let methods = names(&answer, "access-control-allow-methods");
        // GET and POST need no permission (Fetch §2.2.1).
        let may = ["GET", "POST"].contains(&method) || methods.contains(&method.to_ascii_lowercase());
        answer.expect(may, format!("{method} in Access-Control-Allow-Methods"))?;
        let allowed = names(&answer, "access-control-allow-headers");
        for name in headers.split(',') {
            let listed = allowed.iter().any(|allowed| allowed == name);
            answer.expect(listed, format!("{name} in Access-Control-Allow-Headers"))?;
        }
    }
    Ok(())
}

async fn answers(stage: &Stage) -> Verdict {
    let origin = a_listed_origin(stage)?;
    let person = stage.sign_up().await?;
    for (status, call) in [
        (200, person.held.on(Call::get("/me"))),
        (200, person.logging_in("web")),
        (401, Call::get("/me")),
        (401, log_in(&person.email, "not the password", "web")),
        (404, Call::get("/no/such/route")),
        (422, log_in_with(&json!({}))),
    ] {
        let answer = stage.answered(call.header("origin", origin), status).await?;
        readable(&answer, origin)?;
        let exposed = names(&answer, "access-control-expose-headers");
        let tells = exposed.iter().any(|name| name == "retry-after");
        answer.expect(tells, "Retry-After in Access-Control-Expose-Headers")?;
    }
    Ok(())
}

async fn unlisted(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let origin = a_listed_origin(stage)?;
    let other_scheme = match origin.strip_prefix("https://") {
        Some(name) => format!("http://{name}"),
        None => origin.replace("http://", "https://"),
    };
    let alike = [
        "https://elsewhere.example".to_owned(),
        "null".to_owned(),
        format!("{origin}.evil.example"),
        format!("{origin}0"),
        origin.replace("://", "://evil"),
        origin.replace("://", "://blog."),
        other_scheme,
    ];
    let listed = &stage.descriptor().origins;
    for origin in alike.iter().filter(|origin| !listed.contains(origin)) {
        let asked = stage.send(preflight_request("/auth/login", "POST", "content-type", origin)).await?;
        let read = stage.send(person.held.on(Call::get("/me")).header("origin", origin)).await?;
        for answer in [asked, read] {
            let expected = format!("no Access-Control-Allow-… header: {origin} is not listed");
            answer.expect(!answer.grants_cors(), expected)?;
        }
    }
    Ok(())
}

async fn sibling(stage: &Stage) -> Verdict {
    let origin = a_listed_origin(stage)?;
    let by_page = |call: Call| call.header("origin", origin).header("sec-fetch-site", "same-site");
    let person = stage.sign_up().await?;
    let answer = stage.send(by_page(person.logging_in("web"))).await?;
    answer.is_since(200, "this sibling origin is listed")?;
    readable(&answer, origin)?;
    let held = Held::from_answer(&answer)?;
    let mut cookie = held.cookie()?.to_owned();
    if stage.claims(Feature::Refresh) {
        let answer = stage.send(by_page(refresh().header("cookie", &cookie))).await?;
        answer.is_since(200, "this sibling origin is listed")?;
        cookie = Held::from_answer(&answer)?.cookie.unwrap_or(cookie);
    }
    let call = by_page(log_out().header("cookie", &cookie));
    stage.expect_status(call, 204, "this sibling origin is listed").await?;
    let ended = Held { cookie: Some(cookie), access: None, refresh: None, ..held };
    stage.expect_no_session(&ended, "the page has logged out").await
}
