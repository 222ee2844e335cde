//! Requests that no HTTP client would send: bytes written to a socket.

pub(super) mod deaf;
pub(super) mod host;

use std::time::Duration;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{
    call::Call,
    check::{ATTACK, Check},
    excerpt::cut,
    outcome::{Outcome, Verdict},
    stage::{Stage, fresh_email},
};

/// How long a server may take to respond to a malformed request, or to close its connection.
const WITHIN: Duration = Duration::from_secs(5);
const READ_CAP: usize = 64 * 1024;

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

/// The response to bytes that were sent.
struct Heard {
    sent: String,
    /// `None` if the server closed the connection without a response, or responded without a header, as HTTP/0.9 did.
    status: Option<u16>,
    text: String,
}

impl Heard {
    fn expect(&self, holds: bool, expected: &str) -> Verdict {
        if holds {
            return Ok(());
        }
        let received = if self.text.is_empty() { "the connection was closed" } else { &self.text };
        Err(Box::new(Outcome::Failed {
            sent: self.sent.clone(),
            expected: expected.to_owned(),
            received: received.to_owned(),
        }))
    }

    fn refused(&self, statuses: &[u16], expected: &str) -> Verdict {
        self.expect(
            self.is_closed() || self.status.is_some_and(|status| statuses.contains(&status)),
            expected,
        )
    }

    fn is_closed(&self) -> bool {
        self.text.is_empty()
    }

    /// The status of a problem (RFC 9457) in a response without a header: nginx takes `GET /me` for HTTP/0.9 and passes
    /// on only the server's body.
    fn status_in_body(&self) -> Option<u64> {
        serde_json::from_str::<Value>(&self.text).ok()?.get("status")?.as_u64()
    }
}

/// Writes the bytes, then reads until the server closes the connection. A failed write is not a failure: a server may
/// close the connection as soon as it has read enough, and its earlier response can still be read.
async fn say(stage: &Stage, head: &str, rest: &[u8]) -> Result<Heard, Box<Outcome>> {
    let sent = cut(head, 400);
    let talk = async {
        let mut stream = TcpStream::connect(authority(stage)).await?;
        let (mut reader, mut writer) = stream.split();
        let write = async {
            if writer.write_all(head.as_bytes()).await.is_ok() {
                drop(writer.write_all(rest).await);
            }
        };
        let read = async {
            let mut heard = Vec::new();
            let mut buffer = [0; 4096];
            // Only the header of the first response is needed, so do not wait for a server that keeps the connection
            // open.
            while !heard.windows(4).any(|window| window == b"\r\n\r\n") && heard.len() < READ_CAP {
                match reader.read(&mut buffer).await {
                    Ok(0) | Err(_) => break,
                    Ok(count) => heard.extend_from_slice(buffer.get(..count).unwrap_or_default()),
                }
            }
            heard
        };
        tokio::pin!(write, read);
        // The response may arrive before all is written, or only after all is written.
        let heard = tokio::select! {
            heard = &mut read => heard,
            () = &mut write => read.await,
        };
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&heard).into_owned())
    };
    let failed = |received: String| {
        Box::new(Outcome::Failed {
            sent: sent.clone(),
            expected: "a response, or a closed connection".to_owned(),
            received,
        })
    };
    let text = match timeout(WITHIN, talk).await {
        Ok(Ok(text)) => text,
        Ok(Err(error)) => return Err(failed(format!("no connection: {error}"))),
        Err(_elapsed) => return Err(failed(format!("no response within {} s", WITHIN.as_secs()))),
    };
    let head = text.strip_prefix("HTTP/");
    let status = head.and_then(|head| head.split(' ').nth(1)).and_then(|status| status.parse().ok());
    Ok(Heard { sent, status, text: cut(&text, 600) })
}

/// The host and the port of the base URL.
fn authority(stage: &Stage) -> String {
    let rest = stage.client.base_url().trim_start_matches("http://");
    let authority = rest.split('/').next().unwrap_or(rest);
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if has_port { authority.to_owned() } else { format!("{authority}:80") }
}

async fn lives_on(stage: &Stage) -> Verdict {
    let answer = stage.send(Call::get("/me")).await?;
    answer.expect(answer.status < 500, "a response as before: the server still runs")?;
    Ok(())
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
            heard.refused(
                &[400, 404, 405, 414, 501, 505],
                "status 400, or a closed connection: this is not an HTTP request",
            )?;
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
    let own = authority(stage);
    let one =
        say(stage, &format!("GET /me HTTP/1.1\r\nHost: {own}\r\nConnection: close\r\n\r\n"), b"").await?;
    one.expect(one.status == Some(401), "status 401: there is one Host, and no credential")?;
    for hosts in
        [format!("Host: {own}\r\nHost: elsewhere.example"), format!("Host: elsewhere.example\r\nHost: {own}")]
    {
        let heard =
            say(stage, &format!("GET /me HTTP/1.1\r\n{hosts}\r\nConnection: close\r\n\r\n"), b"").await?;
        heard.refused(&[400], "status 400: there are two Host headers")?;
    }
    Ok(())
}

async fn two_lengths(stage: &Stage) -> Verdict {
    let own = authority(stage);
    let head = format!(
        "POST /auth/logout HTTP/1.1\r\nHost: {own}\r\nContent-Type: application/json\r\nConnection: close"
    );
    for lengths in [
        "Content-Length: 2\r\nContent-Length: 3",
        "Content-Length: 2, 3",
        "Content-Length: -2",
        "Content-Length: +2",
    ] {
        let heard = say(stage, &format!("{head}\r\n{lengths}\r\n\r\n"), b"{} ").await?;
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
    let head = format!(
        "POST /auth/login HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        authority(stage)
    );
    let pad = "x".repeat(1024);
    let mut body = String::from("8\r\n{\"pad\":\"\r\n");
    for _ in 0..32 {
        body.push_str(&format!("400\r\n{pad}\r\n"));
    }
    body.push_str("2\r\n\"}\r\n0\r\n\r\n");
    let heard = say(stage, &head, body.as_bytes()).await?;
    heard.refused(&[413], "status 413: the body has 32 KiB")?;
    lives_on(stage).await
}

async fn megabyte_password(stage: &Stage) -> Verdict {
    let (email, password) = (fresh_email(), "p".repeat(1 << 20));
    let body = format!("{{\"email\":\"{email}\",\"password\":\"{password}\"}}");
    for path in ["/auth/signup", "/auth/login"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            authority(stage),
            body.len()
        );
        let heard = say(stage, &head, body.as_bytes()).await?;
        if path == "/auth/signup" && heard.status == Some(201) {
            stage.client.accounts().created(email.clone(), password.clone());
        }
        heard.refused(&[413], "status 413, or a closed connection: the password is one megabyte long")?;
    }
    lives_on(stage).await
}
