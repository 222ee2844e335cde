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
    // Take the bytes in groups of three. Put a group into one number of 24 bits, with zeros for the missing bytes, and
    // push one character of ALPHABET for each six bits: one character more than the group has bytes.
    todo!("encode: bytes into base64url")
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
    // Fill the key up with zeros to BLOCK_BYTES, or hash it first if it is longer. Then hash (block ⊕ 0x36 ‖ message), and
    // hash (block ⊕ 0x5c ‖ the first hash).
    todo!("hmac_sha256: the key around the message, twice")
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
    // 1. Exactly three parts, or Refused::Parts.
    // 2. json(header)?["alg"] is "HS256", or Refused::Algorithm: the token must not choose how it is checked.
    // 3. The signature over "header.payload" equals the one that you compute, or Refused::Signature. Compare with
    //    verify_slices_are_equal, which takes the same time whichever byte differs.
    // 4. Only now read the payload.
    todo!("verify: three parts, the algorithm, the signature, the payload")
}
// ANCHOR_END: verify

/// Decodes one part of a token and parses it as JSON.
fn json(part: &str) -> Result<Value, Refused> {
    let bytes = decode(part).ok_or(Refused::Unreadable)?;
    serde_json::from_slice(&bytes).or(Err(Refused::Unreadable))
}
