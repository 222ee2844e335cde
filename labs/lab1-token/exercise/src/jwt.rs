//! The token: `base64url(header) . base64url(payload) . base64url(signature)` (RFC 7515 §3.1, the compact form).
//!
//! Base64url is an alphabet and no secrecy: [`read_without_a_key`] reads any token. What the signature adds is that nobody
//! without the key can *change* one. It is no way to say who is presenting the token, nor to take it back.
//!
//! SHA-256 comes from a library. Everything around it is here, so that it can be seen once. A server uses a library for
//! all of it: the next labs do.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::Value;

/// RFC 4648 §5: the two characters of base64 that mean something in a URL are replaced.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What SHA-256 works through at a time, in bytes (RFC 2104 §2 calls it B).
const BLOCK_BYTES: usize = 64;

/// What SHA-256 gives, in bytes.
pub const HASH_BYTES: usize = 32;

/// Why a token was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There are more or fewer than three parts.
    #[error("not three parts")]
    Parts,
    /// A part is no base64url, or what is in it is no JSON.
    #[error("a part cannot be read")]
    Unreadable,
    /// The header names another algorithm than ours.
    #[error("another algorithm than HS256")]
    Algorithm,
    /// Somebody without the key made it, or changed it.
    #[error("the signature does not hold")]
    Signature,
}

// ANCHOR: encode
/// Writes bytes in base64url without padding (RFC 7515 §2): each three bytes are 24 bits, which are four characters of
/// six bits. One byte left over gives two characters, two give three; the missing bits are zeros.
pub fn encode(bytes: &[u8]) -> String {
    // Take the bytes in groups of three. Put a group into one number of 24 bits, with zeros for what is missing, and push
    // one character of ALPHABET for each six bits: as many as the group has bytes, and one more.
    todo!("encode: bytes into base64url")
}
// ANCHOR_END: encode

/// Reads base64url. Strict: no padding, no other alphabet, and no stray bits, so that one value has one spelling.
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
/// HMAC-SHA-256 (RFC 2104 §2): `H(K ⊕ opad ‖ H(K ⊕ ipad ‖ message))`, where K is the key filled up with zeros to a block,
/// `ipad` is 0x36 and `opad` is 0x5c in every byte. A key longer than a block is hashed first.
pub fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; HASH_BYTES] {
    // Fill the key up with zeros to BLOCK_BYTES, or hash it first if it is longer. Then hash (block ⊕ 0x36 ‖ message), and
    // hash (block ⊕ 0x5c ‖ that).
    todo!("hmac_sha256: the key around the message, twice")
}
// ANCHOR_END: hmac

/// SHA-256 of some pieces, one after the other.
fn sha256(pieces: &[&[u8]]) -> [u8; HASH_BYTES] {
    let mut hash = [0; HASH_BYTES];
    hash.copy_from_slice(digest(&SHA256, &pieces.concat()).as_ref());
    hash
}

// ANCHOR: sign
/// Makes a token of a header and a payload, each of them JSON as it is to stand there, byte for byte.
pub fn sign(key: &[u8], header: &str, payload: &str) -> String {
    let message = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()));
    let signature = encode(&hmac_sha256(key, message.as_bytes()));
    format!("{message}.{signature}")
}
// ANCHOR_END: sign

// ANCHOR: read
/// What a token says, to anybody who holds it. It takes no key, which is the point.
pub fn read_without_a_key(token: &str) -> Option<String> {
    let payload = token.split('.').nth(1)?;
    String::from_utf8(decode(payload)?).ok()
}
// ANCHOR_END: read

// ANCHOR: verify
/// What a token says, if somebody with `key` wrote it.
///
/// The algorithm is ours to choose and never the token's (RFC 8725 §3.1): a header that names another one is refused
/// before anything is computed. The signatures are compared in constant time, or the time that a refusal takes would tell
/// how many bytes of a guess were right.
pub fn verify(key: &[u8], token: &str) -> Result<Value, Refused> {
    // 1. Exactly three parts, or Refused::Parts.
    // 2. json(header)?["alg"] is "HS256", or Refused::Algorithm: the token does not choose how it is checked.
    // 3. The signature over "header.payload" is the one that we compute, or Refused::Signature. Compare with
    //    verify_slices_are_equal, which takes as long for a wrong first byte as for a wrong last one.
    // 4. Only now read the payload.
    todo!("verify: three parts, the algorithm, the signature, the payload")
}
// ANCHOR_END: verify

/// The JSON in a part.
fn json(part: &str) -> Result<Value, Refused> {
    let bytes = decode(part).ok_or(Refused::Unreadable)?;
    serde_json::from_slice(&bytes).or(Err(Refused::Unreadable))
}
