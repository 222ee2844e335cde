//! Splits and forges tokens, by hand, because a library would refuse to make most of them.

use aws_lc_rs::{aead, hmac};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

/// The alphabet of base64url (RFC 4648 §5), in the order of its values.
pub(crate) const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A JWT in compact serialization (RFC 7515 §7.1), as it was received.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) header: String,
    pub(crate) payload: String,
    pub(crate) signature: String,
}

impl Parts {
    /// Splits a token of three parts whose first two are JSON objects.
    pub(crate) fn of(token: &str) -> Option<Self> {
        let mut parts = token.split('.').map(str::to_owned);
        let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
        let whole = parts.next().is_none() && decoded(&header).is_some() && decoded(&payload).is_some();
        whole.then_some(Parts { header, payload, signature })
    }

    pub(crate) fn header(&self) -> Value {
        decoded(&self.header).unwrap_or(Value::Null)
    }

    pub(crate) fn claims(&self) -> Value {
        decoded(&self.payload).unwrap_or(Value::Null)
    }

    /// The same token with changed header members; the signature is unchanged.
    pub(crate) fn with_header(&self, changes: &Value) -> String {
        joined(&encoded(&merged(self.header(), changes)), &self.payload, &self.signature)
    }

    /// The same token with changed claims; the signature is unchanged.
    pub(crate) fn with_claims(&self, changes: &Value) -> String {
        joined(&self.header, &encoded(&merged(self.claims(), changes)), &self.signature)
    }

    /// The bytes of the signature; none if it is not base64url.
    pub(crate) fn signature_bytes(&self) -> Vec<u8> {
        BASE64_URL_SAFE_NO_PAD.decode(&self.signature).unwrap_or_default()
    }

    /// The same token with another signature.
    pub(crate) fn with_signature(&self, signature: &[u8]) -> String {
        joined(&self.header, &self.payload, &BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    /// A new token with these changes to header and claims, signed with HMAC-SHA-256 under `key`.
    pub(crate) fn forged(&self, header: &Value, claims: &Value, key: &[u8]) -> String {
        let (header, claims) = (merged(self.header(), header), merged(self.claims(), claims));
        signed(&header, &claims, |input| {
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), input).as_ref().to_vec()
        })
    }
}

pub(crate) fn joined(header: &str, payload: &str, signature: &str) -> String {
    format!("{header}.{payload}.{signature}")
}

/// A token with a signature that `sign` makes over the signing input.
pub(crate) fn signed(header: &Value, claims: &Value, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let input = format!("{}.{}", encoded(header), encoded(claims));
    let signature = BASE64_URL_SAFE_NO_PAD.encode(sign(input.as_bytes()));
    format!("{input}.{signature}")
}

/// A JWE in compact serialization (RFC 7516 §7.1) for `dir` and `A256GCM`; `None` if this machine cannot encrypt.
pub(crate) fn encrypted(header: &Value, inside: &str, key: &[u8; 32]) -> Option<String> {
    let (header, vector, mut text) = (encoded(header), [0; aead::NONCE_LEN], inside.as_bytes().to_vec());
    let key = aead::LessSafeKey::new(aead::UnboundKey::new(&aead::AES_256_GCM, key).ok()?);
    let nonce = aead::Nonce::assume_unique_for_key(vector);
    let tag = key.seal_in_place_separate_tag(nonce, aead::Aad::from(&header), &mut text).ok()?;
    let [vector, text, tag] =
        [&vector[..], &text, tag.as_ref()].map(|bytes| BASE64_URL_SAFE_NO_PAD.encode(bytes));
    Some(format!("{header}..{vector}.{text}.{tag}"))
}

pub(crate) fn encoded(json: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(json.to_string())
}

/// Sets members of an object; a member set to `null` is removed.
pub(crate) fn merged(mut object: Value, changes: &Value) -> Value {
    if let (Some(members), Some(changes)) = (object.as_object_mut(), changes.as_object()) {
        for (name, value) in changes {
            match value {
                Value::Null => members.remove(name),
                _ => members.insert(name.clone(), value.clone()),
            };
        }
    }
    object
}

fn decoded(part: &str) -> Option<Value> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice::<Value>(&bytes).ok().filter(Value::is_object)
}

/// The text with the character at `index` replaced by one whose value differs in the bit `mask`.
pub(crate) fn flipped(text: &str, index: usize, mask: usize) -> Option<String> {
    let mut bytes = text.as_bytes().to_vec();
    let value = ALPHABET.iter().position(|c| bytes.get(index) == Some(c))?;
    *bytes.get_mut(index)? = *ALPHABET.get(value ^ (mask & 63))?;
    String::from_utf8(bytes).ok()
}
