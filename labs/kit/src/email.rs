//! Parsing e-mail addresses, as far as a server can check them.

use std::fmt;

use idna::AsciiDenyList;
use unicode_normalization::UnicodeNormalization;

use crate::visible;

/// The longest deliverable address, in bytes (RFC 5321 §4.5.3.1.3, less the angle brackets).
pub const MAX_BYTES: usize = 254;

/// An e-mail address: trimmed, in Unicode form NFC, its domain as lower-case A-labels (RFC 5890 §2.3.2.1), without
/// invisible characters, at most 254 bytes. Two spellings of a domain are one address. Only a message to the address can
/// show whether it exists.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// Parses an address.
    ///
    /// # Errors
    /// The text is not an address. The error is a sentence for the user who typed it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.len() > MAX_BYTES {
            return Err(too_long());
        }
        if text.chars().any(is_invisible) {
            return Err("an address has no spaces, control characters or other invisible characters".into());
        }
        let looks_like = || String::from("an address looks like name@example.com");
        let (local, domain) = text.rsplit_once('@').ok_or_else(looks_like)?;
        // A domain with a final dot is the same as without (RFC 1034 §3.1).
        let domain = domain.strip_suffix('.').unwrap_or(domain);
        if local.is_empty() || domain.is_empty() {
            return Err(looks_like());
        }
        let domain = idna::domain_to_ascii_cow(domain.as_bytes(), AsciiDenyList::URL)
            .map_err(|_| "the part after the @ is not a domain name")?;
        if domain.is_empty() {
            return Err(looks_like());
        }
        let address: String = local.nfc().chain("@".chars()).chain(domain.chars()).collect();
        if address.len() > MAX_BYTES {
            return Err(too_long());
        }
        Ok(Self(address))
    }

    /// The whole address, and the local part before its `@`.
    pub(crate) fn parts(&self) -> [&str; 2] {
        [&self.0, self.0.rsplit_once('@').map_or(&self.0, |(local, _)| local)]
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An address from the database, which was parsed before it was stored.
    pub(crate) fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The address of [`User::sample`](crate::User::sample).
    pub(crate) fn sample() -> Self {
        Self("ann@example.test".into())
    }
}

fn too_long() -> String {
    format!("an address has at most {MAX_BYTES} bytes")
}

/// Whether an address cannot contain a character: two addresses that look alike are two accounts, and characters that
/// change the direction of a line make one address look like another (Unicode TR 36 §3.2).
fn is_invisible(character: char) -> bool {
    character == ' ' || visible::is_invisible(character)
}

/// Addresses are personal data: logs contain only the first letter.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Email({}…)", self.0.chars().next().unwrap_or('?'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_trimmed_and_only_its_domain_is_lower_cased() {
        assert_eq!(Email::parse("  Ann.O@EXAMPLE.Test ").unwrap().as_str(), "Ann.O@example.test");
    }

    #[test]
    fn an_address_of_254_bytes_is_taken_and_one_of_255_is_not() {
        let address = |length: usize| format!("{}@example.test", "a".repeat(length - "@example.test".len()));
        assert!(Email::parse(&address(254)).is_ok());
        assert!(Email::parse(&address(255)).is_err());
    }

    #[test]
    fn what_could_split_a_header_or_a_line_is_no_address() {
        for text in
            ["a\r\nb@example.test", "a b@example.test", "a\0@example.test", "@example.test", "a@", "a", ""]
        {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn two_spellings_of_a_domain_are_one_address_and_two_domains_are_not() {
        let kept = "ann@xn--bcher-kva.example";
        for spelling in [
            "ann@b\u{fc}cher.example",
            "ann@bu\u{308}cher.example",
            "ann@B\u{dc}CHER.Example",
            "ann@XN--BCHER-KVA.example",
            "ann@b\u{fc}cher\u{3002}example",
            "ann@b\u{fc}cher.example.",
        ] {
            assert_eq!(Email::parse(spelling).unwrap().as_str(), kept, "{spelling:?}");
        }
        assert_ne!(Email::parse("ann@bucher.example").unwrap().as_str(), kept);
        for none in
            ["ann@b cher.example", "ann@xn--\u{fc}.example", "ann@a/b.example", "ann@.", "ann@xn--a-ecp.ru?"]
        {
            assert!(Email::parse(none).is_err(), "{none:?}");
        }
    }

    #[test]
    fn both_ways_to_write_an_accent_are_one_address() {
        let [composed, decomposed] = ["jos\u{e9}@example.test", "jose\u{301}@example.test"];
        assert_eq!(Email::parse(decomposed).unwrap(), Email::parse(composed).unwrap());
        assert_ne!(Email::parse("jose@example.test").unwrap(), Email::parse(composed).unwrap());
    }

    #[test]
    fn what_cannot_be_seen_is_in_no_address_and_letters_of_any_script_may_be() {
        for hidden in [
            "\u{200b}",
            "\u{200d}",
            "\u{2060}",
            "\u{feff}",
            "\u{ad}",
            "\u{34f}",
            "\u{202e}",
            "\u{2066}",
            "\u{200f}",
            "\u{61c}",
            "\u{3164}",
            "\u{115f}",
            "\u{fe0f}",
            "\u{e0041}",
            "\u{2800}",
            "\u{a0}",
            "\u{3000}",
            "\u{2028}",
        ] {
            let code = hidden.escape_unicode();
            assert!(Email::parse(&format!("an{hidden}n@example.test")).is_err(), "{code}");
            assert!(Email::parse(&format!("ann@exam{hidden}ple.test")).is_err(), "{code}");
        }
        for visible in
            ["ann+tag@example.test", "安@例え.テスト", "بريد@example.test", "o'connor@example.test"]
        {
            assert!(Email::parse(visible).is_ok(), "{visible}");
        }
    }
}
