//! Requests that no HTTP client would send: bytes written to a socket.

pub(super) mod deaf;
pub(super) mod host;
mod wire;

use self::wire::{Heard, authority, say};
use crate::prelude::{ATTACK, Call, Check, SetUp, Stage, Verdict, fresh_email};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "raw.malformed-request",
        title: "a malformed request line is refused, and the server continues to run",
        gains: "Stops the server with one line.",
        read: "RFC 9112 §3, §2.2",
        run: |stage| Box::pin(malformed_request(stage)),
        ..ATTACK
    },
    Check {
        id: "raw.two-hosts",
        title: "two Host headers are 400",
        gains: "Makes a proxy route by one name while the server uses the other.",
        read: "RFC 9112 §3.2, CWE-444",
        run: |stage| Box::pin(two_hosts(stage)),
        ..ATTACK
    },
    Check {
        id: "raw.two-lengths",
        title: "a body with two different lengths is refused",
        gains: "Smuggles a second request past a proxy, and the server takes it for the next user's request.",
        read: "RFC 9112 §6.3, CWE-444",
        run: |stage| Box::pin(two_lengths(stage)),
        ..ATTACK
    },
    Check {
        id: "raw.headers-too-large",
        title: "400 kB of headers are 431, or the connection is closed",
        gains: "Fills the server's memory with a few connections.",
        read: "RFC 6585 §5, OWASP API4:2023",
        run: |stage| Box::pin(headers_too_large(stage)),
        ..ATTACK
    },
    Check {
        id: "raw.chunked-too-large",
        title: "a body over 16 KiB is 413, even if no length was announced",
        gains: "Gets past a limit on Content-Length by leaving the header out.",
        read: "RFC 9112 §7.1, OWASP API4:2023",
        run: |stage| Box::pin(chunked_too_large(stage)),
        ..ATTACK
    },
    Check {
        id: "raw.megabyte-password",
        title: "a password of a megabyte is refused before anything is hashed",
        gains: "Makes the server hash a megabyte at every login: a handful of logins stop it.",
        read: "OWASP Password Storage Cheat Sheet, CWE-400",
        run: |stage| Box::pin(megabyte_password(stage)),
        ..ATTACK
    },
];

async fn lives_on(stage: &Stage) -> Verdict {
    let answer = stage.send(Call::get("/me")).await?;
    answer.expect(answer.status < 500, "a response as before: the server still runs")
}

/// Sends `GET /me` with these header lines, each of which ends with a line break.
async fn get_me(stage: &Stage, headers: &str) -> Verdict<Heard> {
    say(stage, &format!("GET /me HTTP/1.1\r\n{headers}Connection: close\r\n\r\n"), b"").await
}

/// The head of a POST of JSON, with these further header lines.
fn post_head(stage: &Stage, path: &str, headers: &str) -> String {
    let host = authority(stage);
    format!("POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{headers}\r\n\r\n")
}

async fn with_own_host(stage: &Stage) -> Verdict {
    let heard = get_me(stage, &format!("Host: {}\r\n", authority(stage))).await?;
    heard.refused(&[401], "status 401: there is one Host, and no credential").in_set_up()
}

async fn malformed_request(stage: &Stage) -> Verdict {
    for line in [
        "NONSENSE",
        "GET",
        "GET /me",
        "GET /me HTTP/9.9",
        "\u{1}\u{2}\u{3}",
        "GET /a b c HTTP/1.1",
        "GET /me HTTP/1.1\r\nno colon",
    ] {
        let heard = say(stage, &format!("{line}\r\n\r\n"), b"").await?;
        if stage.target.is_direct() {
            let expected = "status 400, or a closed connection: this is not an HTTP request";
            heard.refused(&[400, 404, 405, 414, 501, 505], expected)?;
        } else {
            refused_by_server_or_proxy(&heard)?;
        }
    }
    lives_on(stage).await
}

/// A proxy may respond to a malformed request itself, or repair it and pass it on: HAProxy changes `HTTP/9.9` to
/// HTTP/1.1, and nginx takes a line without a version for HTTP/1.0. The server then rightly responds as to any request
/// without a credential, so the check can only require that the request is refused.
fn refused_by_server_or_proxy(heard: &Heard) -> Verdict {
    let status = heard.status.map(u64::from).or_else(|| heard.status_in_body());
    let refused = heard.is_closed() || status.is_some_and(|status| (400..600).contains(&status));
    heard.expect(refused, "a refusal (4xx or 5xx), or a closed connection: this is not an HTTP request")
}

async fn two_hosts(stage: &Stage) -> Verdict {
    with_own_host(stage).await?;
    let (own, other) = (authority(stage), "elsewhere.example");
    for (first, second) in [(own.as_str(), other), (other, &own)] {
        let heard = get_me(stage, &format!("Host: {first}\r\nHost: {second}\r\n")).await?;
        heard.refused(&[400], "status 400: there are two Host headers")?;
    }
    Ok(())
}

async fn two_lengths(stage: &Stage) -> Verdict {
    for lengths in [
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: 2, 3",
        "Content-Length: -2",
        "Content-Length: +2",
    ] {
        let head = post_head(stage, "/auth/logout", &format!("Connection: close\r\n{lengths}"));
        let heard = say(stage, &head, b"{} ").await?;
        heard.refused(&[400], "status 400, or a closed connection: the length of this body is ambiguous")?;
    }
    Ok(())
}

async fn headers_too_large(stage: &Stage) -> Verdict {
    let head = format!("GET /me HTTP/1.1\r\nHost: {}\r\n", authority(stage));
    let many: String = (0..400).map(|n| format!("X-Pad-{n}: {}\r\n", "x".repeat(1000))).collect();
    let one = format!("X-Pad: {}\r\n", "x".repeat(400_000));
    for pad in [many, one] {
        let heard = say(stage, &head, format!("{pad}\r\n").as_bytes()).await?;
        heard.refused(&[400, 431], "status 431, or a closed connection: there are 400 kB of headers")?;
    }
    lives_on(stage).await
}

async fn chunked_too_large(stage: &Stage) -> Verdict {
    let head = post_head(stage, "/auth/login", "Transfer-Encoding: chunked\r\nConnection: close");
    let chunks = format!("400\r\n{}\r\n", "x".repeat(1024)).repeat(32);
    let body = format!("8\r\n{{\"pad\":\"\r\n{chunks}2\r\n\"}}\r\n0\r\n\r\n");
    let heard = say(stage, &head, body.as_bytes()).await?;
    heard.refused(&[413], "status 413: the body has 32 KiB")?;
    lives_on(stage).await
}

async fn megabyte_password(stage: &Stage) -> Verdict {
    let (email, password) = (fresh_email(), "p".repeat(1 << 20));
    let body = format!("{{\"email\":\"{email}\",\"password\":\"{password}\"}}");
    for path in ["/auth/signup", "/auth/login"] {
        let headers = format!("Content-Length: {}\r\nConnection: close", body.len());
        let heard = say(stage, &post_head(stage, path, &headers), body.as_bytes()).await?;
        if path == "/auth/signup" && heard.status == Some(201) {
            stage.client.accounts().created(email.clone(), password.clone());
        }
        heard.refused(&[413], "status 413, or a closed connection: the password is one megabyte long")?;
    }
    lives_on(stage).await
}
