//! Secrets with numbers, so that one can follow another.
//!
//! The first key issues and all of them check. To change a key without logging anybody out: add the new one at the end on
//! every server, then move it to the front on every server, then remove the old one after the longest lifetime of what it
//! signed; at once if it leaked.

use std::str::FromStr;

use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

/// The shortest key that is taken, in bytes: the output of SHA-256, as RFC 7518 §3.2 asks of HS256.
pub const MIN_KEY_BYTES: usize = 32;

/// One secret and the number that tokens name it by (`kid`).
#[derive(Clone, Debug)]
pub struct Key {
    /// The number.
    pub id: u16,
    secret: SecretString,
}

impl Key {
    /// A key, if it is long enough.
    pub fn new(id: u16, secret: SecretString) -> Result<Self, KeyringError> {
        if secret.expose_secret().len() < MIN_KEY_BYTES {
            return Err(KeyringError::Short { id });
        }
        Ok(Self { id, secret })
    }

    /// The secret itself, for the code that signs or derives with it.
    pub fn expose_bytes(&self) -> &[u8] {
        self.secret.expose_secret().as_bytes()
    }
}

/// One key that issues, and any number that still check.
#[derive(Clone, Debug)]
pub struct Keyring {
    issuing: Key,
    checking: Vec<Key>,
}

/// A list of keys that cannot be used. No message repeats a secret.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyringError {
    /// The text is no list of `number=secret`.
    #[error("write each key as `number=secret`, with commas between keys")]
    Form,
    /// A secret that could be guessed.
    #[error("key {id} is shorter than 32 bytes; `openssl rand -base64 48` makes a good one")]
    Short {
        /// The key's number.
        id: u16,
    },
    /// Two keys under one number.
    #[error("key {id} is listed twice")]
    Twice {
        /// The number.
        id: u16,
    },
}

impl Keyring {
    /// One fresh random key, number 1, of 244 random bits. Whatever it signs dies with the process.
    pub fn random() -> Self {
        let secret = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        Self { issuing: Key { id: 1, secret: secret.into() }, checking: Vec::new() }
    }

    /// The key that issues.
    pub fn issuing(&self) -> &Key {
        &self.issuing
    }

    /// All keys that check, the issuing one first.
    pub fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.issuing).chain(&self.checking)
    }
}

impl FromStr for Keyring {
    type Err = KeyringError;

    /// Reads `2=secret,1=older secret`.
    fn from_str(text: &str) -> Result<Self, KeyringError> {
        let mut keys: Vec<Key> = Vec::new();
        for entry in text.split(',') {
            let (id, secret) = entry.split_once('=').ok_or(KeyringError::Form)?;
            let id = id.trim().parse().or(Err(KeyringError::Form))?;
            if keys.iter().any(|key| key.id == id) {
                return Err(KeyringError::Twice { id });
            }
            keys.push(Key::new(id, secret.trim().into())?);
        }
        let mut keys = keys.into_iter();
        let issuing = keys.next().ok_or(KeyringError::Form)?;
        Ok(Self { issuing, checking: keys.collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn the_first_key_issues_and_all_keys_check() {
        let ring: Keyring = format!("2={LONG}, 1={LONG}=").parse().unwrap();
        assert_eq!(ring.issuing().id, 2);
        assert_eq!(ring.all().map(|key| key.id).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(ring.issuing().expose_bytes(), LONG.as_bytes());
    }

    #[test]
    fn a_key_of_31_bytes_is_refused_and_one_of_32_is_not() {
        assert_eq!(
            format!("1={}", &LONG[1..]).parse::<Keyring>().unwrap_err(),
            KeyringError::Short { id: 1 }
        );
        assert!(format!("1={LONG}").parse::<Keyring>().is_ok());
    }

    #[test]
    fn two_keys_under_one_number_are_refused() {
        assert_eq!(
            format!("1={LONG},1={LONG}").parse::<Keyring>().unwrap_err(),
            KeyringError::Twice { id: 1 }
        );
    }

    #[test]
    fn a_keyring_shows_no_secret() {
        let ring: Keyring = format!("1={LONG}").parse().unwrap();
        assert!(!format!("{ring:?}").contains(LONG));
    }
}
