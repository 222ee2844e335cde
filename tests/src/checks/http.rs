//! Rules for every endpoint: bodies, methods, errors, caching.

pub(super) mod browsers;

use serde_json::{Value, json};

use crate::{
    call::Call,
    check::{ATTACK, Check, RULE},
    exchange::Exchange,
    outcome::{Outcome, Verdict},
    stage::{Stage, fresh_email, fresh_password, log_in},
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
    Check {
        id: "http.body-too-large",
        title: "a body of 16 KiB is accepted, one more byte is 413",
        gains: "Fills the server's memory with a few requests.",
        read: "OWASP API4:2023, RFC 9110 §15.5.14",
        run: |stage| Box::pin(body_too_large(stage)),
        ..ATTACK
    },
    Check {
        id: "http.media-type",
        title: "a body whose content type is not JSON is 415",
        gains: "Sends text/plain from a form of another site, which needs no preflight; JSON does.",
        read: "RFC 9110 §15.5.16, OWASP REST Security Cheat Sheet",
        run: |stage| Box::pin(media_type(stage)),
        ..ATTACK
    },
    Check {
        id: "http.malformed-json",
        title: "a body that is not JSON is 400 malformed",
        gains: "A lenient parser and the proxy in front of it read the same body differently.",
        read: "RFC 8259, contract: first paragraph",
        run: |stage| Box::pin(malformed_json(stage)),
        ..RULE
    },
    Check {
        id: "http.invalid-pointers",
        title: "422 lists errors with a pointer to the member and a detail",
        gains: "A form cannot mark the invalid field.",
        read: "RFC 9457 §3, RFC 6901",
        run: |stage| Box::pin(invalid_pointers(stage)),
        ..RULE
    },
    Check {
        id: "http.empty-body",
        title: "an empty body counts as {}, whatever its content type",
        gains: "The server refuses clients that send no body where none is needed.",
        read: "contract: first paragraph",
        run: |stage| Box::pin(empty_body(stage)),
        ..RULE
    },
    Check {
        id: "http.nothing-internal",
        title: "hostile input is a clean 4xx that reveals nothing about the server's internals",
        gains: "Learns paths, table names and versions from error texts; a 500 shows where to attack.",
        read: "OWASP WSTG-ERRH-01, CWE-209",
        run: |stage| Box::pin(nothing_internal(stage)),
        ..ATTACK
    },
];

/// Causes each of the usual errors with one request.
async fn errors(stage: &Stage) -> Result<Vec<(u16, Exchange)>, Box<Outcome>> {
    let calls = [
        (404, Call::get("/no/such/route")),
        (405, Call::get("/auth/login")),
        (401, Call::get("/me")),
        (401, Call::get("/me").bearer("garbage")),
        (401, log_in(&fresh_email(), &fresh_password(), "mobile")),
        (400, Call::post("/auth/login").raw("application/json", "{")),
        (413, Call::post("/auth/login").raw("application/json", padded(2 * BODY_BOUND))),
        (415, Call::post("/auth/login").raw("text/plain", "{}")),
        (422, Call::post("/auth/login").json(&json!({}))),
    ];
    let mut answers = Vec::new();
    for (status, call) in calls {
        answers.push((status, stage.send(call).await?));
    }
    Ok(answers)
}

async fn problem_json(stage: &Stage) -> Verdict {
    for (status, answer) in errors(stage).await? {
        answer.is(status)?;
        let typed = answer.header("content-type").unwrap_or_default().starts_with("application/problem+json");
        answer.expect(typed, "Content-Type: application/problem+json")?;
        let code = answer.must_text("code")?;
        let body = answer.json();
        answer.expect(
            body.get("status") == Some(&json!(status)),
            format!("`status`: {status}, as in the status line"),
        )?;
        let kind = format!("/problems/{code}");
        answer.expect(answer.text("type").as_ref() == Some(&kind), format!("`type`: {kind}"))?;
        for member in ["title", "detail"] {
            let text = body.get(member).and_then(Value::as_str).is_some_and(|text| !text.is_empty());
            answer.expect(text, format!("a non-empty string `{member}`"))?;
        }
    }
    Ok(())
}

async fn unknown_route(stage: &Stage) -> Verdict {
    for path in ["/no/such/route", "/auth", "/auth/login/", "/ME"] {
        let answer = stage.send(Call::get(path)).await?;
        answer.refused(404, "not_found", "there is no such route")?;
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
        let named =
            answer.header("allow").unwrap_or_default().split(',').any(|method| method.trim() == allowed);
        answer.expect(named, format!("an Allow header that names {allowed}"))?;
    }
    Ok(())
}

async fn cors_off(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let foreign = "http://elsewhere.example";
    let preflight = reqwest::Method::OPTIONS;
    let asked = Call::new(preflight, "/me")
        .header("origin", foreign)
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "authorization");
    let answer = stage.send(asked).await?;
    answer.refused(405, "method_not_allowed", "this origin is not listed")?;
    let read = stage.send(person.held.on(Call::get("/me").header("origin", foreign))).await?;
    for answer in [answer, read] {
        let granted = answer.headers.keys().any(|name| name.as_str().starts_with("access-control-allow"));
        answer.expect(!granted, "no Access-Control-Allow-… header")?;
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
    let body = json!({"email": fresh_email(), "password": fresh_password()});
    let signed_up = stage.send(Call::post("/auth/signup").json(&body)).await?;
    signed_up.is(201)?;
    let me = stage.me(&stage.held(&signed_up)?).await?;
    let refused = errors(stage).await?.into_iter().map(|(_, answer)| answer);
    for answer in [signed_up, me].into_iter().chain(refused) {
        let kept_out = answer.header("cache-control").unwrap_or_default().contains("no-store");
        answer.expect(kept_out, "Cache-Control: no-store")?;
    }
    Ok(())
}

async fn request_id(stage: &Stage) -> Verdict {
    let mut seen: Vec<String> = Vec::new();
    for call in [Call::get("/me"), Call::get("/health/live"), Call::get("/no/such/route")] {
        let answer = stage.send(call).await?;
        let id = answer.header("x-request-id").unwrap_or_default().to_owned();
        answer
            .expect(!id.is_empty() && !seen.contains(&id), "an x-request-id that no earlier response had")?;
        seen.push(id);
    }
    Ok(())
}

/// A JSON object of exactly this many bytes.
fn padded(bytes: usize) -> String {
    format!("{{\"pad\":\"{}\"}}", "x".repeat(bytes.saturating_sub(10)))
}

async fn body_too_large(stage: &Stage) -> Verdict {
    let at_bound = stage.send(Call::post("/auth/login").raw("application/json", padded(BODY_BOUND))).await?;
    at_bound.refused(422, "invalid", "16,384 bytes are accepted, and the JSON has no address")?;
    for bytes in [BODY_BOUND + 1, 2 * BODY_BOUND] {
        let answer = stage.send(Call::post("/auth/login").raw("application/json", padded(bytes))).await?;
        answer.refused(413, "too_large", &format!("the body has {bytes} bytes"))?;
    }
    Ok(())
}

async fn media_type(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let body = json!({"email": person.email, "password": person.password}).to_string();
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "json",
    ] {
        let answer = stage.send(Call::post("/auth/login").raw(kind, body.clone())).await?;
        answer.refused(415, "unsupported_media_type", &format!("`{kind}` is not JSON"))?;
    }
    let mut unnamed = Call::post("/auth/login");
    unnamed.body = Some(body.clone().into_bytes());
    stage.send(unnamed).await?.refused(415, "unsupported_media_type", "a body without a Content-Type")?;
    for kind in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
        let answer = stage.send(Call::post("/auth/login").raw(kind, body.clone())).await?;
        answer.is_since(200, &format!("`{kind}` is JSON"))?;
    }
    Ok(())
}

async fn malformed_json(stage: &Stage) -> Verdict {
    let email = fresh_email();
    let bodies: [Vec<u8>; 7] = [
        b"{".to_vec(),
        b"{\"email\":".to_vec(),
        b"{'email':'a'}".to_vec(),
        format!("{{\"email\":\"{email}\"}} trailing").into_bytes(),
        b"{\"email\":\"\xff\xfe\"}".to_vec(),
        "[".repeat(8000).into_bytes(),
        b"nonsense".to_vec(),
    ];
    for body in bodies {
        let answer = stage.send(Call::post("/auth/login").raw("application/json", body)).await?;
        answer.refused(400, "malformed", "this is not JSON")?;
    }
    Ok(())
}

async fn invalid_pointers(stage: &Stage) -> Verdict {
    for (body, member) in [
        (json!({"email": "no address", "password": fresh_password()}), "email"),
        (json!({"email": fresh_email(), "password": "short"}), "password"),
        (json!({"password": fresh_password()}), "email"),
        (json!({"email": fresh_email(), "password": fresh_password(), "client": "desktop"}), "client"),
        (json!({"email": fresh_email(), "password": fresh_password(), "device": "d".repeat(65)}), "device"),
    ] {
        let answer = stage.send(Call::post("/auth/signup").json(&body)).await?;
        answer.refused(422, "invalid", &format!("`{member}` is not well-formed"))?;
        let body = answer.json();
        let errors = body.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
        let text = |error: &Value, name: &str| {
            error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let told = errors.iter().any(|error| {
            text(error, "pointer").trim_start_matches('#') == format!("/{member}")
                && !text(error, "detail").is_empty()
        });
        answer.expect(told, format!("`errors` with the pointer \"/{member}\" and a detail"))?;
    }
    Ok(())
}

async fn empty_body(stage: &Stage) -> Verdict {
    let mut calls = vec![Call::post("/auth/logout")];
    for kind in ["application/json", "text/plain", "application/octet-stream"] {
        calls.push(Call::post("/auth/logout").raw(kind, ""));
    }
    for call in calls {
        stage.send(call).await?.is_since(204, "an empty body counts as {}, so the scope is local")?;
    }
    let answer = stage.send(Call::post("/auth/login").raw("text/plain", "")).await?;
    answer.refused(422, "invalid", "an empty body counts as {}, which has no address and no password")?;
    Ok(())
}

async fn nothing_internal(stage: &Stage) -> Verdict {
    const INSIDE: [&str; 12] = [
        "panicked",
        ".rs:",
        "traceback",
        "stack",
        "sqlx",
        "sqlite",
        "select ",
        "redis",
        "wrongtype",
        "serde",
        "/home/",
        "exception",
    ];
    let hostile =
        ["' OR 1=1 --", "\u{0}", "../../etc/passwd", "{{7*7}}", "\r\nSET x 1\r\n", "\u{202e}\u{feff}"];
    let mut calls: Vec<Call> = hostile
        .iter()
        .flat_map(|text| {
            [log_in(text, text, "mobile"), log_in(&fresh_email(), &format!("{text}{text}xxxxxxxx"), text)]
        })
        .collect();
    calls.push(Call::get("/me").bearer("' OR 1=1 --"));
    calls.push(Call::get("/%00%ff"));
    calls.push(Call::delete("/auth/sessions/..%2f..%2f*").bearer("x"));
    calls.push(Call::get("/me").header("cookie", "=;;__Host-session=\"; a=%00"));
    calls.push(Call::post("/auth/refresh").json(&json!({"refresh_token": "\r\nDEL *\r\n"})));
    for call in calls {
        let answer = stage.send(call).await?;
        answer.expect((400..500).contains(&answer.status), "a clean refusal (4xx)")?;
        let said = String::from_utf8_lossy(&answer.body).to_lowercase();
        let told = INSIDE.iter().find(|word| said.contains(**word));
        answer
            .expect(told.is_none(), format!("a body without internals such as `{}`", told.unwrap_or(&"")))?;
    }
    Ok(())
}
