//! Refuses the passwords that attackers try first.
//!
//! The list is Django's (its licence is in the same folder): 19,640 passwords, the most common first, of which 8,354 have
//! eight characters or more. OWASP ASVS 6.2.4 asks for the 3,000 most common ones that the length allows. No list has that
//! many passwords that are common *and* have fifteen characters: at that length people write a common password twice, or
//! two after another. So those are refused too, and so are repetitions and sequences (NIST SP 800-63B-4 §3.1.1.2).

use std::collections::HashSet;
use std::sync::LazyLock;

const LIST: &str = include_str!("common-passwords.txt");
/// The longest unit whose repetition is always refused, in characters: `abcdabcdabcdabc`.
const REPEATED_UNIT: usize = 4;

static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| LIST.lines().collect());

/// Whether the password is common, or consists only of common parts. `password` is in lower case.
pub(super) fn is_common(password: &str) -> bool {
    COMMON.contains(password) || is_sequence(password) || is_repetition(password) || is_pair(password)
}

/// Whether the password is an ascending or descending sequence: `abcdefghijklmno`, `987654321`.
fn is_sequence(password: &str) -> bool {
    let codes: Vec<_> = password.chars().map(|character| i64::from(u32::from(character))).collect();
    let runs = |step| codes.windows(2).all(|pair| pair[1] - pair[0] == step);
    runs(1) || runs(-1)
}

/// Whether the password repeats a short unit or a common password: `aaaaaaaaaaaaaaa`, `abcabcabcabcabc`,
/// `dragondragondrag`.
fn is_repetition(password: &str) -> bool {
    let starts: Vec<_> = password.char_indices().map(|(at, _)| at).collect();
    starts.iter().enumerate().skip(1).take(starts.len() / 2).any(|(characters, &at)| {
        let (unit, rest) = password.split_at(at);
        let repeats = password.starts_with(rest);
        repeats && (characters <= REPEATED_UNIT || COMMON.contains(unit))
    })
}

/// Whether the password is two common passwords after another: `password12345678`.
fn is_pair(password: &str) -> bool {
    let mut cuts = password.char_indices().skip(1);
    cuts.any(|(at, _)| {
        let (first, second) = password.split_at(at);
        COMMON.contains(first) && COMMON.contains(second)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_has_more_than_3000_passwords_of_eight_characters_and_all_in_lower_case() {
        let long_enough = COMMON.iter().filter(|password| password.chars().count() >= 8).count();
        assert_eq!(long_enough, 8354);
        assert!(LIST.lines().all(|password| password == password.to_lowercase() && !password.is_empty()));
    }

    #[test]
    fn what_guessers_try_first_is_common_and_words_that_mean_something_to_one_person_are_not() {
        for common in [
            "password",
            "12345678",
            "qwertyuiop",
            "passwordpassword",
            "password12345678",
            "dragondragondrag",
            "aaaaaaaaaaaaaaa",
            "xyzwxyzwxyzwxyz",
            "pppppppp",
            "éééééééé",
            "abcdefghijklmno",
            "ponmlkjihgfedcba",
        ] {
            assert!(is_common(common), "{common}");
        }
        for own in [
            "correct horse battery",
            "correct horse",
            "battery staple",
            "another horse, other stable",
            "zb4-kite-marble",
            "ひとりで歩く犬のはなし",
        ] {
            assert!(!is_common(own), "{own}");
        }
    }
}
