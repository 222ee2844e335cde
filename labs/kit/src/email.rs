//! An e-mail address, as far as a server can know it is one.

use std::fmt;

/// The longest address that can be delivered to, in bytes (RFC 5321 §4.5.3.1.3, less the angle brackets).
pub const MAX_BYTES: usize = 254;

/// An address: trimmed, its domain in lower case, without control characters or white space, at most 254 bytes. Whether
/// it exists, only a message to it can tell.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// Reads an address. The error is a sentence for the person who typed it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.len() > MAX_BYTES {
            return Err(format!("an address has at most {MAX_BYTES} bytes"));
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err("an address has no spaces and no control characters".into());
        }
        match text.rsplit_once('@') {
            Some((local, domain)) if !local.is_empty() && !domain.is_empty() => {
                Ok(Self(format!("{local}@{}", domain.to_lowercase())))
            }
            _ => Err("an address looks like name@example.com".into()),
        }
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An address that was parsed before it was stored.
    pub(crate) fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The address of the user who exists nowhere.
    pub(crate) fn sample() -> Self {
        Self("ann@example.test".into())
    }
}

/// Addresses are personal data: a log gets the first letter only.
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
}
