//! The token: `base64url(header) . base64url(payload) . base64url(signature)` (RFC 7515 §3.1, the compact form).
//!
//! Base64url is an encoding and hides nothing: [`read_without_a_key`] reads any token. The signature ensures that only
//! a holder of the key can *change* a token. It does not prove who is presenting the token, and it cannot revoke the
//! token.
//!
//! A library computes SHA-256. Everything else is written out here, so that the learner sees it once. A production
//! server uses a library for all of it, as the next labs do.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::Value;

/// RFC 4648 §5: the base64 alphabet with `-` and `_` in place of `+` and `/`, which have a meaning in URLs.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The block size of SHA-256, in bytes (RFC 2104 §2 calls it B).
const BLOCK_BYTES: usize = 64;

/// The length of a SHA-256 hash, in bytes.
pub const HASH_BYTES: usize = 32;

/// Why [`verify`] refused a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The token has more or fewer than three parts.
    #[error("it does not have three parts")]
    Parts,
    /// A part is not valid base64url, or its decoded content is not valid JSON.
    #[error("a part cannot be read")]
    Unreadable,
    /// The header names an algorithm other than HS256.
    #[error("the algorithm is not HS256")]
    Algorithm,
    /// The signature does not match: the token was signed with another key, or changed after it was signed.
    #[error("the signature does not match")]
    Signature,
}

// ANCHOR: encode
/// Encodes bytes in base64url without padding (RFC 7515 §2): three bytes have 24 bits, which become four characters of
/// six bits each. One remaining byte becomes two characters and two remaining bytes become three; the missing bits are
/// zeros.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let mut bits = 0_u32;
        for index in 0..3 {
            bits = bits << 8 | u32::from(group.get(index).copied().unwrap_or(0));
        }
        for index in 0..=group.len() {
            let six = bits >> (18 - 6 * index) & 0b11_1111;
            text.push(char::from(ALPHABET[six as usize]));
        }
    }
    text
}
// ANCHOR_END: encode

/// Decodes base64url. Strict: it refuses padding, any other alphabet and stray bits, so that each value has exactly one
/// encoding.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for group in text.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for index in 0..4 {
            let six = match group.get(index) {
                Some(character) => ALPHABET.iter().position(|known| known == character)?,
                None => 0,
            };
            bits = bits << 6 | u32::try_from(six).ok()?;
        }
        let whole = group.len() * 6 / 8;
        let [_, decoded @ ..] = bits.to_be_bytes();
        let stray = decoded[whole..].iter().any(|byte| *byte != 0);
        if whole == 0 || stray {
            return None;
        }
        bytes.extend_from_slice(&decoded[..whole]);
    }
    Some(bytes)
}

// ANCHOR: hmac
/// HMAC-SHA-256 (RFC 2104 §2): `H(K ⊕ opad ‖ H(K ⊕ ipad ‖ message))`, where K is the key padded with zeros to the block
/// size, `ipad` is 0x36 and `opad` is 0x5c in every byte. A key longer than a block is hashed first.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; HASH_BYTES] {
    let mut block = [0; BLOCK_BYTES];
    if key.len() > BLOCK_BYTES {
        block[..HASH_BYTES].copy_from_slice(&sha256(&[key]));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = sha256(&[&block.map(|byte| byte ^ 0x36), message]);
    sha256(&[&block.map(|byte| byte ^ 0x5c), &inner])
}
// ANCHOR_END: hmac

/// SHA-256 of the concatenated pieces.
fn sha256(pieces: &[&[u8]]) -> [u8; HASH_BYTES] {
    let mut hash = [0; HASH_BYTES];
    hash.copy_from_slice(digest(&SHA256, &pieces.concat()).as_ref());
    hash
}

// ANCHOR: sign
/// Makes a token from a header and a payload. Both are JSON texts and are encoded exactly as given, byte for byte.
pub fn sign(key: &[u8], header: &str, payload: &str) -> String {
    let message = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()));
    let signature = encode(&hmac_sha256(key, message.as_bytes()));
    format!("{message}.{signature}")
}
// ANCHOR_END: sign

// ANCHOR: read
/// Returns a token's payload as text, for any holder of the token. No key is needed: a payload is not secret.
pub fn read_without_a_key(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    String::from_utf8(decode(payload)?).ok()
}
// ANCHOR_END: read

// ANCHOR: verify
/// Returns a token's payload, if it was signed with `key`.
///
/// The server chooses the algorithm, never the token (RFC 8725 §3.1): a header that names another algorithm is refused
/// before any signature is computed. The signatures are compared in constant time; otherwise the response time would
/// tell an attacker how many leading bytes of a guessed signature are right.
///
/// # Errors
/// Fails with the first [`Refused`] that applies: the token does not have three parts, a part cannot be decoded,
/// the header names another algorithm, or the signature does not match.
pub fn verify(key: &[u8], token: &str) -> Result<Value, Refused> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else { return Err(Refused::Parts) };
    if json(header)?["alg"] != "HS256" {
        return Err(Refused::Algorithm);
    }
    let shown = decode(signature).ok_or(Refused::Unreadable)?;
    let expected = hmac_sha256(key, format!("{header}.{payload}").as_bytes());
    verify_slices_are_equal(&shown, &expected).or(Err(Refused::Signature))?;
    json(payload)
}
// ANCHOR_END: verify

/// Decodes one part of a token and parses it as JSON.
fn json(part: &str) -> Result<Value, Refused> {
    let bytes = decode(part).ok_or(Refused::Unreadable)?;
    serde_json::from_slice(&bytes).or(Err(Refused::Unreadable))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::judge::{RFC_HEADER, RFC_KEY, RFC_PAYLOAD, RFC_TOKEN};

    #[test]
    fn the_token_of_the_standard_comes_out_byte_for_byte_and_is_taken() {
        assert_eq!(sign(&RFC_KEY, RFC_HEADER, RFC_PAYLOAD), RFC_TOKEN);
        let claims = verify(&RFC_KEY, RFC_TOKEN).unwrap();
        assert_eq!(claims, json!({"iss": "joe", "exp": 1_300_819_380, "http://example.com/is_root": true}));
    }

    #[test]
    fn every_byte_of_the_token_of_the_standard_counts() {
        for at in 0..RFC_TOKEN.len() {
            let mut bytes = RFC_TOKEN.as_bytes().to_vec();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(verify(&RFC_KEY, &changed).is_err(), "byte {at}");
        }
    }

    #[test]
    fn what_is_encoded_is_decoded_and_has_one_spelling() {
        for length in 0..=70 {
            let bytes: Vec<u8> = (0..length).map(|at| (at * 37 % 256) as u8).collect();
            assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
        assert_eq!(encode(&[3, 236, 255, 224, 193]), "A-z_4ME");
        assert_eq!(decode("A-z_4ME"), Some(vec![3, 236, 255, 224, 193]));
        for wrong in ["A", "A+z/", "A-z_4ME=", "A-z_4MF", "A-z_ 4ME", "A-z_é"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_payload_is_read_without_any_key_and_believed_with_one_alone() {
        let token = sign(b"a key", r#"{"alg":"HS256"}"#, r#"{"email":"ann@example.test","role":"user"}"#);
        assert_eq!(read_without_a_key(&token).unwrap(), r#"{"email":"ann@example.test","role":"user"}"#);
        assert_eq!(verify(b"a key", &token).unwrap()["role"], "user");
        assert_eq!(verify(b"another", &token), Err(Refused::Signature));
    }

    #[test]
    fn a_promoted_role_is_refused_because_the_signature_is_over_the_old_one() {
        let token = sign(b"a key", r#"{"alg":"HS256"}"#, r#"{"role":"user"}"#);
        let (header, rest) = token.split_once('.').unwrap();
        let (_, signature) = rest.split_once('.').unwrap();
        let forged = format!("{header}.{}.{signature}", encode(br#"{"role":"admin"}"#));
        assert_eq!(verify(b"a key", &forged), Err(Refused::Signature));
    }

    #[test]
    fn only_hs256_is_taken_whatever_the_header_says_and_however_it_is_signed() {
        let token = |header: &str| sign(b"a key", header, "{}");
        assert_eq!(verify(b"a key", &token(r#"{"alg":"HS256"}"#)), Ok(json!({})));
        for header in [r#"{"alg":"none"}"#, r#"{"alg":"hs256"}"#, r#"{"alg":"HS512"}"#, r#"{"alg":1}"#, "{}"]
        {
            assert_eq!(verify(b"a key", &token(header)), Err(Refused::Algorithm), "{header}");
        }
        let unsigned = format!("{}.{}.", encode(br#"{"alg":"none"}"#), encode(b"{}"));
        assert_eq!(verify(b"a key", &unsigned), Err(Refused::Algorithm));
    }

    #[test]
    fn a_token_has_three_parts_that_can_be_read() {
        let token = sign(b"a key", r#"{"alg":"HS256"}"#, "{}");
        let (message, signature) = token.rsplit_once('.').unwrap();
        assert_eq!(verify(b"a key", message), Err(Refused::Parts));
        assert_eq!(verify(b"a key", &format!("{token}.")), Err(Refused::Parts));
        assert_eq!(verify(b"a key", &format!("{message}.{signature}=")), Err(Refused::Unreadable));
        assert_eq!(verify(b"a key", ".."), Err(Refused::Unreadable));
        assert_eq!(verify(b"a key", &format!("{message}.")), Err(Refused::Signature));
    }
}
