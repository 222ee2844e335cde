//! How an attacker guesses a weak secret.
//!
//! A token contains all that is needed to test a guess at its secret, so the attacker works offline: no server receives
//! a request, counts a failed login or throttles. A computer tries millions of words a second. The only defence is a
//! secret that is in no word list: 32 random bytes (RFC 7518 §3.2 requires at least as many bits as the hash has).

use crate::jwt::verify;

/// Words that every such list contains, and that are too often configured as secrets. This list was made for the lab; a
/// real one is a thousand times longer.
const STEMS: &[&str] = &[
    "secret",
    "password",
    "changeme",
    "letmein",
    "admin",
    "jwt",
    "token",
    "key",
    "test",
    "dev",
    "qwerty",
    "hunter",
    "summer",
    "winter",
    "default",
    "example",
    "my-secret",
    "your-256-bit-secret",
    "keyboard cat",
    "shhhh",
];

/// What users append to a word to make it look strong.
const TAILS: &[&str] = &["", "1", "12", "123", "1234", "!", "2025", "2026", "_key", "-key", "secret"];

/// The word list: every stem with every tail, each in lower case and with a capital first letter.
pub fn words() -> impl Iterator<Item = String> {
    let capital = |stem: &str| stem[..1].to_uppercase() + &stem[1..];
    let stems = STEMS.iter().flat_map(move |stem| [(*stem).to_owned(), capital(stem)]);
    stems.flat_map(|stem| TAILS.iter().map(move |tail| format!("{stem}{tail}")))
}

// ANCHOR: guess
/// Returns the first word of the list that the token was signed with. An attacker who has it can sign any token.
pub fn secret_of(token: &str, mut words: impl Iterator<Item = String>) -> Option<String> {
    words.find(|word| verify(word.as_bytes(), token).is_ok())
}
// ANCHOR_END: guess

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::sign;

    const HEADER: &str = r#"{"alg":"HS256"}"#;

    #[test]
    fn a_word_with_a_year_behind_it_is_found_and_then_anything_can_be_signed() {
        let token = sign(b"Summer2026", HEADER, r#"{"role":"user"}"#);
        let found = secret_of(&token, words()).unwrap();
        assert_eq!(found, "Summer2026");
        let forged = sign(found.as_bytes(), HEADER, r#"{"role":"admin"}"#);
        assert_eq!(verify(b"Summer2026", &forged).unwrap()["role"], "admin");
    }

    #[test]
    fn thirty_two_random_bytes_are_in_no_list() {
        let mut secret = [0; 32];
        aws_lc_rs::rand::fill(&mut secret).unwrap();
        assert_eq!(secret_of(&sign(&secret, HEADER, "{}"), words()), None);
    }

    #[test]
    fn the_list_has_no_word_twice() {
        let all: Vec<String> = words().collect();
        let distinct: std::collections::HashSet<&String> = all.iter().collect();
        assert_eq!(all.len(), distinct.len());
        assert_eq!(all.len(), STEMS.len() * 2 * TAILS.len());
    }
}
