//! The access token's key: one that the token brings along or names, or that an attacker guesses.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{JWT_ATTACK, real_token, refused};
use crate::{
    excerpt,
    jwt::{Parts, merged, signed},
    prelude::{Call, Check, Outcome, Stage, Verdict},
};

/// Keys that tutorials use and word lists contain.
const GUESSED: &str = "secret Secret password changeme change-me changeit jwt jwt-secret jwt_secret secretkey \
    secret-key supersecret super-secret your-256-bit-secret your-secret-key test dev development authlab admin qwerty";

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "access.embedded-key",
        title: "a key inside the token (jwk) is not trusted",
        gains: "Signs with their own key, and sends that key in the token.",
        read: "RFC 8725 §3.10, CVE-2018-0114",
        run: |stage| Box::pin(embedded_key(stage)),
        ..JWT_ATTACK
    },
    Check {
        id: "access.key-address",
        title: "a key URL in the token (jku, x5u) is not trusted, and the server does not fetch it",
        gains: "Signs with their own key, or makes the server send requests inside its network.",
        read: "RFC 8725 §3.10, OWASP A10:2021 (SSRF)",
        run: |stage| Box::pin(key_address(stage)),
        ..JWT_ATTACK
    },
    Check {
        id: "access.guessable-key",
        title: "the server does not sign tokens with an empty or guessable key",
        gains: "Tries a word list against one token, offline, and then writes tokens for any account.",
        read: "RFC 8725 §3.5, RFC 7518 §3.2",
        run: |stage| Box::pin(guessable_key(stage)),
        ..JWT_ATTACK
    },
];

async fn embedded_key(stage: &Stage) -> Verdict {
    let (_, parts) = real_token(stage).await?;
    let secret = b"0123456789abcdef0123456789abcdef";
    let octets = json!({"kty": "oct", "alg": "HS256", "k": BASE64_URL_SAFE_NO_PAD.encode(secret)});
    let forged = |header: Value| parts.forged(&header, &json!({}), secret);
    let hs256 = forged(json!({"alg": "HS256", "jwk": octets}));
    refused(stage, &hs256, "the token contains its own key (jwk, a secret)").await?;
    let without_kid = forged(json!({"alg": "HS256", "kid": null, "jwk": octets}));
    refused(stage, &without_kid, "the token contains its own key (jwk) and has no kid").await?;
    let Some(es256) = signed_with_own_curve_key(&parts) else { return Ok(()) };
    refused(stage, &es256, "the token contains its own key (jwk, on P-256)").await?;
    let chain = forged(json!({"x5c": ["MIIB"], "kid": null}));
    refused(stage, &chain, "the token contains its own certificate (x5c)").await
}

/// A token signed with a P-256 key generated here; `None` if this machine cannot generate one.
fn signed_with_own_curve_key(parts: &Parts) -> Option<String> {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?;
    // An uncompressed point: 0x04, then x and y (SEC 1 §2.3.3).
    let (x, y) = key.public_key().as_ref().get(1..65)?.split_at_checked(32)?;
    let [x, y] = [x, y].map(|coordinate| BASE64_URL_SAFE_NO_PAD.encode(coordinate));
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": x, "y": y});
    let header = merged(parts.header(), &json!({"alg": "ES256", "jwk": jwk}));
    Some(signed(&header, &parts.claims(), |input| {
        key.sign(&random, input).map(|signature| signature.as_ref().to_vec()).unwrap_or_default()
    }))
}

async fn key_address(stage: &Stage) -> Verdict {
    let (_, parts) = real_token(stage).await?;
    // Only a server on this machine can reach this port; for other servers, only the refusal is checked.
    let trap = if stage.target.is_loopback() { TcpListener::bind(("127.0.0.1", 0)).await.ok() } else { None };
    let port = trap.as_ref().and_then(|trap| trap.local_addr().ok()).map_or(9, |address| address.port());
    let address = format!("http://127.0.0.1:{port}/keys.json");
    for header in [
        json!({"jku": address, "kid": "theirs"}),
        json!({"x5u": address}),
        json!({"jku": address, "kid": null}),
    ] {
        let token = parts.forged(&header, &json!({}), b"theirs");
        let call = Call::get("/me").bearer(&token);
        let Some(trap) = &trap else {
            refused(stage, &token, "the token contains the URL of its key").await?;
            continue;
        };
        let called = tokio::select! {
            biased;
            called = trap.accept() => called.is_ok(),
            answer = stage.send(call.clone()) => {
                answer?.refused(401, "invalid_token", "the token contains the URL of its key")?;
                false
            }
        };
        if called {
            let expected = format!("no request to {address}");
            return Err(Outcome::failed(
                excerpt::request(&call),
                expected,
                "the server sent a request to it",
            ));
        }
    }
    Ok(())
}

async fn guessable_key(stage: &Stage) -> Verdict {
    let (person, parts) = real_token(stage).await?;
    let keys = ["", "\0", " "].into_iter().chain(GUESSED.split_whitespace()).map(str::as_bytes);
    for key in keys.chain([&[0; 32][..], &[0; 64]]) {
        let token = parts.forged(&json!({"alg": "HS256"}), &json!({}), key);
        refused(stage, &token, &format!("signed with the key {:?}", String::from_utf8_lossy(key))).await?;
    }
    stage.me(&person.held).await?.is_since(200, "the real token works on")
}
