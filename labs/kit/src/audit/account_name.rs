//! The name of an e-mail address in the audit log.

use std::fmt;

use aws_lc_rs::hmac;

use crate::device::derived;
use crate::email::Email;
use crate::keyring::Keyring;

const PURPOSE: &[u8] = b"authlab audit account 1";

/// A keyed hash of an e-mail address. With the key, an operator can find the lines about a given address; without it, an
/// attacker cannot try addresses until one matches. A different issuing key gives every address a different name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AccountName([u8; 12]);

/// Computes the names.
pub(crate) struct AccountNames(hmac::Key);

impl AccountNames {
    pub(crate) fn new(keys: &Keyring) -> Self {
        Self(derived(keys.issuing().expose_bytes(), PURPOSE))
    }

    pub(crate) fn of(&self, email: &Email) -> AccountName {
        let tag = hmac::sign(&self.0, email.as_str().as_bytes());
        let mut name = [0; 12];
        name.copy_from_slice(&tag.as_ref()[..12]);
        AccountName(name)
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountName({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(keys: &str, email: &str) -> String {
        AccountNames::new(&keys.parse().unwrap()).of(&Email::parse(email).unwrap()).to_string()
    }

    #[test]
    fn an_address_has_one_name_under_one_key_and_another_under_another() {
        const KEY: &str = "1=0123456789abcdef0123456789abcdef";
        const OTHER: &str = "2=fedcba9876543210fedcba9876543210";
        let ann = name(KEY, "ann@example.test");
        assert_eq!(ann.len(), 24);
        assert_eq!(name(KEY, " ann@EXAMPLE.test"), ann);
        assert_ne!(name(KEY, "bob@example.test"), ann);
        assert_ne!(name(OTHER, "ann@example.test"), ann);
        assert_eq!(name(&format!("{KEY},{OTHER}"), "ann@example.test"), ann, "the issuing key names");
    }
}
