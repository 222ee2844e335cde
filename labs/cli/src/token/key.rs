//! Keys to check a signature with, from a file in any of the usual forms.
//!
//! A public key is never used as a secret, whatever the token asks for: that mistake is the algorithm confusion of RFC
//! 8725 §2.1. No text of a key is printed but its `kid`, `kty`, `alg`, `use` and `key_ops`.

mod der;
mod jwk;
mod pem;

use std::fmt;

use harness::Failure;

use super::algorithm::Kind;
use super::base64url;
use super::json::Json;

/// The most keys that are read from one file.
const MAX_KEYS: usize = 100;

/// One key, or an entry of a file that is none.
pub(super) struct Key {
    /// Where the key is, for example `the file's bytes`; `None` if the `kid` names it.
    pub(super) origin: Option<&'static str>,
    pub(super) kid: Option<String>,
    /// The `kty`, with the `crv`. It is a text from outside if the key cannot be used.
    pub(super) kty: String,
    /// The only algorithm that the key may be used with, by its own account (RFC 7517 §4.4).
    pub(super) alg: Option<String>,
    /// The key itself, or why it may not or cannot be used.
    pub(super) material: Result<Material, String>,
}

/// A key that can check signatures.
pub(super) enum Material {
    Secret(Vec<u8>),
    /// A public key in a form that the library reads: DER, a point of a curve, or the 32 bytes of an Ed25519 key.
    Public(Kind, Vec<u8>),
}

impl Material {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Secret(_) => Kind::Secret,
            Self::Public(kind, _) => *kind,
        }
    }
}

impl fmt::Debug for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Material").field(&self.kind()).finish_non_exhaustive()
    }
}

impl Key {
    fn new(origin: &'static str, material: Result<Material, String>) -> Self {
        let kty = material.as_ref().map_or_else(|_| "unknown".to_owned(), |key| key.kind().kty().to_owned());
        Self { origin: Some(origin), kid: None, kty, alg: None, material }
    }
}

/// The keys in a file: a JWK, a JWK Set, PEM, DER, or a secret, which may be written in base64.
///
/// # Errors
/// The file is empty, or it is JSON without a key, or PEM that cannot be read.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Key>, Failure> {
    let mut keys = match std::str::from_utf8(bytes).map(|text| text.trim_start_matches('\u{feff}').trim()) {
        Ok("") => return Err(Failure::new("it is empty")),
        Ok(text) if text.contains("-----BEGIN ") => pem::read(text)?,
        Ok(text) if text.starts_with(['{', '[']) => match Json::parse(text) {
            Ok(json) => jwk::read(&json)?,
            Err(reason) => {
                return Err(Failure::new(format!("it starts like JSON and is none ({reason})")));
            }
        },
        _ => match der::any(bytes) {
            Some(material) => vec![Key::new("the file's DER", Ok(material))],
            None => secrets(bytes),
        },
    };
    keys.truncate(MAX_KEYS);
    Ok(keys)
}

/// The keys in a downloaded JWK Set.
///
/// # Errors
/// The text is not a JWK or a JWK Set.
pub(super) fn read_set(text: &str) -> Result<Vec<Key>, Failure> {
    let json =
        Json::parse(text.trim()).map_err(|reason| Failure::new(format!("it is not JSON ({reason})")))?;
    let mut keys = jwk::read(&json)?;
    keys.truncate(MAX_KEYS);
    Ok(keys)
}

/// The secrets that a file can mean: its bytes without the line feed at the end, all of them, or what they encode.
fn secrets(bytes: &[u8]) -> Vec<Key> {
    let secret = |origin, secret: &[u8]| Key::new(origin, Ok(Material::Secret(secret.to_vec())));
    let trimmed = bytes.trim_ascii_end();
    let mut keys = vec![secret("the file's bytes", trimmed)];
    if trimmed != bytes {
        keys.push(secret("the file's bytes with the white space at its end", bytes));
    }
    let text: Option<String> =
        std::str::from_utf8(trimmed).ok().map(|text| text.split_whitespace().collect());
    if let Some(decoded) = text.and_then(|text| base64url::decode(&text).ok()) {
        keys.push(secret("the file decoded from base64", &decoded.bytes));
    }
    keys
}
