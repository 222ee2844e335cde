//! Base64url without padding, as RFC 7515 §2 requires it, and what issuers write instead.
//!
//! The command reads the other spellings too, because their contents are what its user asks for; it reports each, because
//! a strict server refuses them: one value must have one spelling.

use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, URL_SAFE_NO_PAD};

/// Ignores the unused bits of the last character.
const LOOSE: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, NO_PAD.with_decode_allow_trailing_bits(true));

/// Decoded bytes, and how their spelling differs from the standard.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decoded {
    pub(super) bytes: Vec<u8>,
    pub(super) flaw: Option<&'static str>,
}

/// Decodes a text. The error says why it cannot be base64.
pub(super) fn decode(text: &str) -> Result<Decoded, String> {
    if let Ok(bytes) = URL_SAFE_NO_PAD.decode(text) {
        return Ok(Decoded { bytes, flaw: None });
    }
    let url_safe = text.replace('+', "-").replace('/', "_");
    let unpadded = url_safe.trim_end_matches('=');
    match LOOSE.decode(unpadded) {
        Ok(bytes) => {
            let flaw = if URL_SAFE_NO_PAD.decode(unpadded).is_err() {
                "its last character has bits that no encoder sets"
            } else if url_safe != text {
                "it is standard base64, with `+` or `/`"
            } else {
                "it has padding (`=`)"
            };
            Ok(Decoded { bytes, flaw: Some(flaw) })
        }
        Err(_) => Err(reason(unpadded)),
    }
}

pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn reason(text: &str) -> String {
    let is_known = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
    match text.chars().find(|character| !is_known(*character)) {
        Some(character) => format!("it contains `{}`", kit::visible::visible(&character.to_string())),
        None => format!("no text has {} characters in base64url", text.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64url_is_read_and_each_other_spelling_is_read_and_named() {
        let flaw = |text: &str| decode(text).map(|decoded| (decoded.bytes, decoded.flaw));
        let bytes = vec![251, 239, 190, 255];
        assert_eq!(flaw("----_w"), Ok((bytes.clone(), None)));
        assert_eq!(flaw("----_w=="), Ok((bytes.clone(), Some("it has padding (`=`)"))));
        assert_eq!(flaw("++++/w=="), Ok((bytes.clone(), Some("it is standard base64, with `+` or `/`"))));
        assert_eq!(flaw("----_x"), Ok((bytes, Some("its last character has bits that no encoder sets"))));
    }

    #[test]
    fn what_is_not_base64_is_refused_with_the_reason() {
        assert_eq!(decode("a!b").unwrap_err(), "it contains `!`");
        assert_eq!(decode("a\u{1b}b").unwrap_err(), "it contains `\\u{1b}`");
        assert_eq!(decode("a").unwrap_err(), "no text has 1 characters in base64url");
    }
}
