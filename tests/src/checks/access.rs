//! The access token: its content, and forgeries that a server accepts when it trusts what the token says about itself.
//!
//! The checker does not know the server's key. It forges tokens with guessable keys or its own, and tampers with real
//! tokens; tests that need a valid signature belong to the server.

use std::collections::BTreeSet;

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{
    call::Call,
    check::{ATTACK, Check, RULE},
    descriptor::Feature,
    jwt::{Parts, encoded, merged, signed},
    outcome::{Outcome, Verdict},
    stage::{Person, Stage},
};

const JWT: &[Feature] = &[Feature::AccessJwt];

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "access.body",
        title: "login responds with {token_type: Bearer, access_token, expires_in, user_id}",
        gains: "A client cannot tell how to use the token, or for how long.",
        read: "RFC 6749 §5.1, contract: credentials",
        needs: JWT,
        run: |stage| Box::pin(body(stage)),
        ..RULE
    },
    Check {
        id: "access.header",
        title: "the header has alg, kid and typ at+jwt, and nothing else",
        gains: "The server accepts a token made for another purpose as an access token.",
        read: "RFC 9068 §2.1, RFC 8725 §3.11",
        needs: JWT,
        run: |stage| Box::pin(header(stage)),
        ..RULE
    },
    Check {
        id: "access.claims",
        title: "the token has exactly the claims of the contract",
        gains: "A token without exp never expires, one without aud is valid at every server, and its holder can read every additional claim.",
        read: "RFC 9068 §2.2, contract: access token",
        needs: JWT,
        run: |stage| Box::pin(claims(stage)),
        ..RULE
    },
    Check {
        id: "access.jti-unique",
        title: "no two tokens have the same jti",
        gains: "A deny list by jti revokes another user's token too.",
        read: "RFC 7519 §4.1.7",
        needs: JWT,
        run: |stage| Box::pin(jti_unique(stage)),
        ..RULE
    },
    Check {
        id: "access.alg-none",
        title: "alg none, in any spelling, is refused",
        gains: "Writes a token for any account, without a key.",
        read: "RFC 8725 §3.1, OWASP WSTG-SESS-10",
        needs: JWT,
        run: |stage| Box::pin(alg_none(stage)),
        ..ATTACK
    },
    Check {
        id: "access.alg-other",
        title: "a real token whose alg was changed is refused",
        gains: "Chooses the weakest algorithm that the library knows.",
        read: "RFC 8725 §3.1, §2.1",
        needs: JWT,
        run: |stage| {
            Box::pin(async move {
                header_changed(
                    stage,
                    &[
                        json!({"alg": "HS384"}),
                        json!({"alg": "HS512"}),
                        json!({"alg": "ES256"}),
                        json!({"alg": "RS256"}),
                        json!({"alg": "PS256"}),
                        json!({"alg": "EdDSA"}),
                        json!({"alg": "hs256"}),
                        json!({"alg": "HS256 "}),
                        json!({"alg": ""}),
                        json!({"alg": null}),
                        json!({"alg": ["HS256"]}),
                    ],
                )
                .await
            })
        },
        ..ATTACK
    },
    Check {
        id: "access.typ-other",
        title: "a real token whose typ was changed is refused",
        gains: "Uses a token that was made for another purpose as an access token.",
        read: "RFC 8725 §3.11, RFC 9068 §4",
        needs: JWT,
        run: |stage| {
            Box::pin(async move {
                header_changed(
                    stage,
                    &[
                        json!({"typ": "JWT"}),
                        json!({"typ": null}),
                        json!({"typ": "refresh"}),
                        json!({"typ": "rt+jwt"}),
                        json!({"typ": ""}),
                    ],
                )
                .await
            })
        },
        ..ATTACK
    },
    Check {
        id: "access.kid-odd",
        title: "a kid that is unknown, a path, SQL, NUL or huge is refused, and does no harm",
        gains: "Makes the server load its key from a file or query that the attacker chooses, such as the empty /dev/null.",
        read: "RFC 8725 §3.10, OWASP WSTG-SESS-10",
        needs: JWT,
        run: |stage| Box::pin(kid_odd(stage)),
        ..ATTACK
    },
    Check {
        id: "access.crit",
        title: "a token with crit, or with b64 false, is refused",
        gains: "The server ignores an extension that it does not know, and with it the restriction that the extension imposes.",
        read: "RFC 7515 §4.1.11, RFC 7797 §6",
        needs: JWT,
        run: |stage| {
            Box::pin(async move {
                header_changed(
                    stage,
                    &[
                        json!({"crit": ["x"], "x": 1}),
                        json!({"crit": []}),
                        json!({"b64": false, "crit": ["b64"]}),
                        json!({"b64": false}),
                    ],
                )
                .await
            })
        },
        ..ATTACK
    },
    Check {
        id: "access.embedded-key",
        title: "a key inside the token (jwk) is not trusted",
        gains: "Signs with their own key, and sends that key in the token.",
        read: "RFC 8725 §3.10, CVE-2018-0114",
        needs: JWT,
        run: |stage| Box::pin(embedded_key(stage)),
        ..ATTACK
    },
    Check {
        id: "access.key-address",
        title: "a key URL in the token (jku, x5u) is not trusted, and the server does not fetch it",
        gains: "Signs with their own key, or makes the server send requests inside its network.",
        read: "RFC 8725 §3.10, OWASP A10:2021 (SSRF)",
        needs: JWT,
        run: |stage| Box::pin(key_address(stage)),
        ..ATTACK
    },
    Check {
        id: "access.guessable-key",
        title: "the server does not sign tokens with an empty or guessable key",
        gains: "Tries a word list against one token, offline, and then writes tokens for any account.",
        read: "RFC 8725 §3.5, RFC 7518 §3.2",
        needs: JWT,
        run: |stage| Box::pin(guessable_key(stage)),
        ..ATTACK
    },
    Check {
        id: "access.claims-changed",
        title: "a real token whose claims were changed is refused",
        gains: "Writes another user's id or a later expiry into the token.",
        read: "RFC 7515 §5.2",
        needs: JWT,
        run: |stage| Box::pin(claims_changed(stage)),
        ..ATTACK
    },
    Check {
        id: "access.parts-exchanged",
        title: "a token combined from parts of two real tokens is refused",
        gains: "Combines another user's claims with their own signature.",
        read: "RFC 7515 §5.2",
        needs: JWT,
        run: |stage| Box::pin(parts_exchanged(stage)),
        ..ATTACK
    },
];

/// Signs up a user and returns them with their real token, split into parts.
pub(super) async fn real_token(stage: &Stage) -> Result<(Person, Parts), Box<Outcome>> {
    let person = stage.sign_up().await?;
    let me = stage.me(&person.held).await?;
    me.is(200)?;
    let token = person.held.access()?.to_owned();
    let parts = Parts::of(&token)
        .ok_or_else(|| me.failed("an access token of three base64url parts, two of them JSON"))?;
    Ok((person, parts))
}

/// Expects that the server refuses the token with 401, whatever is wrong with it.
pub(super) async fn refused(stage: &Stage, token: &str, why: &str) -> Verdict {
    let answer = stage.send(Call::get("/me").bearer(token)).await?;
    answer.refused(401, "invalid_token", why)?;
    Ok(())
}

async fn body(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let answer = stage.send(crate::stage::log_in(&person.email, &person.password, "mobile")).await?;
    answer.is(200)?;
    answer.expect(answer.text("token_type").as_deref() == Some("Bearer"), "`token_type`: Bearer")?;
    answer.must_text("access_token")?;
    let lives = answer.json().get("expires_in").and_then(Value::as_u64);
    let claimed = stage.descriptor().access_ttl;
    let right = lives.is_some_and(|lives| lives > 0 && claimed.is_none_or(|claimed| claimed == lives));
    answer.expect(right, format!("`expires_in` in seconds, as /lab states it: {claimed:?}"))?;
    answer.expect(
        answer.text("user_id").as_ref() == Some(&person.held.user_id),
        "the same `user_id` as at signup",
    )?;
    if !stage.claims(Feature::Refresh) {
        answer
            .expect(answer.text("refresh_token").is_none(), "no `refresh_token`: `refresh` is not claimed")?;
    }
    Ok(())
}

async fn header(stage: &Stage) -> Verdict {
    let (person, parts) = real_token(stage).await?;
    let (me, header) = (stage.me(&person.held).await?, parts.header());
    let text = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or_default();
    let named = !text("alg").is_empty() && !text("alg").eq_ignore_ascii_case("none");
    me.expect(named, format!("a header whose `alg` is a signature algorithm; it is {header}"))?;
    me.expect(!text("kid").is_empty(), format!("a header with a `kid`; it is {header}"))?;
    me.expect(text("typ") == "at+jwt", format!("a header with `typ` at+jwt; it is {header}"))?;
    me.expect(members(&header).len() == 3, format!("a header with only alg, kid and typ; it is {header}"))?;
    Ok(())
}

fn members(object: &Value) -> BTreeSet<String> {
    object.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default()
}

async fn claims(stage: &Stage) -> Verdict {
    let (person, parts) = real_token(stage).await?;
    let (me, claims) = (stage.me(&person.held).await?, parts.claims());
    let mut named: BTreeSet<String> =
        ["iss", "aud", "sub", "iat", "exp", "jti", "email"].map(str::to_owned).into();
    if stage.claims(Feature::Refresh) {
        named.extend(["sid", "epoch"].map(str::to_owned));
    }
    me.expect(members(&claims) == named, format!("the claims {named:?}; they are {claims}"))?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    for name in ["iss", "jti"] {
        me.expect(
            text(name).is_some_and(|text| !text.is_empty()),
            format!("a non-empty string `{name}`; the claims are {claims}"),
        )?;
    }
    me.expect(
        text("sub").as_ref() == Some(&person.held.user_id),
        format!("`sub`, the user's id, in {claims}"),
    )?;
    me.expect(text("email").as_ref() == Some(&person.email), format!("`email`, the address, in {claims}"))?;
    let number = |name: &str| claims.get(name).and_then(Value::as_i64).unwrap_or_default();
    let lives = number("exp") - number("iat");
    let ttl = stage.descriptor().access_ttl.and_then(|ttl| i64::try_from(ttl).ok());
    let right = lives > 0 && ttl.is_none_or(|ttl| ttl == lives);
    me.expect(right, format!("`exp` {ttl:?} s after `iat`, both whole numbers; the claims are {claims}"))?;
    if stage.claims(Feature::Refresh) {
        me.expect(text("sid") == person.held.session_id, format!("`sid`, the session's id, in {claims}"))?;
        let epoch = claims.get("epoch").is_some_and(Value::is_u64);
        me.expect(epoch, format!("`epoch`, a whole number, in {claims}"))?;
    }
    Ok(())
}

async fn jti_unique(stage: &Stage) -> Verdict {
    let (person, first) = real_token(stage).await?;
    let held = stage.log_in(&person).await?;
    let me = stage.me(&held).await?;
    let second = Parts::of(held.access()?).map(|parts| parts.claims());
    let differs = second.is_some_and(|second| second.get("jti") != first.claims().get("jti"));
    me.expect(
        differs,
        format!("a `jti` other than {:?}, which an earlier token has", first.claims().get("jti")),
    )?;
    Ok(())
}

async fn alg_none(stage: &Stage) -> Verdict {
    let (_, parts) = real_token(stage).await?;
    for alg in ["none", "None", "NONE", "nOnE", "none ", "\u{0}none"] {
        let header = encoded(&merged(parts.header(), &json!({"alg": alg})));
        let bare = encoded(&json!({"alg": alg}));
        for token in [
            format!("{header}.{}.", parts.payload),
            format!("{header}.{}.{}", parts.payload, parts.signature),
            format!("{bare}.{}.", parts.payload),
        ] {
            refused(stage, &token, &format!("a token with alg {alg:?} is not signed")).await?;
        }
    }
    Ok(())
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
    let kids = [
        "",
        "unknown",
        "../../../../dev/null",
        "/dev/null",
        "' UNION SELECT '' --",
        "\u{0}",
        "1\r\nDEL x",
        &long,
    ];
    for kid in
        kids.into_iter().map(|kid| json!({"kid": kid})).chain([json!({"kid": null}), json!({"kid": 1})])
    {
        for key in [&b""[..], b"\0"] {
            let token = parts.forged(&kid, &json!({}), key);
            // The long one makes the header too large for many proxies.
            let answer = stage.send(Call::get("/me").bearer(&token)).await?;
            let why = "the kid was chosen so that the key would be empty";
            stage.refused_here_or_before(&answer, 401, "invalid_token", why)?;
        }
        let answer = stage.send(Call::get("/me").bearer(&parts.with_header(&kid))).await?;
        stage.refused_here_or_before(&answer, 401, "invalid_token", "the kid was changed")?;
    }
    Ok(())
}

async fn embedded_key(stage: &Stage) -> Verdict {
    let (_, parts) = real_token(stage).await?;
    let secret = b"0123456789abcdef0123456789abcdef";
    let octets = json!({"kty": "oct", "alg": "HS256", "k": BASE64_URL_SAFE_NO_PAD.encode(secret)});
    let hs256 = parts.forged(&json!({"alg": "HS256", "jwk": octets}), &json!({}), secret);
    refused(stage, &hs256, "the token contains its own key (jwk, a secret)").await?;
    let without_kid = parts.forged(&json!({"alg": "HS256", "kid": null, "jwk": octets}), &json!({}), secret);
    refused(stage, &without_kid, "the token contains its own key (jwk) and has no kid").await?;
    let Some(es256) = signed_with_own_curve_key(&parts, |jwk| json!({"alg": "ES256", "jwk": jwk})) else {
        return Ok(());
    };
    refused(stage, &es256, "the token contains its own key (jwk, on P-256)").await?;
    let chain = parts.forged(&json!({"x5c": ["MIIB"], "kid": null}), &json!({}), secret);
    refused(stage, &chain, "the token contains its own certificate (x5c)").await
}

/// A token signed with a P-256 key generated here; `None` if this machine cannot generate one.
fn signed_with_own_curve_key(parts: &Parts, header: impl FnOnce(Value) -> Value) -> Option<String> {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).ok()?;
    // An uncompressed point: 0x04, then x and y (SEC 1 §2.3.3).
    let (x, y) = key.public_key().as_ref().get(1..65)?.split_at_checked(32)?;
    let coordinate = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": coordinate(x), "y": coordinate(y)});
    let header = merged(parts.header(), &header(jwk));
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
            return Err(Box::new(Outcome::Failed {
                sent: crate::excerpt::request(&call),
                expected: format!("no request to {address}"),
                received: "the server sent a request to it".to_owned(),
            }));
        }
    }
    Ok(())
}

async fn guessable_key(stage: &Stage) -> Verdict {
    const WORDS: [&str; 24] = [
        "",
        "\0",
        " ",
        "secret",
        "Secret",
        "password",
        "changeme",
        "change-me",
        "changeit",
        "jwt",
        "jwt-secret",
        "jwt_secret",
        "secretkey",
        "secret-key",
        "supersecret",
        "super-secret",
        "your-256-bit-secret",
        "your-secret-key",
        "test",
        "dev",
        "development",
        "authlab",
        "admin",
        "qwerty",
    ];
    let (person, parts) = real_token(stage).await?;
    let zeros = [0_u8; 64];
    let keys = WORDS
        .iter()
        .map(|word| word.as_bytes())
        .chain([zeros.get(..32), Some(&zeros[..])].into_iter().flatten());
    for key in keys {
        let token = parts.forged(&json!({"alg": "HS256"}), &json!({}), key);
        refused(stage, &token, &format!("signed with the key {:?}", String::from_utf8_lossy(key))).await?;
    }
    stage.me(&person.held).await?.is_since(200, "the real token works on")?;
    Ok(())
}

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
        let unchanged = Some(token.as_str()) == person.held.access.as_deref();
        if !unchanged {
            refused(stage, &token, &format!("the claims were changed: {change}")).await?;
        }
    }
    Ok(())
}

async fn parts_exchanged(stage: &Stage) -> Verdict {
    let ((_, one), (_, other)) = (real_token(stage).await?, real_token(stage).await?);
    for token in [
        format!("{}.{}.{}", one.header, other.payload, one.signature),
        format!("{}.{}.{}", one.header, one.payload, other.signature),
        format!("{}.{}.{}", one.payload, one.header, one.signature),
    ] {
        refused(stage, &token, "its parts are of two tokens, or in another order").await?;
    }
    Ok(())
}
