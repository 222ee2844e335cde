//! Explains a token's header and claims, and marks what a careful server would refuse.

use serde::Serialize;
use serde_json::{Map, Value};

use super::parts::Parts;

/// One sentence about one claim or header field.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// The claim or header field.
    pub(super) about: String,
    /// The sentence.
    pub(super) text: String,
    /// Whether a careful server would refuse the token for this.
    pub(super) concern: bool,
}

/// All findings about a token; `now` is in seconds since the Unix epoch.
pub(super) fn token(parts: &Parts, now: u64) -> Vec<Finding> {
    let mut findings = Findings(Vec::new());
    header(&parts.header, &mut findings);
    claims(&parts.claims, now, &mut findings);
    findings.0
}

struct Findings(Vec<Finding>);

impl Findings {
    fn say(&mut self, about: &str, text: impl Into<String>) {
        self.0.push(Finding { about: about.to_owned(), text: text.into(), concern: false });
    }

    fn warn(&mut self, about: &str, text: impl Into<String>) {
        self.0.push(Finding { about: about.to_owned(), text: text.into(), concern: true });
    }
}

fn header(header: &Map<String, Value>, findings: &mut Findings) {
    match header.get("alg").and_then(Value::as_str) {
        Some(alg) if alg.eq_ignore_ascii_case("none") => {
            findings.warn("alg", "says that the token needs no signature: never accept it (RFC 8725 §3.2)");
        }
        Some(alg @ ("HS256" | "HS384" | "HS512")) => {
            findings.say(
                "alg",
                format!("{alg}: one secret signs and checks, so every party that can check can also sign"),
            );
        }
        Some(alg) => findings.say("alg", format!("{alg}: a private key signs, its public key checks")),
        None => findings.warn("alg", "is missing: a server cannot know how to check the signature"),
    }
    match header.get("typ").and_then(Value::as_str) {
        Some("at+jwt") => {
            findings.say("typ", "at+jwt: an access token, and no other kind of token (RFC 9068 §2.1)")
        }
        Some(typ) => findings.say("typ", format!("{typ}: does not say what the token is for")),
        None => findings.say("typ", "is missing: the token does not say what it is for"),
    }
    if let Some(kid) = header.get("kid") {
        findings.say(
            "kid",
            format!("{kid}: names the issuer's key to check with; look it up, and never open it as a file or a URL"),
        );
    }
    for name in ["jwk", "jku", "x5u", "x5c"] {
        if header.contains_key(name) {
            findings.warn(name, "contains or points to the key to check with: ignore it (RFC 8725 §3.10)");
        }
    }
    if header.contains_key("crit") {
        findings.warn(
            "crit",
            "names extensions that the server must understand: refuse the token if one is unknown (RFC 7515 §4.1.11)",
        );
    }
}

fn claims(claims: &Map<String, Value>, now: u64, findings: &mut Findings) {
    lifetime(claims, now, findings);
    let meaning = [
        ("iss", "who issued it (RFC 7519 §4.1.1)"),
        ("aud", "who it is for; every other recipient must refuse it (§4.1.3)"),
        ("sub", "who it is about (§4.1.2)"),
        ("jti", "the id of the token (§4.1.7)"),
        ("sid", "the session that the token belongs to"),
        (
            "epoch",
            "the account's epoch when the token was issued; a server that knows a higher one refuses the token",
        ),
        ("email", "personal data that every holder of the token can read"),
        ("scope", "what its bearer may do (RFC 9068 §2.2.3)"),
    ];
    for (name, meaning) in meaning {
        if claims.contains_key(name) {
            findings.say(name, meaning);
        }
    }
    for name in ["iss", "aud", "sub"] {
        if !claims.contains_key(name) {
            findings.warn(name, "is missing: a strict server refuses the token (RFC 9068 §2.2)");
        }
    }
}

fn lifetime(claims: &Map<String, Value>, now: u64, findings: &mut Findings) {
    match claims.get("exp").map(Value::as_u64) {
        None => findings.warn("exp", "is missing: the token never expires, and no server can revoke it"),
        Some(None) => {
            findings.warn("exp", "is not a whole number of seconds: a strict server refuses the token")
        }
        Some(Some(exp)) if exp > now => {
            findings.say(
                "exp",
                format!("valid for another {}; a logout does not change that", length(exp - now)),
            );
        }
        Some(Some(exp)) => findings.warn("exp", format!("expired {} ago", length(now - exp))),
    }
    if let (Some(iat), Some(exp)) =
        (claims.get("iat").and_then(Value::as_u64), claims.get("exp").and_then(Value::as_u64))
    {
        let lifetime = exp.saturating_sub(iat);
        findings
            .say("iat", format!("issued {} ago for {}", length(now.saturating_sub(iat)), length(lifetime)));
        if lifetime > 24 * 60 * 60 {
            findings.warn(
                "exp",
                "a copy of the token works for longer than a day, and its owner cannot stop that",
            );
        }
    }
    if claims.get("nbf").and_then(Value::as_u64).is_some_and(|nbf| nbf > now) {
        findings.warn("nbf", "the token is not valid yet");
    }
}

fn length(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn concerns(header: Value, claims: Value) -> Vec<String> {
        let object = |value: Value| value.as_object().unwrap().clone();
        let parts = Parts {
            header: object(header),
            claims: object(claims),
            signed: String::new(),
            signature: String::new(),
            signature_bytes: 0,
        };
        token(&parts, 1_000)
            .into_iter()
            .filter(|finding| finding.concern)
            .map(|finding| finding.about)
            .collect()
    }

    #[test]
    fn a_good_access_token_raises_no_concern() {
        let claims = json!({ "iss": "i", "aud": "a", "sub": "s", "iat": 900, "exp": 1_800 });
        assert_eq!(concerns(json!({ "alg": "HS256", "typ": "at+jwt" }), claims), Vec::<String>::new());
    }

    #[test]
    fn a_token_without_end_or_signature_or_audience_raises_each_concern() {
        assert_eq!(concerns(json!({ "alg": "nOnE" }), json!({})), ["alg", "exp", "iss", "aud", "sub"]);
        let month = json!({ "iss": "i", "aud": "a", "sub": "s", "iat": 900, "exp": 2_592_900 });
        assert_eq!(concerns(json!({ "alg": "HS256" }), month), ["exp"]);
    }
}
