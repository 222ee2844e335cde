//! The `Host` header: a server refuses HTTP/1.1 requests that do not have exactly one valid `Host`.

use super::{get_me, with_own_host};
use crate::prelude::{ATTACK, Check, Stage, Verdict};

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
    let heard = get_me(stage, "").await?;
    heard.refused(&[400], "status 400: there is no Host header")
}

async fn odd_host(stage: &Stage) -> Verdict {
    with_own_host(stage).await?;
    for host in ["a b", "", "a,b", "a/b", "a:port", "ann@a", "[::1"] {
        let heard = get_me(stage, &format!("Host: {host}\r\n")).await?;
        heard.refused(&[400], "status 400: the Host header is not a valid host")?;
    }
    Ok(())
}
