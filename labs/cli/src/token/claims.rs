//! Explains the claims of a JWT (RFC 7519 §4.1).

use super::explain::Findings;
use super::json::{Json, Members};
use super::time::{self, Moment};

/// A copy of a token that works for longer is a concern.
const LONG_S: f64 = 24.0 * 60.0 * 60.0;

/// Claims with a meaning of their own.
const MEANINGS: [(&str, &str); 8] = [
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

/// Adds what there is to say about these claims; `now` is in seconds since the Unix epoch.
pub(super) fn explain(claims: &Members, now: u64, findings: &mut Findings) {
    #[expect(clippy::cast_precision_loss, reason = "exact until the year 285428751")]
    let now = now as f64;
    expiry(claims, now, findings);
    issue(claims, now, findings);
    beginning(claims, now, findings);
    for (name, meaning) in MEANINGS {
        match claims.get(name) {
            None => {}
            Some(value) => match wrong_type(name, value) {
                None => findings.say(name, meaning),
                Some(wrong) => findings.warn(name, wrong),
            },
        }
    }
    for name in ["iss", "aud", "sub"] {
        if !claims.has(name) {
            findings.warn(name, "is missing: a strict server refuses the token (RFC 9068 §2.2)");
        }
    }
}

/// How a claim's type differs from RFC 7519 §4.1.
fn wrong_type(name: &str, value: &Json) -> Option<String> {
    let is_text = matches!(value, Json::String(_));
    match (name, value) {
        ("iss" | "sub" | "jti", value) if !is_text => {
            Some(format!("is {}: it must be a string (RFC 7519 §4.1)", value.kind()))
        }
        ("aud", Json::Array(elements)) if elements.iter().all(|element| element.as_str().is_some()) => None,
        ("aud", Json::Array(_)) => {
            Some("is an array with other values than strings (RFC 7519 §4.1.3)".to_owned())
        }
        ("aud", value) if !is_text => {
            Some(format!("is {}: it must be a string or an array of strings (RFC 7519 §4.1.3)", value.kind()))
        }
        _ => None,
    }
}

fn expiry(claims: &Members, now: f64, findings: &mut Findings) {
    let Some(value) = claims.get("exp") else {
        return findings.warn("exp", "is missing: the token never expires, and no server can revoke it");
    };
    let Some(exp) = seconds("exp", value, findings) else { return };
    let (length, date) = (time::length(exp - now), time::in_parentheses(exp));
    // RFC 7519 §4.1.4: on or after this moment, the token must not be accepted.
    if exp > now {
        findings.say("exp", format!("expires in {length}{date}; a logout does not change that"));
    } else {
        findings.warn("exp", format!("expired {length} ago{date}"));
    }
    let Some(lifetime) = claims.get("iat").and_then(|iat| Some(exp - Moment::read(iat).seconds()?)) else {
        return;
    };
    if lifetime <= 0.0 {
        findings.warn("exp", "is not after `iat`: the token was never valid");
    } else if lifetime > LONG_S {
        findings
            .warn("exp", "a copy of the token works for longer than a day, and its owner cannot stop that");
    }
}

fn issue(claims: &Members, now: f64, findings: &mut Findings) {
    let Some(iat) = claims.get("iat").and_then(|value| seconds("iat", value, findings)) else { return };
    let (length, date) = (time::length(now - iat), time::in_parentheses(iat));
    if iat > now {
        return findings.warn("iat", format!("issued in the future: in {length}{date}"));
    }
    let exp = claims.get("exp").and_then(|exp| Moment::read(exp).seconds());
    let lifetime = exp.filter(|exp| *exp > iat).map(|exp| format!(", for {}", time::length(exp - iat)));
    findings.say("iat", format!("issued {length} ago{date}{}", lifetime.unwrap_or_default()));
}

fn beginning(claims: &Members, now: f64, findings: &mut Findings) {
    let Some(nbf) = claims.get("nbf").and_then(|value| seconds("nbf", value, findings)) else { return };
    let (length, date) = (time::length(nbf - now), time::in_parentheses(nbf));
    if nbf > now {
        findings.warn("nbf", format!("the token is not valid yet: in {length}{date}"));
    } else {
        findings.say("nbf", format!("valid since {length} ago{date}"));
    }
}

/// The seconds of a NumericDate; a claim that is none is a concern.
fn seconds(name: &str, value: &Json, findings: &mut Findings) -> Option<f64> {
    let wrong = match Moment::read(value) {
        Moment::Seconds(seconds) => return Some(seconds),
        Moment::Smaller(unit, seconds) => format!(
            "{} looks like {unit}: NumericDate counts seconds (RFC 7519 §2); in {unit} it is {}",
            value.one_line(),
            time::date(seconds).unwrap_or_default()
        ),
        Moment::OutOfRange => format!("{} is no date", kit::visible::excerpt(&value.one_line(), 40)),
        Moment::NotANumber(kind) => {
            format!(
                "is {kind}: it must be a number of seconds (RFC 7519 §2); a strict server refuses the token"
            )
        }
    };
    findings.warn(name, wrong);
    None
}
