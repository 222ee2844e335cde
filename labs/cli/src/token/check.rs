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
    /// Whether the signature was checked with it.
    pub(super) used: bool,
    pub(super) result: String,
}

impl Tried {
    fn new(key: &Key, outcome: Outcome) -> Self {
        let (used, result) = match outcome {
            Outcome::Matches => (true, "the signature matches".to_owned()),
            Outcome::Differs => (true, "the signature does not match".to_owned()),
            Outcome::NotUsed(reason) => (false, format!("not used: {reason}")),
        };
        let (kid, kty, alg) = (key.kid.clone(), key.kty.clone(), key.alg.clone());
        Self { key: key.origin, kid, kty, alg, used, result }
    }
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
    if parts.is_unsecured() {
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
        let outcome = with_key((&parts.signed, signature), &alg, algorithm, key);
        let holds = outcome == Outcome::Matches;
        tried.push(Tried::new(key, outcome));
        if holds {
            return judged(parts, key, tried);
        }
    }
    let is_public = |key: &&Key| key.material.as_ref().is_ok_and(|key| key.kind() != Kind::Secret);
    let (holds, sentence) = match tried.iter().filter(|tried| tried.used).count() {
        0 if algorithm.kind == Kind::Secret && chosen.iter().any(is_public) => (false, CONFUSION.to_owned()),
        0 => (
            false,
            format!(
                "not checked: {alg} needs {}, and none that may be used was given",
                algorithm.kind.needed()
            ),
        ),
        _ if parts.payload == Payload::Detached => {
            let sentence = "not checked: the signature covers a payload that is not in the token; give it with --payload FILE";
            return without(None, sentence.to_owned());
        }
        _ if algorithm.kind == Kind::Secret => {
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

/// What came of a key.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Matches,
    Differs,
    /// The key may not or cannot be used, with the reason.
    NotUsed(String),
}

/// Whether the signature of a text was made with this key.
fn with_key((signed, signature): (&[u8], &[u8]), alg: &str, algorithm: Algorithm, key: &Key) -> Outcome {
    let material = match &key.material {
        Ok(material) => material,
        Err(reason) => return Outcome::NotUsed(reason.clone()),
    };
    let is_edwards = |alg: &str| matches!(alg, "EdDSA" | "Ed25519");
    if let Some(named) = &key.alg
        && named != alg
        && !(is_edwards(named) && is_edwards(alg))
    {
        return Outcome::NotUsed(format!("its `alg` is another than the token's, {alg}"));
    }
    let matches = match (algorithm.method, material) {
        (Method::Hmac(algorithm), Material::Secret(secret)) => {
            hmac::verify(&hmac::Key::new(algorithm, secret), signed, signature).is_ok()
        }
        (Method::Public(method), Material::Public(kind, key)) if *kind == algorithm.kind => {
            UnparsedPublicKey::new(method, key).verify(signed, signature).is_ok()
        }
        _ => return Outcome::NotUsed(format!("{alg} needs {}", algorithm.kind.needed())),
    };
    match material {
        _ if matches => Outcome::Matches,
        Material::Public(Kind::Rsa, der) if der.len() < RSA_2048_DER_BYTES => {
            Outcome::NotUsed("it has fewer than 2048 bits (RFC 7518 §3.3)".to_owned())
        }
        _ => Outcome::Differs,
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
        _ => {
            (true, "valid: it was made with this key's private key, and no byte has changed since".to_owned())
        }
    };
    Check { holds: Some(holds), sentence, tried }
}
