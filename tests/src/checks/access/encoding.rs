//! The access token's encoding: any other way to write the same token, or nearly the same one, must be refused.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::json;

use super::{JWT_ATTACK, real_token, refused};
use crate::{
    jwt::{self, encoded, flipped, joined, merged},
    prelude::{ATTACK, Call, Check, Feature, Stage, Verdict},
};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "access.part-count",
        title: "tokens of 0 to 2 and of 4 to 5 parts are refused",
        gains: "Sends unsigned claims, which a lenient parser accepts.",
        read: "RFC 7515 §7.1, RFC 7516 §9",
        run: |stage| Box::pin(part_count(stage)),
        ..JWT_ATTACK
    },
    Check {
        id: "access.encrypted",
        title: "an encrypted token (JWE) is refused, whatever its content",
        gains: "Encrypts their own claims with a publicly known key: a library that decrypts any token skips the signature.",
        read: "RFC 7519 §5.2, RFC 8725 §2.3, §3.3",
        run: |stage| Box::pin(encrypted(stage)),
        ..JWT_ATTACK
    },
    Check {
        id: "access.json-serialization",
        title: "a JWS in JSON serialization is refused",
        gains: "Changes the unprotected header, which the signature does not cover.",
        read: "RFC 7515 §7.2, RFC 7519 §1",
        run: |stage| Box::pin(json_serialization(stage)),
        ..JWT_ATTACK
    },
    Check {
        id: "access.padding",
        title: "padding, white space and the other base64 alphabet are refused",
        gains: "Gets a revoked token past a deny list of token texts by writing it in another spelling.",
        read: "RFC 7515 §2, RFC 4648 §3",
        run: |stage| Box::pin(padding(stage)),
        ..JWT_ATTACK
    },
    Check {
        id: "access.trailing-bits",
        title: "a signature whose unused last bits are set is refused",
        gains: "Gets a revoked token past a deny list of token texts by writing it in another spelling.",
        read: "RFC 4648 §3.5",
        run: |stage| Box::pin(trailing_bits(stage)),
        ..JWT_ATTACK
    },
    Check {
        id: "access.oversize",
        title: "a token over 4 KiB is refused",
        gains: "Makes the server process megabytes before it refuses the token.",
        read: "contract: access token, OWASP API4:2023",
        run: |stage| Box::pin(oversize(stage)),
        ..JWT_ATTACK
    },
    Check {
        id: "access.refresh-token-as-access",
        title: "a refresh token is refused as an access token",
        gains: "Uses a token that is valid for 30 days in place of one that is valid for 15 minutes.",
        read: "RFC 8725 §3.12",
        needs: &[Feature::AccessJwt, Feature::Refresh],
        run: |stage| Box::pin(refresh_token_as_access(stage)),
        ..ATTACK
    },
];

async fn part_count(stage: &Stage) -> Verdict {
    let (person, parts) = real_token(stage).await?;
    let token = person.held.access()?;
    let (h, p, s) = (&parts.header, &parts.payload, &parts.signature);
    for wrong in [
        p.clone(),
        format!("{h}.{p}"),
        format!("{p}.{s}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{s}"),
        format!("{token}.{s}.{s}"),
        format!("{h}..{p}.{s}"),
        "..".to_owned(),
        ".".to_owned(),
        "....".to_owned(),
    ] {
        refused(stage, &wrong, "a token has three parts").await?;
    }
    Ok(())
}

/// `dir` uses a key that both sides agreed on. A server that has none may use an empty key, padded with zeros.
async fn encrypted(stage: &Stage) -> Verdict {
    let (_, parts) = real_token(stage).await?;
    let unsigned = format!("{}.{}.", encoded(&json!({"alg": "none"})), parts.payload);
    for (inside, what) in [(parts.claims().to_string(), "claims"), (unsigned, "an unsigned token")] {
        for header in [json!({}), json!({"typ": "at+jwt", "cty": "JWT"}), parts.header()] {
            let header = merged(header, &json!({"alg": "dir", "enc": "A256GCM"}));
            let Some(token) = jwt::encrypted(&header, &inside, &[0; 32]) else { continue };
            refused(stage, &token, &format!("this is not a signed token; it contains {what}")).await?;
        }
    }
    Ok(())
}

async fn json_serialization(stage: &Stage) -> Verdict {
    let (_, parts) = real_token(stage).await?;
    let flat = json!({"protected": parts.header, "payload": parts.payload, "signature": parts.signature});
    let general = json!({
        "payload": parts.payload,
        "signatures": [{"protected": parts.header, "signature": parts.signature}],
    });
    for token in [flat.to_string(), general.to_string()] {
        for token in [BASE64_URL_SAFE_NO_PAD.encode(&token), token] {
            let call = Call::get("/me").bearer(&token);
            stage.expect_status(call, 401, "an access token is in compact serialization").await?;
        }
    }
    Ok(())
}

async fn padding(stage: &Stage) -> Verdict {
    let (_, parts) = real_token(stage).await?;
    let (h, p, s) = (&parts.header, &parts.payload, &parts.signature);
    let mut tokens = vec![
        format!("{h}.{p}.{s}="),
        format!("{h}.{p}.{s}=="),
        format!("{h}=.{p}.{s}"),
        format!("{h}.{p}=.{s}"),
        format!("{h}.{p}. {s}"),
        format!("{h}.{p}.{s}%20"),
        format!("{h}.{p}.\t{s}"),
        format!("\"{h}.{p}.{s}\""),
        format!("{h}.{p}.{s},"),
    ];
    let other_alphabet = s.replace('-', "+").replace('_', "/");
    if other_alphabet != *s {
        tokens.push(joined(h, p, &other_alphabet));
    }
    for token in tokens {
        let call = Call::get("/me").bearer(&token);
        let why = "the base64url of a token has no padding, no white space and the URL-safe alphabet";
        stage.expect_status(call, 401, why).await?;
    }
    Ok(())
}

async fn trailing_bits(stage: &Stage) -> Verdict {
    let (_, parts) = real_token(stage).await?;
    let last = parts.signature.len().saturating_sub(1);
    // If the last group has two characters, four bits are unused; if it has three, two bits are unused.
    let unused = match parts.signature.len() % 4 {
        2 => 1..16,
        3 => 1..4,
        _ => 0..0,
    };
    for mask in unused {
        if let Some(signature) = flipped(&parts.signature, last, mask) {
            let token = joined(&parts.header, &parts.payload, &signature);
            refused(stage, &token, "the signature's unused last bits are not zero").await?;
        }
    }
    Ok(())
}

async fn oversize(stage: &Stage) -> Verdict {
    let (_, parts) = real_token(stage).await?;
    let pad = "A".repeat(5000);
    for token in [
        parts.with_claims(&json!({"pad": pad})),
        parts.with_header(&json!({"pad": pad})),
        format!("{}.{}.{}{pad}", parts.header, parts.payload, parts.signature),
        pad.clone(),
    ] {
        refused(stage, &token, "a token has at most 4 KiB").await?;
    }
    Ok(())
}

async fn refresh_token_as_access(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    refused(stage, person.held.refresh()?, "this is a refresh token").await
}
