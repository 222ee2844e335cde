//! Secrets as JSON Web Keys (RFC 7517), which state what they may be used for; this module enforces it.
//!
//! If one secret serves two purposes, an attacker can present what was signed for one as signed for the other.
//! `number=secret` cannot express a secret's purpose. A JWK can, with `use` and `key_ops`, but these are useless unless
//! software refuses keys by them: `jsonwebtoken` makes a key of any JWK whose `k` can be read. So this module checks them
//! when it reads a key, and an accepted key can be used for HS256 only.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::Deserialize;
use serde::de::Deserializer;

/// The shortest accepted key, in bytes: the output size of SHA-256, as RFC 7518 §3.2 requires for HS256.
pub const MIN_KEY_BYTES: usize = 32;

/// A secret that may check HS256 tokens, and sign them if it says so.
#[derive(Clone, Debug)]
pub struct HmacKey {
    /// The key's id, by which tokens refer to it (RFC 7517 §4.5).
    pub kid: Option<String>,
    /// Whether the key may also sign.
    pub signs: bool,
    secret: SecretSlice<u8>,
}

/// Why a key is refused. No message contains a secret or any other text of the key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum JwkError {
    /// The text is not a JSON object with members of the right types, or a member occurs twice.
    #[error("it cannot be parsed as a JSON Web Key")]
    Unreadable,
    /// The `kty` is wrong (RFC 7517 §4.1).
    #[error("its `kty` is not `oct`, and HS256 needs a secret")]
    Type,
    /// The `alg` is wrong (RFC 7517 §4.4).
    #[error("its `alg` is not HS256")]
    Algorithm,
    /// The `use` is wrong (RFC 7517 §4.2).
    #[error("its `use` is not `sig`")]
    Use,
    /// The `key_ops` are wrong (RFC 7517 §4.3).
    #[error("its `key_ops` are not `verify`, or `sign` and `verify`")]
    Operations,
    /// The `k` is missing or cannot be decoded (RFC 7518 §6.4.1).
    #[error("its `k` is missing, or is not base64url without padding")]
    Secret,
    /// The secret is short enough to be guessed.
    #[error("its `k` is shorter than 32 bytes")]
    Short,
}

impl HmacKey {
    /// The secret itself, for the code that checks or signs with it.
    pub fn expose_bytes(&self) -> &[u8] {
        self.secret.expose_secret()
    }

    pub(crate) fn into_secret(self) -> SecretSlice<u8> {
        self.secret
    }
}

impl FromStr for HmacKey {
    type Err = JwkError;

    fn from_str(text: &str) -> Result<Self, JwkError> {
        // The parser's own message may quote what it read, so it is not passed on.
        serde_json::from_str::<Jwk>(text).or(Err(JwkError::Unreadable))?.judged()
    }
}

/// The keys of a JWK Set (RFC 7517 §5), each checked. A key that cannot be used is reported and not skipped, because the
/// operator who configured it meant it to be used.
pub(crate) fn set(text: &str) -> Result<Vec<Result<HmacKey, JwkError>>, JwkError> {
    let Set { keys } = serde_json::from_str(text).or(Err(JwkError::Unreadable))?;
    Ok(keys.into_iter().map(Jwk::judged).collect())
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Jwk>,
}

/// The members that matter here; others are ignored (RFC 7517 §4).
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(default, deserialize_with = "not_null")]
    kid: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    alg: Option<String>,
    #[serde(default, rename = "use", deserialize_with = "not_null")]
    purpose: Option<String>,
    #[serde(default, deserialize_with = "not_null")]
    key_ops: Option<Vec<String>>,
    #[serde(default, deserialize_with = "not_null")]
    k: Option<String>,
}

impl Jwk {
    fn judged(self) -> Result<HmacKey, JwkError> {
        let encoded = self.k.map(SecretString::from);
        if self.kty != "oct" {
            return Err(JwkError::Type);
        }
        if self.alg.is_some_and(|alg| alg != "HS256") {
            return Err(JwkError::Algorithm);
        }
        if self.purpose.is_some_and(|purpose| purpose != "sig") {
            return Err(JwkError::Use);
        }
        let signs = self.key_ops.map_or(Ok(true), |operations| signs(&operations))?;
        let encoded = encoded.ok_or(JwkError::Secret)?;
        let secret = URL_SAFE_NO_PAD.decode(encoded.expose_secret()).or(Err(JwkError::Secret))?;
        if secret.len() < MIN_KEY_BYTES {
            return Err(JwkError::Short);
        }
        Ok(HmacKey { kid: self.kid, signs, secret: secret.into() })
    }
}

/// Whether a key with these operations may sign; an error if it may not check. By RFC 7517 §4.3, no operation may occur
/// twice, and one key should not have unrelated operations; here such a key is refused.
fn signs(operations: &[String]) -> Result<bool, JwkError> {
    let count = |asked: &str| operations.iter().filter(|operation| *operation == asked).count();
    match (count("verify"), count("sign")) {
        (1, signing @ 0..=1) if operations.len() == 1 + signing => Ok(signing == 1),
        _ => Err(JwkError::Operations),
    }
}

/// Requires a value for a member that is present: `"use": null` has the wrong type and does not mean any use.
fn not_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::jws;

    const SECRET: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

    /// The simplest accepted key, with one member set to another value.
    fn with(member: &str, value: Value) -> Result<HmacKey, JwkError> {
        let mut jwk = json!({"kty": "oct", "k": SECRET});
        jwk[member] = value;
        jwk.to_string().parse()
    }

    #[test]
    fn a_key_that_says_nothing_of_its_purpose_signs_and_checks() {
        let key = with("kid", json!("7")).unwrap();
        assert_eq!((key.kid.as_deref(), key.signs), (Some("7"), true));
        assert_eq!(key.expose_bytes(), b"0123456789abcdef0123456789abcdef");
        assert_eq!(with("unknown", json!([1])).unwrap().kid, None);
    }

    #[test]
    fn a_key_for_signatures_is_taken_and_one_for_encryption_is_refused() {
        assert!(with("use", json!("sig")).unwrap().signs);
        for other in ["enc", "SIG", "sig ", ""] {
            assert_eq!(with("use", json!(other)).unwrap_err(), JwkError::Use, "{other}");
        }
    }

    #[test]
    fn a_key_that_may_not_verify_is_refused_whatever_else_it_may() {
        assert!(!with("key_ops", json!(["verify"])).unwrap().signs);
        assert!(with("key_ops", json!(["verify", "sign"])).unwrap().signs);
        assert!(with("key_ops", json!(["sign", "verify"])).unwrap().signs);
        let refused = [
            json!([]),
            json!(["sign"]),
            json!(["encrypt", "decrypt"]),
            json!(["deriveKey"]),
            json!(["sign, verify"]),
            json!(["Verify"]),
            // Unrelated operations, and one that occurs twice.
            json!(["verify", "decrypt"]),
            json!(["sign", "verify", "wrapKey"]),
            json!(["verify", "verify"]),
            json!(["sign", "sign", "verify"]),
        ];
        for operations in refused {
            assert_eq!(
                with("key_ops", operations.clone()).unwrap_err(),
                JwkError::Operations,
                "{operations}"
            );
        }
    }

    #[test]
    fn only_a_secret_for_hs256_of_32_bytes_is_taken() {
        assert!(with("alg", json!("HS256")).is_ok());
        assert_eq!(with("alg", json!("HS512")).unwrap_err(), JwkError::Algorithm);
        assert_eq!(with("alg", json!("hs256")).unwrap_err(), JwkError::Algorithm);
        assert_eq!(with("kty", json!("RSA")).unwrap_err(), JwkError::Type);
        assert_eq!(
            with("k", json!(format!("{}Z", &SECRET[..42]))).unwrap_err(),
            JwkError::Secret,
            "stray bits"
        );
        assert_eq!(with("k", json!(format!("{SECRET}="))).unwrap_err(), JwkError::Secret);
        assert_eq!(
            with("k", json!("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZQ")).unwrap_err(),
            JwkError::Short
        );
        assert_eq!(r#"{"kty":"oct"}"#.parse::<HmacKey>().unwrap_err(), JwkError::Secret);
    }

    #[test]
    fn what_is_there_twice_or_null_or_of_another_type_cannot_be_read() {
        assert!(format!(r#"{{"kty":"oct","use":"sig","k":"{SECRET}"}}"#).parse::<HmacKey>().is_ok());
        let twice = format!(r#"{{"kty":"oct","use":"enc","use":"sig","k":"{SECRET}"}}"#);
        assert_eq!(twice.parse::<HmacKey>().unwrap_err(), JwkError::Unreadable);
        for member in ["kty", "kid", "alg", "use", "key_ops", "k"] {
            assert_eq!(with(member, Value::Null).unwrap_err(), JwkError::Unreadable, "{member}");
        }
        assert_eq!(with("key_ops", json!("verify")).unwrap_err(), JwkError::Unreadable);
    }

    #[test]
    fn neither_a_key_nor_its_refusal_shows_the_secret() {
        assert!(!format!("{:?}", with("use", json!("sig"))).contains("0123"));
        let refused = with("k", json!([SECRET])).unwrap_err();
        assert_eq!(refused.to_string(), "it cannot be parsed as a JSON Web Key");
    }

    #[test]
    fn the_published_vectors_keys_are_taken() {
        for vector in jws::published() {
            assert!(vector.jwk.parse::<HmacKey>().is_ok(), "{}", vector.name);
        }
    }

    /// Wycheproof's tests 353 to 356: a valid signature by a key that is not for signatures. Wycheproof's keys are RSA and
    /// EC keys and already refused by their type; so this test also puts each purpose on a secret.
    #[test]
    fn keys_of_another_use_are_refused_as_wycheproof_asks() {
        for (member, value, refusal) in [
            ("use", json!("enc"), JwkError::Use),
            ("key_ops", json!(["encrypt"]), JwkError::Operations),
            ("key_ops", json!(["encrypt", "decrypt"]), JwkError::Operations),
        ] {
            for vector in jws::published() {
                let mut jwk: Value = serde_json::from_str(&vector.jwk).unwrap();
                jwk[member] = value.clone();
                assert_eq!(jwk.to_string().parse::<HmacKey>().unwrap_err(), refusal, "{}", vector.name);
            }
        }
    }
}
