//! Rules for every endpoint: methods, errors, caching.

pub(super) mod bodies;
pub(super) mod browsers;

use serde_json::json;

use crate::{
    prelude::{ATTACK, Call, Check, Exchange, Held, RULE, Stage, Verdict, fresh_email, fresh_password},
    requests::{log_in_with, log_in_wrongly, preflight_request, sign_up},
};

/// The largest body that the contract allows, in bytes.
const BODY_BOUND: usize = 16 * 1024;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "http.problem-json",
        title: "every error is application/problem+json with type, title, status, detail and code",
        gains: "A client has to guess from the error text what went wrong.",
        read: "RFC 9457, contract: errors",
        run: |stage| Box::pin(problem_json(stage)),
        ..RULE
    },
    Check {
        id: "http.unknown-route",
        title: "an unknown route is 404 not_found",
        gains: "A client cannot tell a wrong address from a broken server.",
        read: "RFC 9110 §15.5.5",
        run: |stage| Box::pin(unknown_route(stage)),
        ..RULE
    },
    Check {
        id: "http.wrong-method",
        title: "a wrong method is 405 and Allow names the right ones",
        gains: "Logs users out with an image on any page, where logout works by GET.",
        read: "RFC 9110 §15.5.6",
        run: |stage| Box::pin(wrong_method(stage)),
        ..ATTACK
    },
    Check {
        id: "http.cors-off",
        title: "OPTIONS is 405, and no response grants anything to an origin that is not listed",
        gains: "Reads responses from a page of another site, in the name of the user who opens it.",
        read: "WHATWG Fetch §3.2, OWASP WSTG-CLNT-07",
        run: |stage| Box::pin(cors_off(stage)),
        ..ATTACK
    },
    Check {
        id: "http.head",
        title: "HEAD gets the same response as GET, without the body",
        gains: "Monitors and proxies that send HEAD see other responses than clients that send GET.",
        read: "RFC 9110 §9.3.2",
        run: |stage| Box::pin(head(stage)),
        ..RULE
    },
    Check {
        id: "http.no-store",
        title: "responses for one user, and all errors, have Cache-Control: no-store",
        gains: "Gets another user's response or tokens from a cache.",
        read: "RFC 9111 §5.2.2.5, RFC 6749 §5.1, OWASP WSTG-ATHN-06",
        run: |stage| Box::pin(no_store(stage)),
        ..ATTACK
    },
    Check {
        id: "http.request-id",
        title: "every response has an x-request-id, a different one each time",
        gains: "The operator cannot find an error that a user reports in the log.",
        read: "contract: errors",
        run: |stage| Box::pin(request_id(stage)),
        ..RULE
    },
];

/// Causes each of the usual errors with one request.
async fn errors(stage: &Stage) -> Verdict<Vec<(u16, Exchange)>> {
    let calls = [
        (404, Call::get("/no/such/route")),
        (405, Call::get("/auth/login")),
        (401, Call::get("/me")),
        (401, Call::get("/me").bearer("garbage")),
        (401, log_in_wrongly(&fresh_email())),
        (400, log_in_raw("application/json", "{")),
        (413, padded_log_in(2 * BODY_BOUND)),
        (415, log_in_raw("text/plain", "{}")),
        (422, log_in_with(&json!({}))),
    ];
    let mut answers = Vec::new();
    for (status, call) in calls {
        answers.push((status, stage.send(call).await?));
    }
    Ok(answers)
}

/// A JSON object of exactly this many bytes.
/// A login whose body, a JSON object, has exactly this many bytes.
fn padded_log_in(bytes: usize) -> Call {
    let pad = "x".repeat(bytes.saturating_sub(10));
    log_in_raw("application/json", format!("{{\"pad\":\"{pad}\"}}"))
}

fn log_in_raw(content_type: &str, body: impl Into<Vec<u8>>) -> Call {
    Call::post("/auth/login").raw(content_type, body)
}

async fn problem_json(stage: &Stage) -> Verdict {
    for (status, answer) in errors(stage).await? {
        answer.is(status)?;
        answer.expect(answer.is_problem(), "Content-Type: application/problem+json")?;
        let code = answer.must_text("code")?;
        let same = answer.json().get("status") == Some(&json!(status));
        answer.expect(same, format!("`status`: {status}, as in the status line"))?;
        let kind = format!("/problems/{code}");
        answer.expect(answer.has("type", &kind), format!("`type`: {kind}"))?;
        for member in ["title", "detail"] {
            let text = answer.text(member).is_some_and(|text| !text.is_empty());
            answer.expect(text, format!("a non-empty string `{member}`"))?;
        }
    }
    Ok(())
}

async fn unknown_route(stage: &Stage) -> Verdict {
    for path in ["/no/such/route", "/auth", "/auth/login/", "/ME"] {
        stage.expect_refusal(Call::get(path), 404, "not_found", "there is no such route").await?;
    }
    Ok(())
}

async fn wrong_method(stage: &Stage) -> Verdict {
    for (call, allowed) in [
        (Call::get("/auth/login"), "POST"),
        (Call::get("/auth/logout"), "POST"),
        (Call::get("/auth/account"), "DELETE"),
        (Call::post("/me"), "GET"),
        (Call::delete("/auth/signup"), "POST"),
    ] {
        let answer = stage.send(call).await?;
        answer.refused(405, "method_not_allowed", &format!("only {allowed} is allowed"))?;
        let methods = answer.header("allow").unwrap_or_default();
        let named = methods.split(',').any(|method| method.trim() == allowed);
        answer.expect(named, format!("an Allow header that names {allowed}"))?;
    }
    Ok(())
}

async fn cors_off(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let foreign = "http://elsewhere.example";
    let answer = stage.send(preflight_request("/me", "GET", "authorization", foreign)).await?;
    answer.refused(405, "method_not_allowed", "this origin is not listed")?;
    let read = stage.send(person.held.on(Call::get("/me").header("origin", foreign))).await?;
    for answer in [answer, read] {
        answer.expect(!answer.grants_cors(), "no Access-Control-Allow-… header")?;
    }
    Ok(())
}

async fn head(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let head = |path: &str| Call::new(reqwest::Method::HEAD, path);
    for (get, head) in [
        (person.held.on(Call::get("/me")), person.held.on(head("/me"))),
        (Call::get("/me"), head("/me")),
        (Call::get("/health/live"), head("/health/live")),
    ] {
        let (get, head) = (stage.send(get).await?, stage.send(head).await?);
        head.is_since(get.status, "this is the status for GET")?;
        head.expect(head.body.is_empty(), "no body")?;
        let same = head.header("content-type") == get.header("content-type");
        head.expect(same, format!("Content-Type: {:?}, as for GET", get.header("content-type")))?;
    }
    Ok(())
}

async fn no_store(stage: &Stage) -> Verdict {
    let signed_up = stage.set_up(sign_up(&fresh_email(), &fresh_password()), 201).await?;
    let me = stage.me(&Held::from_answer(&signed_up)?).await?;
    let refused = errors(stage).await?.into_iter().map(|(_, answer)| answer);
    for answer in [signed_up, me].into_iter().chain(refused) {
        answer.is_not_stored()?;
    }
    Ok(())
}

async fn request_id(stage: &Stage) -> Verdict {
    let mut seen: Vec<String> = Vec::new();
    for call in [Call::get("/me"), Call::get("/health/live"), Call::get("/no/such/route")] {
        let answer = stage.send(call).await?;
        let id = answer.header("x-request-id").unwrap_or_default().to_owned();
        let new = !id.is_empty() && !seen.contains(&id);
        answer.expect(new, "an x-request-id that no earlier response had")?;
        seen.push(id);
    }
    Ok(())
}
