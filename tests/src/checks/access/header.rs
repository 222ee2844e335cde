//! The access token's header: a server that lets it choose how the token is verified accepts forgeries.

use serde_json::{Value, json};

use super::{JWT_ATTACK, real_token, refused};
use crate::{
    jwt::{encoded, joined, merged},
    prelude::{Call, Check, Stage, Verdict},
};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "access.alg-none",
        title: "alg none, in any spelling, is refused",
        gains: "Writes a token for any account, without a key.",
        read: "RFC 8725 §3.1, OWASP WSTG-SESS-10",
        run: |stage| Box::pin(alg_none(stage)),
        ..JWT_ATTACK
    },
    Check {
        id: "access.alg-other",
        title: "a real token whose alg was changed is refused",
        gains: "Chooses the weakest algorithm that the library knows.",
        read: "RFC 8725 §3.1, §2.1",
        run: |stage| Box::pin(alg_other(stage)),
        ..JWT_ATTACK
    },
    Check {
        id: "access.typ-other",
        title: "a real token whose typ was changed is refused",
        gains: "Uses a token that was made for another purpose as an access token.",
        read: "RFC 8725 §3.11, RFC 9068 §4",
        run: |stage| Box::pin(typ_other(stage)),
        ..JWT_ATTACK
    },
    Check {
        id: "access.kid-odd",
        title: "a kid that is unknown, a path, SQL, NUL or huge is refused, and does no harm",
        gains: "Makes the server load its key from a file or query that the attacker chooses, such as the empty /dev/null.",
        read: "RFC 8725 §3.10, OWASP WSTG-SESS-10",
        run: |stage| Box::pin(kid_odd(stage)),
        ..JWT_ATTACK
    },
    Check {
        id: "access.crit",
        title: "a token with crit, or with b64 false, is refused",
        gains: "The server ignores an extension that it does not know, and with it the restriction that the extension imposes.",
        read: "RFC 7515 §4.1.11, RFC 7797 §6",
        run: |stage| Box::pin(crit(stage)),
        ..JWT_ATTACK
    },
];

async fn alg_none(stage: &Stage) -> Verdict {
    let (_, parts) = real_token(stage).await?;
    for alg in ["none", "None", "NONE", "nOnE", "none ", "\u{0}none"] {
        let header = encoded(&merged(parts.header(), &json!({"alg": alg})));
        let bare = encoded(&json!({"alg": alg}));
        for token in [
            joined(&header, &parts.payload, ""),
            joined(&header, &parts.payload, &parts.signature),
            joined(&bare, &parts.payload, ""),
        ] {
            refused(stage, &token, &format!("a token with alg {alg:?} is not signed")).await?;
        }
    }
    Ok(())
}

async fn alg_other(stage: &Stage) -> Verdict {
    let algorithms = ["HS384", "HS512", "ES256", "RS256", "PS256", "EdDSA", "hs256", "HS256 ", ""];
    let mut changes = algorithms.map(|alg| json!({"alg": alg})).to_vec();
    changes.extend([json!({"alg": null}), json!({"alg": ["HS256"]})]);
    header_changed(stage, &changes).await
}

async fn typ_other(stage: &Stage) -> Verdict {
    let types = [Some("JWT"), None, Some("refresh"), Some("rt+jwt"), Some("")];
    header_changed(stage, &types.map(|typ| json!({"typ": typ}))).await
}

async fn crit(stage: &Stage) -> Verdict {
    let changes = [
        json!({"crit": ["x"], "x": 1}),
        json!({"crit": []}),
        json!({"b64": false, "crit": ["b64"]}),
        json!({"b64": false}),
    ];
    header_changed(stage, &changes).await
}

async fn header_changed(stage: &Stage, changes: &[Value]) -> Verdict {
    let (_, parts) = real_token(stage).await?;
    for change in changes {
        // A faulty server may already issue this header; `access.header` reports that.
        if merged(parts.header(), change) == parts.header() {
            continue;
        }
        refused(stage, &parts.with_header(change), &format!("the header was changed: {change}")).await?;
        // A server that trusts the changed header may choose another key: the empty one is the most probable.
        let forged = parts.forged(change, &json!({}), b"");
        refused(stage, &forged, &format!("signed with an empty key, header {change}")).await?;
    }
    Ok(())
}

async fn kid_odd(stage: &Stage) -> Verdict {
    let (_, parts) = real_token(stage).await?;
    let long = "k".repeat(10_000);
    let texts = ["", "unknown", "../../../../dev/null", "/dev/null", "' UNION SELECT '' --", "\u{0}"];
    let texts = texts.into_iter().chain(["1\r\nDEL x", &long]);
    for kid in texts.map(Value::from).chain([Value::Null, json!(1)]) {
        let kid = json!({"kid": kid});
        let empty = |key: &[u8]| parts.forged(&kid, &json!({}), key);
        for (token, why) in [
            (empty(b""), "the kid was chosen so that the key would be empty"),
            (empty(b"\0"), "the kid was chosen so that the key would be empty"),
            (parts.with_header(&kid), "the kid was changed"),
        ] {
            // The long one makes the header too large for many proxies.
            let answer = stage.send(Call::get("/me").bearer(&token)).await?;
            stage.refused_here_or_before(&answer, 401, "invalid_token", why)?;
        }
    }
    Ok(())
}
