//! The bodies of requests: their size, content type and syntax, and hostile content.

use serde_json::{Value, json};

use super::{BODY_BOUND, log_in_raw, padded_log_in};
use crate::{
    prelude::{ATTACK, Call, Check, RULE, Stage, Verdict, fresh_email, fresh_password},
    requests::{log_in, log_out, refresh_with, sign_up_with},
};

pub(in crate::checks) const CHECKS: &[Check] = &[
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

async fn body_too_large(stage: &Stage) -> Verdict {
    let answer = stage.send(padded_log_in(BODY_BOUND)).await?;
    answer.refused(422, "invalid", "16,384 bytes are accepted, and the JSON has no address")?;
    for bytes in [BODY_BOUND + 1, 2 * BODY_BOUND] {
        let call = padded_log_in(bytes);
        stage.expect_refusal(call, 413, "too_large", &format!("the body has {bytes} bytes")).await?;
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
        let call = log_in_raw(kind, body.clone());
        stage.expect_refusal(call, 415, "unsupported_media_type", &format!("`{kind}` is not JSON")).await?;
    }
    let mut unnamed = Call::post("/auth/login");
    unnamed.body = Some(body.clone().into_bytes());
    stage.expect_refusal(unnamed, 415, "unsupported_media_type", "a body without a Content-Type").await?;
    for kind in ["application/json", "application/json; charset=utf-8", "Application/JSON"] {
        let call = log_in_raw(kind, body.clone());
        stage.expect_status(call, 200, &format!("`{kind}` is JSON")).await?;
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
        let call = log_in_raw("application/json", body);
        stage.expect_refusal(call, 400, "malformed", "this is not JSON").await?;
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
        let answer = stage.send(sign_up_with(&body)).await?;
        answer.refused(422, "invalid", &format!("`{member}` is not well-formed"))?;
        let named = names_invalid_member(&answer.json(), member);
        answer.expect(named, format!("`errors` with the pointer \"/{member}\" and a detail"))?;
    }
    Ok(())
}

fn names_invalid_member(problem: &Value, member: &str) -> bool {
    let errors = problem.get("errors").and_then(Value::as_array);
    errors.into_iter().flatten().any(|error| {
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        text("pointer").trim_start_matches('#') == format!("/{member}") && !text("detail").is_empty()
    })
}

async fn empty_body(stage: &Stage) -> Verdict {
    let mut calls = vec![log_out()];
    for kind in ["application/json", "text/plain", "application/octet-stream"] {
        calls.push(log_out().raw(kind, ""));
    }
    for call in calls {
        stage.expect_status(call, 204, "an empty body counts as {}, so the scope is local").await?;
    }
    let answer = stage.send(log_in_raw("text/plain", "")).await?;
    answer.refused(422, "invalid", "an empty body counts as {}, which has no address and no password")
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
    let mut calls = Vec::new();
    for text in ["' OR 1=1 --", "\u{0}", "../../etc/passwd", "{{7*7}}", "\r\nSET x 1\r\n", "\u{202e}\u{feff}"]
    {
        calls.push(log_in(text, text, "mobile"));
        calls.push(log_in(&fresh_email(), &format!("{text}{text}xxxxxxxx"), text));
    }
    calls.extend([
        Call::get("/me").bearer("' OR 1=1 --"),
        Call::get("/%00%ff"),
        Call::delete("/auth/sessions/..%2f..%2f*").bearer("x"),
        Call::get("/me").header("cookie", "=;;__Host-session=\"; a=%00"),
        refresh_with("\r\nDEL *\r\n"),
    ]);
    for call in calls {
        let answer = stage.send(call).await?;
        answer.is_refused("a clean refusal (4xx)")?;
        let said = answer.body_text().to_lowercase();
        let told = INSIDE.iter().find(|word| said.contains(**word));
        let expected = format!("a body without internals such as `{}`", told.unwrap_or(&""));
        answer.expect(told.is_none(), expected)?;
    }
    Ok(())
}
