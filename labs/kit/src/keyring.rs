//! Secrets with numbers, so that an operator can rotate them.
//!
//! The first key issues credentials and all keys check them. To rotate a key without logging users out: add the new key at
//! the end of the list on every server, then move it to the front on every server, then remove the old key after the
//! longest lifetime of what it signed; at once if it leaked.

use std::collections::BTreeSet;
use std::str::FromStr;

use secrecy::{ExposeSecret, SecretSlice};
use uuid::Uuid;

use crate::jwk::{self, HmacKey, JwkError, MIN_KEY_BYTES};
use crate::list;

/// The fewest different bytes in an accepted key. 32 random bytes have about 30, 32 random hexadecimal digits 14 and fewer
/// than nine once in 300,000 keys.
pub const MIN_DIFFERENT_BYTES: usize = 9;

/// A secret and the number by which tokens refer to it (`kid`).
#[derive(Clone, Debug)]
pub struct Key {
    /// The key's number.
    pub id: u16,
    secret: SecretSlice<u8>,
}

impl Key {
    /// A key, if it is long enough and not made of a few repeated bytes. A secret that a person typed may still be
    /// guessable: no test can tell a sentence from random text.
    ///
    /// # Errors
    /// [`KeyringError::Short`] and [`KeyringError::Monotonous`].
    pub fn new(id: u16, secret: SecretSlice<u8>) -> Result<Self, KeyringError> {
        let bytes = secret.expose_secret();
        if bytes.len() < MIN_KEY_BYTES {
            return Err(KeyringError::Short { id });
        }
        if bytes.iter().collect::<BTreeSet<_>>().len() < MIN_DIFFERENT_BYTES {
            return Err(KeyringError::Monotonous { id });
        }
        Ok(Self { id, secret })
    }

    /// The secret itself, for the code that signs or derives with it.
    pub fn expose_bytes(&self) -> &[u8] {
        self.secret.expose_secret()
    }
}

/// One key that issues credentials, and any number of keys that still check them.
///
/// ```
/// use kit::keyring::{Keyring, KeyringError};
///
/// let keys: Keyring = "2=AnvThcGeBiVutY6Hx8QGrz0kPqLwJd4s,1=mN3bVcX9zLkJhGfDsAqWeRtYuIoP7654".parse()?;
/// assert_eq!(keys.issuing().id, 2);
/// assert_eq!(keys.all().map(|key| key.id).collect::<Vec<_>>(), [2, 1]);
///
/// assert_eq!("1=letmein".parse::<Keyring>().unwrap_err(), KeyringError::Short { id: 1 });
/// # Ok::<(), KeyringError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Keyring {
    issuing: Key,
    checking: Vec<Key>,
    random: bool,
}

/// What the log and the metrics report about a keyring: the keys' numbers and never a secret. An operator compares it
/// between servers during a key rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldKeys {
    /// The purpose of the keys, in one word.
    pub purpose: &'static str,
    /// The key that issues and checks: its number, or `random` for a key that no other server has.
    pub issues: String,
    /// The numbers of the keys that only check.
    pub checks: Vec<String>,
}

/// A list of keys that cannot be used. No message contains a secret.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KeyringError {
    /// The text is not a list of `number=secret`.
    #[error("write each key as `number=secret`, with commas or new lines between keys")]
    Form,
    /// A secret contains white space: there are two secrets, or a secret and a remark, on one line.
    #[error(
        "the secret of key {id} contains white space; write one secret without spaces or tabs for each key"
    )]
    WhiteSpace {
        /// The key's number.
        id: u16,
    },
    /// A secret contains `=` before its end: two keys were joined.
    #[error(
        "the secret of key {id} contains `=` before its end, as if another key followed without a comma or a new line between; \
         `=` is only taken at the end of a secret (base64 padding)"
    )]
    Glued {
        /// The key's number.
        id: u16,
    },
    /// A secret is short enough to be guessed.
    #[error("key {id} is shorter than 32 bytes; `openssl rand -base64 48` makes a good one")]
    Short {
        /// The key's number.
        id: u16,
    },
    /// A secret has hardly any variety, such as 32 times `a`.
    #[error(
        "key {id} repeats a few characters and can be guessed; `openssl rand -base64 48` makes a good one"
    )]
    Monotonous {
        /// The key's number.
        id: u16,
    },
    /// Two keys have the same number.
    #[error("key {id} is listed twice")]
    Twice {
        /// The keys' number.
        id: u16,
    },
    /// The text is not a JWK Set, or the set is empty.
    #[error("write the JWK Set as `{{\"keys\":[…]}}`, the issuing key first")]
    Set,
    /// A JSON Web Key that cannot be used for this purpose.
    #[error("key {place} of the JWK Set cannot be used: {source}")]
    Jwk {
        /// The key's position in the set, from 1.
        place: usize,
        /// Why the key cannot be used.
        source: JwkError,
    },
    /// A JSON Web Key without a number as its `kid`, by which tokens could refer to it.
    #[error("key {place} of the JWK Set needs a number from 0 to 65535 as its `kid`, in quotes")]
    Kid {
        /// The key's position in the set, from 1.
        place: usize,
    },
    /// The issuing key may only check.
    #[error("key {id} is the first of the JWK Set, so it signs new tokens, and its `key_ops` lack `sign`")]
    NotToSign {
        /// The key's number.
        id: u16,
    },
}

impl Keyring {
    /// A keyring with one new random key, number 1, of 244 random bits. What it signs is valid only until the process ends.
    pub fn random() -> Self {
        let secret = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        Self {
            issuing: Key { id: 1, secret: secret.into_bytes().into() },
            checking: Vec::new(),
            random: true,
        }
    }

    /// A report about these keys that contains no secret.
    pub fn held_for(&self, purpose: &'static str) -> HeldKeys {
        let issues = if self.random { "random".to_owned() } else { self.issuing.id.to_string() };
        HeldKeys { purpose, issues, checks: self.checking.iter().map(|key| key.id.to_string()).collect() }
    }

    /// The key that issues credentials.
    pub fn issuing(&self) -> &Key {
        &self.issuing
    }

    /// Whether one of these keys has the same secret as one of `other`. With one secret for two purposes, what was signed
    /// for one is valid for the other, and a leak of one is a leak of both.
    pub fn shares_a_secret_with(&self, other: &Self) -> bool {
        self.all().any(|own| other.all().any(|key| own.expose_bytes() == key.expose_bytes()))
    }

    /// All keys that check, the issuing key first.
    pub fn all(&self) -> impl Iterator<Item = &Key> {
        std::iter::once(&self.issuing).chain(&self.checking)
    }
}

impl FromStr for Keyring {
    type Err = KeyringError;

    /// Parses `2=secret,1=old-secret`, with commas or new lines between the keys.
    ///
    /// A secret is one word, with `=` at its end only. A looser syntax would turn a mistake in a key file into a different
    /// secret under an old number, which logs out every user: a key appended to a file whose last line has no line end is
    /// joined to the key before it.
    fn from_str(text: &str) -> Result<Self, KeyringError> {
        let read = |entry: &str| {
            let (id, secret) = entry.split_once('=').ok_or(KeyringError::Form)?;
            let id = id.trim().parse().or(Err(KeyringError::Form))?;
            let secret = secret.trim();
            if secret.contains(char::is_whitespace) {
                return Err(KeyringError::WhiteSpace { id });
            }
            if secret.trim_end_matches('=').contains('=') {
                return Err(KeyringError::Glued { id });
            }
            Key::new(id, secret.as_bytes().to_vec().into())
        };
        Self::of(list::entries(text).map(read)).and_then(|ring| ring.ok_or(KeyringError::Form))
    }
}

impl Keyring {
    /// Reads the keys that sign tokens from a JWK Set. Each is a JSON Web Key for signatures (see [`jwk`]) and has its
    /// number as `kid`; the first one issues.
    ///
    /// # Errors
    /// The text is not a JWK Set or is empty, a key cannot be used or has no number of its own, or the first key may not
    /// sign.
    pub fn from_jwk_set(text: &str) -> Result<Self, KeyringError> {
        let keys = jwk::set(text).or(Err(KeyringError::Set))?;
        let signs = matches!(keys.first(), Some(Ok(HmacKey { signs: true, .. })));
        let ring = Self::of(keys.into_iter().zip(1..).map(|(key, place)| {
            let key = key.map_err(|source| KeyringError::Jwk { place, source })?;
            Key::new(number(key.kid.as_deref()).ok_or(KeyringError::Kid { place })?, key.into_secret())
        }))?;
        let ring = ring.ok_or(KeyringError::Set)?;
        if signs { Ok(ring) } else { Err(KeyringError::NotToSign { id: ring.issuing.id }) }
    }

    /// A keyring of these keys in this order, or `None` if there are none.
    fn of(keys: impl Iterator<Item = Result<Key, KeyringError>>) -> Result<Option<Self>, KeyringError> {
        let mut ring: Option<Self> = None;
        for key in keys {
            let key = key?;
            match &mut ring {
                None => ring = Some(Self { issuing: key, checking: Vec::new(), random: false }),
                Some(ring) if ring.all().any(|other| other.id == key.id) => {
                    return Err(KeyringError::Twice { id: key.id });
                }
                Some(ring) => ring.checking.push(key),
            }
        }
        Ok(ring)
    }
}

/// The number that a `kid` represents, if it is written as tokens write it, so that no two spellings name one key.
fn number(kid: Option<&str>) -> Option<u16> {
    kid.and_then(|kid| kid.parse().ok().filter(|number: &u16| number.to_string() == kid))
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
    fn a_key_appended_to_a_file_of_keys_is_a_key_of_its_own() {
        for text in [
            format!("1={LONG}\n2={LONG}\n"),
            format!("1={LONG}\r\n2={LONG}\r\n"),
            format!("\n1={LONG},\n\n2={LONG},\n"),
            format!("1={LONG}, ,2={LONG}"),
        ] {
            let ring: Keyring = text.parse().unwrap();
            assert_eq!(ring.all().map(|key| key.id).collect::<Vec<_>>(), [1, 2], "{text:?}");
            assert!(ring.all().all(|key| key.expose_bytes() == LONG.as_bytes()), "{text:?}");
        }
    }

    #[test]
    fn a_list_without_a_key_is_refused_with_the_form_of_a_key() {
        for text in ["", "\n", " , ", LONG, "one=0123456789abcdef0123456789abcdef"] {
            assert_eq!(text.parse::<Keyring>().unwrap_err(), KeyringError::Form, "{text:?}");
        }
        assert_eq!(
            KeyringError::Form.to_string(),
            "write each key as `number=secret`, with commas or new lines between keys"
        );
    }

    #[test]
    fn white_space_in_a_secret_is_refused_and_around_it_is_not_part_of_it() {
        let around: Keyring = format!("2 =\t{LONG} ").parse().unwrap();
        assert_eq!(around.issuing().expose_bytes(), LONG.as_bytes());
        for space in [" ", "\t", "\r", "\u{a0}"] {
            let refused = format!("1={LONG},2={LONG}{space}{LONG}").parse::<Keyring>().unwrap_err();
            assert_eq!(refused, KeyringError::WhiteSpace { id: 2 }, "{space:?}");
            assert_eq!(
                refused.to_string(),
                "the secret of key 2 contains white space; write one secret without spaces or tabs for each key"
            );
        }
    }

    #[test]
    fn two_keys_glued_together_are_refused_and_base64_padding_is_not() {
        let padded: Keyring = format!("1={LONG}==\n2={LONG}=").parse().unwrap();
        assert_eq!(padded.issuing().expose_bytes(), format!("{LONG}==").as_bytes());
        for glued in [format!("1={LONG}2={LONG}"), format!("1={LONG}==2={LONG}==")] {
            let refused = glued.parse::<Keyring>().unwrap_err();
            assert_eq!(refused, KeyringError::Glued { id: 1 });
            assert!(refused.to_string().starts_with("the secret of key 1 contains `=` before its end"));
        }
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
    fn a_key_of_a_few_characters_over_and_over_is_refused_and_random_hexadecimal_digits_are_not() {
        for secret in
            ["a".repeat(32), "ab".repeat(40), "password".repeat(4), "12345678".repeat(8), "\0".repeat(64)]
        {
            assert_eq!(
                format!("1={secret}").parse::<Keyring>().unwrap_err(),
                KeyringError::Monotonous { id: 1 },
                "{secret}"
            );
        }
        assert!("1=3d1a90cb6f60a1d4b2f7c8e5a9d03417".parse::<Keyring>().is_ok());
        assert!("1=abcdefghiabcdefghiabcdefghiabcdefghi".parse::<Keyring>().is_ok());
        let told = KeyringError::Monotonous { id: 1 }.to_string();
        assert!(told.starts_with("key 1 repeats a few characters and can be guessed"), "{told}");
    }

    #[test]
    fn rings_share_a_secret_whatever_its_number_and_whether_it_issues_or_only_checks() {
        let ring = |text: &str| text.parse::<Keyring>().unwrap();
        let (one, two) = (format!("1={LONG}"), format!("2={LONG}x,7={LONG}"));
        assert!(ring(&one).shares_a_secret_with(&ring(&two)));
        assert!(ring(&two).shares_a_secret_with(&ring(&one)));
        assert!(!ring(&one).shares_a_secret_with(&ring(&format!("1={LONG}x"))));
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

    #[test]
    fn a_ring_is_told_of_by_its_numbers_and_a_random_key_by_that_word() {
        let ring: Keyring = format!("3={LONG},2={LONG},1={LONG}").parse().unwrap();
        let held = ring.held_for("access");
        let checks = vec!["2".to_owned(), "1".to_owned()];
        assert_eq!(held, HeldKeys { purpose: "access", issues: "3".to_owned(), checks });
        let held = Keyring::random().held_for("refresh");
        assert_eq!(held, HeldKeys { purpose: "refresh", issues: "random".to_owned(), checks: vec![] });
    }

    /// A JWK with the secret of [`LONG`] in base64url.
    fn jwk(rest: &str) -> String {
        format!(r#"{{"kty":"oct","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"{rest}}}"#)
    }

    fn set(keys: &[&str]) -> Result<Keyring, KeyringError> {
        let keys: Vec<_> = keys.iter().map(|rest| jwk(rest)).collect();
        Keyring::from_jwk_set(&format!(r#"{{"keys":[{}]}}"#, keys.join(",")))
    }

    #[test]
    fn a_jwk_set_is_read_in_order_and_gives_the_same_secrets() {
        let ring = set(&[r#","kid":"2","use":"sig""#, r#","kid":"1","key_ops":["verify"]"#]).unwrap();
        assert_eq!(ring.all().map(|key| key.id).collect::<Vec<_>>(), [2, 1]);
        assert!(ring.all().all(|key| key.expose_bytes() == LONG.as_bytes()));
    }

    #[test]
    fn a_jwk_set_with_a_key_that_is_not_for_signatures_is_refused_whole() {
        let good = r#","kid":"2""#;
        let refused = |rest: &str| set(&[good, rest]).unwrap_err();
        assert!(set(&[good, r#","kid":"1","use":"sig""#]).is_ok());
        let place = 2;
        assert_eq!(refused(r#","kid":"1","use":"enc""#), KeyringError::Jwk { place, source: JwkError::Use });
        assert_eq!(
            refused(r#","kid":"1","key_ops":["sign"]"#),
            KeyringError::Jwk { place, source: JwkError::Operations }
        );
    }

    #[test]
    fn the_first_key_of_a_jwk_set_may_sign_or_the_set_is_refused() {
        let checking = r#","kid":"1","key_ops":["verify"]"#;
        assert!(set(&[r#","kid":"2","key_ops":["sign","verify"]"#, checking]).is_ok());
        assert_eq!(set(&[checking]).unwrap_err(), KeyringError::NotToSign { id: 1 });
    }

    #[test]
    fn a_jwk_has_a_number_as_its_kid_in_one_spelling() {
        assert!(set(&[r#","kid":"65535""#]).is_ok());
        for kid in ["", r#","kid":"65536""#, r#","kid":"01""#, r#","kid":"+1""#, r#","kid":"a""#] {
            assert_eq!(set(&[kid]).unwrap_err(), KeyringError::Kid { place: 1 }, "{kid}");
        }
        assert_eq!(set(&[r#","kid":"1""#, r#","kid":"1""#]).unwrap_err(), KeyringError::Twice { id: 1 });
    }

    #[test]
    fn what_is_no_jwk_set_is_told_how_to_write_one() {
        for text in ["{}", "{", r#"{"keys":[]}"#, r#"{"keys":{}}"#, &jwk("")] {
            assert_eq!(Keyring::from_jwk_set(text).unwrap_err(), KeyringError::Set, "{text}");
        }
        assert_eq!(
            KeyringError::Set.to_string(),
            r#"write the JWK Set as `{"keys":[…]}`, the issuing key first"#
        );
    }
}
