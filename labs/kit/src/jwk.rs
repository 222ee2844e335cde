//! Secrets as JSON Web Keys (RFC 7517), which say what they may be used for and are held to it.
//!
//! A secret that serves two purposes lets an answer to the one be presented as an answer to the other. `number=secret` has
//! no place to say what a secret is for. A JWK has two, `use` and `key_ops`, and they are worth nothing unless somebody
//! refuses a key by them: `jsonwebtoken` makes a key of any JWK whose `k` can be read. So they are judged here, where a key
//! is read, and no key that was read is good for anything but HS256.

use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::Deserialize;
use serde::de::Deserializer;

use crate::keyring::MIN_KEY_BYTES;

/// A secret that HS256 tokens may be checked with, and signed with if it says so.
#[derive(Clone, Debug)]
pub struct HmacKey {
    /// What tokens name it by (RFC 7517 §4.5).
    pub kid: Option<String>,
    /// Whether it may sign as well.
    pub signs: bool,
    secret: SecretSlice<u8>,
}

/// Why a key is none of ours. No message repeats a secret, or any other text of the key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum JwkError {
    /// No JSON object with these members as text, or one of them is there twice.
    #[error("it is no JSON Web Key that can be read")]
    Unreadable,
    /// `kty` (RFC 7517 §4.1).
    #[error("its `kty` is not `oct`, and HS256 needs a secret")]
    Type,
    /// `alg` (RFC 7517 §4.4).
    #[error("its `alg` is not HS256")]
    Algorithm,
    /// `use` (RFC 7517 §4.2).
    #[error("its `use` is not `sig`")]
    Use,
    /// `key_ops` (RFC 7517 §4.3).
    #[error("its `key_ops` are not `verify`, or `sign` and `verify`")]
    Operations,
    /// `k` (RFC 7518 §6.4.1).
    #[error("its `k` is missing, or no base64url without padding")]
    Secret,
    /// A secret that could be guessed.
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
        // The parser's own words may quote what it read, so they are not passed on.
        serde_json::from_str::<Jwk>(text).or(Err(JwkError::Unreadable))?.judged()
    }
}

/// The keys of a JWK Set (RFC 7517 §5), each judged: one that cannot be used is told and not passed over, since whoever
/// configured it meant it to be used.
pub(crate) fn set(text: &str) -> Result<Vec<Result<HmacKey, JwkError>>, JwkError> {
    let Set { keys } = serde_json::from_str(text).or(Err(JwkError::Unreadable))?;
    Ok(keys.into_iter().map(Jwk::judged).collect())
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Jwk>,
}

/// The members that decide something; others are ignored (RFC 7517 §4).
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

/// Whether a key with these operations signs, if it may check. RFC 7517 §4.3: none stands there twice, and a key for
/// unrelated operations should not be; here it is refused.
fn signs(operations: &[String]) -> Result<bool, JwkError> {
    let count = |asked: &str| operations.iter().filter(|operation| *operation == asked).count();
    match (count("verify"), count("sign")) {
        (1, signing @ 0..=1) if operations.len() == 1 + signing => Ok(signing == 1),
        _ => Err(JwkError::Operations),
    }
}

/// A member that is there has a value: `"use": null` is of another type, and not a key for any use.
fn not_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::jws;

    const SECRET: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY";

    /// The plainest key that is taken, with one member of another value.
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
            // Unrelated operations, and one that stands there twice.
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
        assert_eq!(refused.to_string(), "it is no JSON Web Key that can be read");
    }

    #[test]
    fn the_published_vectors_keys_are_taken() {
        for vector in jws::published() {
            assert!(vector.jwk.parse::<HmacKey>().is_ok(), "{}", vector.name);
        }
    }

    /// Wycheproof's tests 353 to 356: a signature that holds, by a key that is not for signatures. Theirs are of RSA and EC
    /// and fall by their type already; so each stands here with its purpose on a secret as well.
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
