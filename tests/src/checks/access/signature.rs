//! The access token's signature: it must fit every bit of the header and the claims, and be compared as a whole.

use serde_json::json;

use super::{JWT_ATTACK, real_token, refused};
use crate::{
    jwt::{flipped, joined},
    prelude::{Check, Stage, Verdict},
};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "access.claims-changed",
        title: "a real token whose claims were changed is refused",
        gains: "Writes another user's id or a later expiry into the token.",
        read: "RFC 7515 §5.2",
        run: |stage| Box::pin(claims_changed(stage)),
        ..JWT_ATTACK
    },
    Check {
        id: "access.parts-exchanged",
        title: "a token combined from parts of two real tokens is refused",
        gains: "Combines another user's claims with their own signature.",
        read: "RFC 7515 §5.2",
        run: |stage| Box::pin(parts_exchanged(stage)),
        ..JWT_ATTACK
    },
    Check {
        id: "access.signature-missing",
        title: "an empty, cut or doubled signature is refused",
        gains: "Sends no signature: a comparison that stops at the end of the shorter text accepts that.",
        read: "RFC 7515 §5.2, RFC 7518 §3.2",
        run: |stage| Box::pin(signature_missing(stage)),
        ..JWT_ATTACK
    },
    Check {
        id: "access.signature-bits",
        title: "a signature with any one bit changed is refused",
        gains: "Guesses a signature of which the server compares only a part.",
        read: "RFC 7515 §5.2",
        run: |stage| Box::pin(signature_bits(stage)),
        ..JWT_ATTACK
    },
    Check {
        id: "access.every-character",
        title: "a token with any one character of header or claims changed is refused",
        gains: "Rewrites the parts of the token that the signature does not cover.",
        read: "RFC 7515 §5.2",
        run: |stage| Box::pin(every_character(stage)),
        ..JWT_ATTACK
    },
];

async fn claims_changed(stage: &Stage) -> Verdict {
    let (person, parts) = real_token(stage).await?;
    let victim = stage.sign_up().await?;
    for change in [
        json!({"sub": victim.held.user_id}),
        json!({"email": victim.email}),
        json!({"exp": 4_102_444_800_u64}),
        json!({"exp": null}),
        json!({"aud": "*"}),
        json!({"iss": null}),
        json!({"role": "admin"}),
        json!({}),
    ] {
        // An empty change encodes the same claims with another order of members: the bytes differ, so the signature is
        // wrong.
        let token = parts.with_claims(&change);
        if person.held.access.as_ref() != Some(&token) {
            refused(stage, &token, &format!("the claims were changed: {change}")).await?;
        }
    }
    Ok(())
}

async fn parts_exchanged(stage: &Stage) -> Verdict {
    let ((_, one), (_, other)) = (real_token(stage).await?, real_token(stage).await?);
    for token in [
        joined(&one.header, &other.payload, &one.signature),
        joined(&one.header, &one.payload, &other.signature),
        joined(&one.payload, &one.header, &one.signature),
    ] {
        refused(stage, &token, "its parts are of two tokens, or in another order").await?;
    }
    Ok(())
}

async fn signature_missing(stage: &Stage) -> Verdict {
    let (_, parts) = real_token(stage).await?;
    let signature = parts.signature_bytes();
    let first = |bytes: usize| signature.get(..bytes).unwrap_or_default().to_vec();
    for (wrong, why) in [
        (Vec::new(), "the signature is empty"),
        (first(1), "the signature is one byte"),
        (first(signature.len() / 2), "the signature is half as long"),
        (first(signature.len().saturating_sub(1)), "the signature lacks its last byte"),
        ([&signature[..], &[0]].concat(), "the signature has an extra byte"),
        (signature.repeat(2), "the signature is doubled"),
        (vec![0; signature.len()], "the signature consists of zeros"),
    ] {
        refused(stage, &parts.with_signature(&wrong), why).await?;
    }
    Ok(())
}

async fn signature_bits(stage: &Stage) -> Verdict {
    let (person, parts) = real_token(stage).await?;
    let signature = parts.signature_bytes();
    let bits = signature.len() * 8;
    // Every bit of an HMAC; for the longer signatures of other algorithms, 256 bits spread over them.
    for bit in (0..bits).step_by((bits / 256).max(1)) {
        let mut changed = signature.clone();
        if let Some(byte) = changed.get_mut(bit / 8) {
            *byte ^= 1 << (bit % 8);
        }
        let why = format!("bit {bit} of the signature was changed");
        refused(stage, &parts.with_signature(&changed), &why).await?;
    }
    stage.me(&person.held).await?.is_since(200, "this is the real token")
}

async fn every_character(stage: &Stage) -> Verdict {
    let (person, parts) = real_token(stage).await?;
    let token = person.held.access()?;
    let signed = parts.header.len() + 1 + parts.payload.len();
    for index in 0..signed {
        if let Some(changed) = flipped(token, index, 1 << (index % 6)) {
            refused(stage, &changed, &format!("character {index} was changed")).await?;
        }
    }
    Ok(())
}
