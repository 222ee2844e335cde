//! The `Host` header: a server refuses HTTP/1.1 requests that do not have exactly one valid `Host`.

use super::{authority, say};
use crate::{
    check::{ATTACK, Check},
    outcome::Verdict,
    stage::Stage,
};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "raw.no-host",
        title: "an HTTP/1.1 request without a Host header is 400",
        gains: "Makes a proxy choose a name itself, and route, log and cache by it.",
        read: "RFC 9112 §3.2",
        run: |stage| Box::pin(no_host(stage)),
        ..ATTACK
    },
    Check {
        id: "raw.odd-host",
        title: "a Host header that is not a host and port is 400",
        gains: "Makes a proxy read one name, the server another, and a cache store the response under a third.",
        read: "RFC 9112 §3.2, RFC 3986 §3.2.2",
        run: |stage| Box::pin(odd_host(stage)),
        ..ATTACK
    },
];

async fn no_host(stage: &Stage) -> Verdict {
    with_own_host(stage).await?;
    let heard = say(stage, "GET /me HTTP/1.1\r\nConnection: close\r\n\r\n", b"").await?;
    heard.refused(&[400], "status 400: there is no Host header")
}

async fn odd_host(stage: &Stage) -> Verdict {
    with_own_host(stage).await?;
    for host in ["a b", "", "a,b", "a/b", "a:port", "ann@a", "[::1"] {
        let heard =
            say(stage, &format!("GET /me HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"), b"")
                .await?;
        heard.refused(&[400], "status 400: the Host header is not a valid host")?;
    }
    Ok(())
}

async fn with_own_host(stage: &Stage) -> Verdict {
    let own = authority(stage);
    let heard =
        say(stage, &format!("GET /me HTTP/1.1\r\nHost: {own}\r\nConnection: close\r\n\r\n"), b"").await?;
    heard.expect(heard.status == Some(401), "status 401: there is one Host, and no credential")
}
