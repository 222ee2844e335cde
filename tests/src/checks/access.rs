//! The access token: its content, and forgeries that a server accepts when it trusts what the token says about itself.
//!
//! The checker does not know the server's key. It forges tokens with guessable keys or its own, and tampers with real
//! tokens; tests that need a valid signature belong to the server.

pub(super) mod encoding;
pub(super) mod header;
pub(super) mod key;
pub(super) mod signature;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    jwt::Parts,
    prelude::{ATTACK, Call, Check, Feature, Person, RULE, SetUp, Stage, Verdict},
};

const JWT_RULE: Check = Check { needs: &[Feature::AccessJwt], ..RULE };
const JWT_ATTACK: Check = Check { needs: &[Feature::AccessJwt], ..ATTACK };

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "access.body",
        title: "login responds with {token_type: Bearer, access_token, expires_in, user_id}",
        gains: "A client cannot tell how to use the token, or for how long.",
        read: "RFC 6749 §5.1, contract: credentials",
        run: |stage| Box::pin(body(stage)),
        ..JWT_RULE
    },
    Check {
        id: "access.header",
        title: "the header has alg, kid and typ at+jwt, and nothing else",
        gains: "The server accepts a token made for another purpose as an access token.",
        read: "RFC 9068 §2.1, RFC 8725 §3.11",
        run: |stage| Box::pin(header(stage)),
        ..JWT_RULE
    },
    Check {
        id: "access.claims",
        title: "the token has exactly the claims of the contract",
        gains: "A token without exp never expires, one without aud is valid at every server, and its holder can read every additional claim.",
        read: "RFC 9068 §2.2, contract: access token",
        run: |stage| Box::pin(claims(stage)),
        ..JWT_RULE
    },
    Check {
        id: "access.jti-unique",
        title: "no two tokens have the same jti",
        gains: "A deny list by jti revokes another user's token too.",
        read: "RFC 7519 §4.1.7",
        run: |stage| Box::pin(jti_unique(stage)),
        ..JWT_RULE
    },
];

/// Signs up a user, as set-up, and returns them with their real token, split into parts.
async fn real_token(stage: &Stage) -> Verdict<(Person, Parts)> {
    expect_real_token(stage).await.in_set_up()
}

/// Like [`real_token`], and fails the check unless the token works and has the form of a JWT.
async fn expect_real_token(stage: &Stage) -> Verdict<(Person, Parts)> {
    let person = stage.sign_up().await?;
    let me = stage.me(&person.held).await?;
    me.is(200)?;
    let token = person.held.access()?.to_owned();
    let parts = Parts::of(&token)
        .ok_or_else(|| me.failed("an access token of three base64url parts, two of them JSON"))?;
    Ok((person, parts))
}

/// Expects that the server refuses the token with 401, whatever is wrong with it.
async fn refused(stage: &Stage, token: &str, why: &str) -> Verdict {
    stage.expect_refusal(Call::get("/me").bearer(token), 401, "invalid_token", why).await
}

async fn body(stage: &Stage) -> Verdict {
    let person = stage.sign_up().await?;
    let answer = stage.answered(person.logging_in("mobile"), 200).await?;
    answer.expect(answer.has("token_type", "Bearer"), "`token_type`: Bearer")?;
    answer.must_text("access_token")?;
    let claimed = stage.descriptor().access_ttl;
    let right = answer.lives_for("expires_in", claimed);
    answer.expect(right, format!("`expires_in` in seconds, as /lab states it: {claimed:?}"))?;
    let same = answer.has("user_id", &person.held.user_id);
    answer.expect(same, "the same `user_id` as at signup")?;
    let none = stage.claims(Feature::Refresh) || answer.text("refresh_token").is_none();
    answer.expect(none, "no `refresh_token`: `refresh` is not claimed")
}

async fn header(stage: &Stage) -> Verdict {
    let (person, parts) = expect_real_token(stage).await?;
    let (me, header) = (stage.me(&person.held).await?, parts.header());
    let text = |name: &str| header.get(name).and_then(Value::as_str).unwrap_or_default();
    let named = !text("alg").is_empty() && !text("alg").eq_ignore_ascii_case("none");
    me.expect(named, format!("a header whose `alg` is a signature algorithm; it is {header}"))?;
    me.expect(!text("kid").is_empty(), format!("a header with a `kid`; it is {header}"))?;
    me.expect(text("typ") == "at+jwt", format!("a header with `typ` at+jwt; it is {header}"))?;
    me.expect(members(&header).len() == 3, format!("a header with only alg, kid and typ; it is {header}"))
}

fn members(object: &Value) -> BTreeSet<String> {
    object.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default()
}

async fn claims(stage: &Stage) -> Verdict {
    let (person, parts) = expect_real_token(stage).await?;
    let (me, claims) = (stage.me(&person.held).await?, parts.claims());
    let mut named: BTreeSet<String> =
        ["iss", "aud", "sub", "iat", "exp", "jti", "email"].map(str::to_owned).into();
    if stage.claims(Feature::Refresh) {
        named.extend(["sid", "epoch"].map(str::to_owned));
    }
    me.expect(members(&claims) == named, format!("the claims {named:?}; they are {claims}"))?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    for name in ["iss", "jti"] {
        let given = text(name).is_some_and(|text| !text.is_empty());
        me.expect(given, format!("a non-empty string `{name}`; the claims are {claims}"))?;
    }
    let own = |name: &str, value: &str| text(name) == Some(value);
    me.expect(own("sub", &person.held.user_id), format!("`sub`, the user's id, in {claims}"))?;
    me.expect(own("email", &person.email), format!("`email`, the address, in {claims}"))?;
    let number = |name: &str| claims.get(name).and_then(Value::as_i64).unwrap_or_default();
    let lives = number("exp") - number("iat");
    let ttl = stage.descriptor().access_ttl.and_then(|ttl| i64::try_from(ttl).ok());
    let right = lives > 0 && ttl.is_none_or(|ttl| ttl == lives);
    me.expect(right, format!("`exp` {ttl:?} s after `iat`, both whole numbers; the claims are {claims}"))?;
    if stage.claims(Feature::Refresh) {
        let same = text("sid") == person.held.session_id.as_deref();
        me.expect(same, format!("`sid`, the session's id, in {claims}"))?;
        let epoch = claims.get("epoch").is_some_and(Value::is_u64);
        me.expect(epoch, format!("`epoch`, a whole number, in {claims}"))?;
    }
    Ok(())
}

async fn jti_unique(stage: &Stage) -> Verdict {
    let (person, first) = real_token(stage).await?;
    let held = stage.log_in(&person).await?;
    let me = stage.me(&held).await?;
    let (first, second) = (first.claims(), Parts::of(held.access()?).map(|parts| parts.claims()));
    let differs = second.is_some_and(|second| second.get("jti") != first.get("jti"));
    me.expect(differs, format!("a `jti` other than {:?}, which an earlier token has", first.get("jti")))
}
