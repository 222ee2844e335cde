//! Checks a token's signature with the keys that the user gave.
//!
//! The user decides which keys are tried, and a key decides which algorithms it serves; the token chooses among these only.

use aws_lc_rs::hmac;
use aws_lc_rs::signature::UnparsedPublicKey;
use serde::Serialize;

use super::algorithm::{Algorithm, Kind, Method};
use super::json::Json;
use super::key::{Key, Material};
use super::parts::{Parts, Payload};

/// The result of a check.
#[derive(Debug, Serialize)]
pub(super) struct Check {
    /// Whether the signature is valid; `None` if that cannot be checked.
    pub(super) holds: Option<bool>,
    /// The result in a sentence.
    pub(super) sentence: String,
    /// The keys that were considered, in the order of the file, up to the one that fits.
    pub(super) tried: Vec<Tried>,
}

/// A key, and what came of it. It contains no key material.
#[derive(Debug, Serialize)]
pub(super) struct Tried {
    pub(super) key: Option<&'static str>,
    pub(super) kid: Option<String>,
    pub(super) kty: String,
    pub(super) alg: Option<String>,
    pub(super) result: String,
}

const CONFUSION: &str = "not checked: the token asks for an HMAC, and the key is public. A server that takes the public key's text as the HMAC secret accepts every token that an attacker signs with that text: algorithm confusion (RFC 8725 §2.1). A server must decide the algorithm by its key, never by the token";
const OTHERS: &str = "it was made with another key, or the token was changed";

/// Checks a token with these keys.
pub(super) fn check(parts: &Parts, keys: &[Key]) -> Check {
    let without = |holds, sentence: String| Check { holds, sentence, tried: Vec::new() };
    if parts.is_encrypted() {
        return without(None, "not checked: the token is encrypted, and has no signature".to_owned());
    }
    let alg = parts.alg().unwrap_or_default();
    if alg.eq_ignore_ascii_case("none") {
        return without(Some(false), "not valid: `alg` says that there is no signature to check".to_owned());
    }
    let Ok(signature) = &parts.signature else {
        return without(Some(false), "not valid: the signature is not base64url".to_owned());
    };
    let Some(algorithm) = Algorithm::named(&alg) else {
        return without(None, "not checked: this command cannot check the algorithm of the token".to_owned());
    };
    let chosen = chosen(parts, keys);
    let mut tried = Vec::new();
    for key in &chosen {
        let result = with_key((&parts.signed, signature), &alg, algorithm, key);
        let holds = result.is_ok();
        let result = result.map_or_else(|reason| reason, |()| "the signature matches".to_owned());
        let (kid, kty, named) = (key.kid.clone(), key.kty.clone(), key.alg.clone());
        tried.push(Tried { key: key.origin, kid, kty, alg: named, result });
        if holds {
            return judged(parts, key, tried);
        }
    }
    let usable = |key: &&&Key| key.material.as_ref().is_ok_and(|key| key.kind() == algorithm.kind);
    let is_public = |key: &&Key| key.material.as_ref().is_ok_and(|key| key.kind() != Kind::Secret);
    let (holds, sentence) = match chosen.iter().filter(usable).count() {
        0 if algorithm.kind == Kind::Secret && chosen.iter().any(is_public) => (false, CONFUSION.to_owned()),
        0 => (false, format!("not checked: {alg} needs {}, and none was given", algorithm.kind.needed())),
        _ if parts.payload == Payload::Detached => {
            let sentence = "not checked: the token contains no payload, and the signature covers it";
            return Check { holds: None, sentence: sentence.to_owned(), tried };
        }
        1 if algorithm.kind == Kind::Secret => {
            (false, "not valid: it was made with another secret, or the token was changed".to_owned())
        }
        _ => (false, format!("not valid: {OTHERS}")),
    };
    Check { holds: Some(holds), sentence, tried }
}

/// The keys with the token's `kid`; all keys if it has none, or one that no key has.
fn chosen<'a>(parts: &Parts, keys: &'a [Key]) -> Vec<&'a Key> {
    let header = parts.whole_header();
    let named: Vec<&Key> = match header.get("kid") {
        Some(Json::String(kid)) => keys.iter().filter(|key| key.kid.as_ref() == Some(kid)).collect(),
        _ => Vec::new(),
    };
    if named.is_empty() { keys.iter().collect() } else { named }
}

/// Whether the signature of a text was made with this key; the error says why it is not valid, or why the key was not used.
fn with_key(
    (signed, signature): (&str, &[u8]),
    alg: &str,
    algorithm: Algorithm,
    key: &Key,
) -> Result<(), String> {
    let material = key.material.as_ref().map_err(|reason| format!("not used: {reason}"))?;
    let is_edwards = |alg: &str| matches!(alg, "EdDSA" | "Ed25519");
    if let Some(named) = &key.alg
        && named != alg
        && !(is_edwards(named) && is_edwards(alg))
    {
        return Err(format!("not used: its `alg` allows no other algorithm, and the token has {alg}"));
    }
    if material.kind() != algorithm.kind {
        return Err(format!("not used: {alg} needs {}", algorithm.kind.needed()));
    }
    let signed = signed.as_bytes();
    let matches = match (algorithm.method, material) {
        (Method::Hmac(algorithm), Material::Secret(secret)) => {
            hmac::verify(&hmac::Key::new(algorithm, secret), signed, signature).is_ok()
        }
        (Method::Public(algorithm), Material::Public(_, key)) => {
            UnparsedPublicKey::new(algorithm, key).verify(signed, signature).is_ok()
        }
        // The kinds are equal, so this cannot be reached; a wrong answer here would be a wrong refusal.
        _ => false,
    };
    match material {
        _ if matches => Ok(()),
        Material::Public(Kind::Rsa, der) if der.len() < RSA_2048_DER_BYTES => {
            Err("not used: it has fewer than 2048 bits (RFC 7518 §3.3)".to_owned())
        }
        _ => Err("the signature does not match".to_owned()),
    }
}

/// The least length of an RSA public key of 2048 bits in DER (RFC 8017 appendix A.1.1).
const RSA_2048_DER_BYTES: usize = 266;

/// The result for a signature that matches a key.
fn judged(parts: &Parts, key: &Key, tried: Vec<Tried>) -> Check {
    let not_strict = parts.flaws.iter().find(|(part, _)| *part == "signature");
    let (holds, sentence) = match (not_strict, &key.material) {
        (Some((_, flaw)), _) => {
            (false, format!("not valid: its bytes match the key, but {flaw}, which a strict server refuses"))
        }
        (None, Ok(Material::Secret(_))) => {
            (true, "valid: it was made with this secret, and no byte has changed since".to_owned())
        }
        _ => (true, "valid: the private key of this key made it, and no byte has changed since".to_owned()),
    };
    Check { holds: Some(holds), sentence, tried }
}
