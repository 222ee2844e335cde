//! Explains a token, and marks what a careful server would refuse.

use serde::Serialize;

use super::algorithm::{Algorithm, Kind, OTHER_SIGNATURES};
use super::claims;
use super::json::{Json, Members};
use super::parts::{Parts, Payload};

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
    for (part, flaw) in &parts.flaws {
        findings.warn(part, format!("{flaw}: RFC 7515 §2 requires base64url without padding"));
    }
    signature(parts, &mut findings);
    header(parts, &mut findings);
    duplicates("header", &parts.header, &mut findings);
    match &parts.payload {
        Payload::Claims(members) => {
            duplicates("claims", members, &mut findings);
            claims::explain(members, now, &mut findings);
        }
        Payload::Json(json) => {
            let text = format!("is {}: the claims of a JWT are an object (RFC 7519 §7.2)", json.kind());
            findings.warn("payload", text);
        }
        Payload::Text(_) | Payload::Bytes(_) => {
            findings.say("payload", "is not JSON: this is a JWS, which can sign anything, and no JWT");
        }
        Payload::Detached => {
            findings.say(
                "payload",
                "is not in the token: its recipient gets it separately (RFC 7515 appendix F)",
            );
        }
        Payload::Encrypted(bytes) => {
            let text =
                format!("is encrypted ({bytes} bytes): only a holder of the key can read it (RFC 7516)");
            findings.say("payload", text);
        }
    }
    findings.0
}

pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn say(&mut self, about: &str, text: impl Into<String>) {
        self.0.push(Finding { about: about.to_owned(), text: text.into(), concern: false });
    }

    pub(super) fn warn(&mut self, about: &str, text: impl Into<String>) {
        self.0.push(Finding { about: about.to_owned(), text: text.into(), concern: true });
    }
}

/// A value from the token, safe and short enough to print.
fn shown(value: &Json) -> String {
    kit::visible::excerpt(value.as_str().unwrap_or(&value.one_line()), 60)
}

fn signature(parts: &Parts, findings: &mut Findings) {
    let alg = parts.alg().unwrap_or_default();
    let expected = Algorithm::named(&alg).and_then(|algorithm| algorithm.signature_bytes);
    match (&parts.signature, expected) {
        (Err(reason), _) => {
            findings
                .warn("signature", format!("is not base64url ({reason}): it may be cut off, or replaced"));
        }
        (Ok(signature), Some(expected)) if signature.len() != expected => {
            let text = format!(
                "has {} bytes, and {alg} makes {expected}: it may be cut off, or in another format",
                signature.len()
            );
            findings.warn("signature", text);
        }
        _ => {}
    }
}

fn header(parts: &Parts, findings: &mut Findings) {
    let header = parts.whole_header();
    algorithm(parts, &header, findings);
    kind(&header, findings);
    match header.get("kid") {
        None => {}
        Some(kid @ Json::String(_)) => findings.say(
            "kid",
            format!(
                "{}: names the issuer's key to check with; look it up, and never open it as a file or a URL",
                shown(kid)
            ),
        ),
        Some(other) => {
            findings.warn("kid", format!("is {}: it must be a string (RFC 7515 §4.1.4)", other.kind()))
        }
    }
    if let Some(enc) = header.get("enc") {
        findings.say("enc", format!("{}: how the payload is encrypted (RFC 7516 §4.1.2)", shown(enc)));
    }
    for name in ["jwk", "jku", "x5u", "x5c"] {
        if header.has(name) {
            findings.warn(name, "contains or points to the key to check with: ignore it (RFC 8725 §3.10)");
        }
    }
    if header.has("crit") {
        findings.warn(
            "crit",
            "names extensions that the server must understand: refuse the token if one is unknown (RFC 7515 §4.1.11)",
        );
    }
    if header.get("b64") == Some(&Json::Word("false")) {
        findings.warn(
            "b64",
            "the payload is signed without being encoded: refuse the token unless the server expects that (RFC 7797)",
        );
    }
    if !parts.unprotected.is_empty() {
        let names: Vec<_> =
            parts.unprotected.iter().map(|(name, _)| kit::visible::excerpt(name, 20)).collect();
        let text = format!("the signature does not cover {}: anyone can change it", names.join(", "));
        findings.warn("header", text);
    }
}

fn algorithm(parts: &Parts, header: &Members, findings: &mut Findings) {
    let alg = match header.get("alg") {
        None => return findings.warn("alg", "is missing: a server cannot know how to check the signature"),
        Some(Json::String(alg)) => alg,
        Some(other) => {
            return findings
                .warn("alg", format!("is {}: it must be a string (RFC 7515 §4.1.1)", other.kind()));
        }
    };
    let told = kit::visible::excerpt(alg, 60);
    if parts.is_encrypted() {
        return findings
            .say("alg", format!("{told}: says how the key of the encryption is transported or agreed on"));
    }
    if alg.eq_ignore_ascii_case("none") {
        return findings
            .warn("alg", "says that the token needs no signature: never accept it (RFC 8725 §3.2)");
    }
    match Algorithm::named(alg).map(|algorithm| algorithm.kind) {
        Some(Kind::Secret) => findings.say(
            "alg",
            format!("{told}: one secret signs and checks, so every party that can check can also sign"),
        ),
        Some(_) => findings.say("alg", format!("{told}: a private key signs, its public key checks")),
        None if OTHER_SIGNATURES.contains(&alg.as_str()) => findings.say(
            "alg",
            format!("{told}: a private key signs, its public key checks; this command cannot check it"),
        ),
        None => findings.warn(
            "alg",
            format!(
                "{told}: is not a registered signature algorithm (names are case-sensitive): refuse the token"
            ),
        ),
    }
}

/// Explains `typ`, which is compared without case and without its prefix `application/` (RFC 7515 §4.1.9).
fn kind(header: &Members, findings: &mut Findings) {
    let (value, typ) = match header.get("typ") {
        None => return findings.say("typ", "is missing: the token does not say what it is for"),
        Some(value @ Json::String(typ)) => (value, typ.to_ascii_lowercase()),
        Some(other) => {
            return findings
                .warn("typ", format!("is {}: it must be a string (RFC 7515 §4.1.9)", other.kind()));
        }
    };
    let told = shown(value);
    let text = match typ.strip_prefix("application/").unwrap_or(&typ) {
        "at+jwt" => "an access token, and no other kind of token (RFC 9068 §2.1)",
        "logout+jwt" => "a message that a session has ended (OpenID Connect Back-Channel Logout §2.4)",
        "dpop+jwt" => "a proof that the client has a key (RFC 9449 §4.2)",
        "secevent+jwt" => "a message about a security event (RFC 8417 §2.3)",
        "jwt" | "jose" | "jose+json" => "does not say what the token is for",
        _ => "names the kind of token: a server accepts the kind that it expects only (RFC 8725 §3.11)",
    };
    findings.say("typ", format!("{told}: {text}"));
}

fn duplicates(part: &str, members: &Members, findings: &mut Findings) {
    for (name, values) in members.duplicates() {
        let values: Vec<_> =
            values.iter().map(|value| kit::visible::excerpt(&value.one_line(), 60)).collect();
        findings.warn(
            &kit::visible::excerpt(&name, 60),
            format!(
                "occurs {} times in the {part}: {}; two servers can read different values (RFC 8725 §2.4)",
                values.len(),
                values.join(", ")
            ),
        );
    }
}

#[cfg(test)]
mod tests;
