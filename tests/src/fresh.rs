//! Addresses and passwords that have never been used.

use uuid::Uuid;

/// The domain of every address; `.test` is reserved and never registered (RFC 6761 §6.2).
pub(crate) const DOMAIN: &str = "example.test";

pub(crate) fn fresh_email() -> String {
    format!("{}@{DOMAIN}", fresh_name())
}

/// The local part of an address.
pub(crate) fn fresh_name() -> String {
    Uuid::new_v4().simple().to_string()
}

pub(crate) fn fresh_password() -> String {
    format!("correct horse {}", fresh_name())
}

/// A random password of `characters` characters, out of the sixteen characters from `from` on.
pub(crate) fn random_password(characters: usize, from: char) -> String {
    let digits = std::iter::repeat_with(|| Uuid::new_v4().as_u128());
    let digits = digits.flat_map(|random| (0..24).map(move |at| (random >> (4 * at)) as u32 & 15));
    let letters = digits.filter_map(|digit| char::from_u32(u32::from(from) + digit));
    letters.take(characters).collect()
}
