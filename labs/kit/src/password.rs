//! Passwords: validation, and hashing that does not stop the server.
//!
//! Argon2id at OWASP's parameters takes about 15 ms of a core and 19 MiB. On an async thread, hashing stalls every other
//! request; on the blocking pool without a limit, a flood of logins takes all memory and cores. So hashing has a limited
//! number of places and a queue of limited length in which addresses take turns, and the server keeps answering `/me`.

mod argon2id;
mod blocklist;
pub mod length;
mod turns;

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use self::argon2id::{Lent, Memory};
use self::length::MIN_CHARACTERS;
use self::turns::Turns;
pub(crate) use self::turns::{Lane, Work};
use crate::config::Limits;
use crate::email::Email;
use crate::error::Error;

/// The longest password, in bytes: hashing time does not depend on the length, reading time does.
pub const MAX_BYTES: usize = 1024;

/// A password as the user typed it, to be compared with an account's. Any characters; never trimmed, never logged.
///
/// Its quality is not checked, because it may have been chosen when the requirements were lower.
/// [`chosen`](Self::chosen) checks it for an account that gets the password now.
///
/// ```
/// use kit::email::Email;
/// use kit::password::Password;
///
/// let ann = Email::parse("ann@example.test")?;
/// let password = Password::parse("correct horse battery staple")?;
/// assert!(password.chosen(15, &ann).is_ok());
///
/// let short = Password::parse("hunter22")?;
/// assert_eq!(short.chosen(15, &ann).unwrap_err(), "a new password has at least 15 characters");
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug)]
pub struct Password(SecretString);

/// A password that an account may get: long enough for this server, not common, and not the account's own address.
#[derive(Clone, Debug)]
pub struct NewPassword(Password);

impl Password {
    /// Accepts a password of 8 characters to 1,024 bytes.
    ///
    /// # Errors
    /// The password is too short or too long. The error is a sentence for the user who typed it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("a password has at most {MAX_BYTES} bytes"));
        }
        if text.chars().count() < MIN_CHARACTERS {
            return Err(format!("a password has at least {MIN_CHARACTERS} characters"));
        }
        Ok(Self(text.into()))
    }

    /// Accepts this as the new password of the account with this address.
    ///
    /// # Errors
    /// The password is too short, common, or the address or its local part. The error is a sentence for the user who chose
    /// it.
    pub fn chosen(self, min_characters: usize, email: &Email) -> Result<NewPassword, String> {
        let text = self.normalised();
        let text = text.expose_secret();
        if text.chars().count() < min_characters {
            return Err(format!("a new password has at least {min_characters} characters"));
        }
        let lower = text.to_lowercase();
        if email.parts().iter().any(|part| part.to_lowercase() == lower) {
            return Err("a password must not be the account's e-mail address or the name in it".into());
        }
        if blocklist::is_common(&lower) {
            return Err("this password is on the list of common passwords; choose another one".into());
        }
        Ok(NewPassword(self))
    }

    /// The password in Unicode form NFC (NIST SP 800-63B-4 §3.1.1.2): keyboards differ in how they write `é`, as one
    /// character or as an `e` and an accent, and a user does not see the difference.
    fn normalised(&self) -> SecretString {
        let text = self.0.expose_secret();
        match is_nfc_quick(text.chars()) {
            IsNormalized::Yes => self.0.clone(),
            IsNormalized::No | IsNormalized::Maybe => text.nfc().collect::<String>().into(),
        }
    }

    /// The forms that an account's hash may have been computed from: the normalised form, and the typed one if it differs,
    /// because earlier versions did not normalise.
    fn forms(self) -> Vec<SecretString> {
        let mut forms = vec![self.normalised(), self.0];
        forms.dedup_by(|typed, normalised| typed.expose_secret() == normalised.expose_secret());
        forms
    }
}

impl From<NewPassword> for Password {
    fn from(NewPassword(password): NewPassword) -> Self {
        password
    }
}

/// A password's hash in PHC string format, with its salt and parameters.
#[derive(Clone)]
pub(crate) struct Hashed(String);

impl Hashed {
    pub(crate) fn from_stored(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hashed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hashed(…)")
    }
}

/// Hashes passwords in a limited number of places. Clones share the limit, and each waits in the lane that it was given.
#[derive(Clone)]
pub(crate) struct Hasher {
    turns: Turns,
    lane: Lane,
    memory: Memory,
    max_busy: usize,
}

/// The load of the hasher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hashing {
    /// The number of passwords that may be hashed at once.
    pub(crate) places: usize,
    /// The number of passwords that are being hashed.
    pub(crate) busy: usize,
    /// The number of passwords that wait for a place.
    pub(crate) waiting: usize,
}

impl Hasher {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            turns: Turns::new(limits.hashing, limits.hashing_queue),
            lane: Lane::default(),
            memory: Memory::default(),
            max_busy: limits.hashing,
        }
    }

    /// The same hasher, for work that waits in this lane.
    pub(crate) fn in_lane(&self, lane: Lane) -> Self {
        Self { lane, ..self.clone() }
    }

    /// The hasher's load now.
    pub(crate) fn state(&self) -> Hashing {
        let (free, waiting) = self.turns.state();
        Hashing { places: self.max_busy, busy: self.max_busy.saturating_sub(free), waiting }
    }

    /// Hashes a new password with a fresh salt.
    pub(crate) async fn hash(&self, password: Password) -> Result<Hashed, Error> {
        self.in_its_place(move |memory| {
            let text = password.normalised();
            let hash = memory.hash(text.expose_secret().as_bytes()).map_err(Error::Internal)?;
            Ok(Hashed(hash.to_string()))
        })
        .await?
    }

    /// Whether the password matches the hash. Without a hash, it does the same work against a hash that matches no
    /// password, and returns `false`.
    pub(crate) async fn verify(&self, password: Password, hash: Option<Hashed>) -> Result<bool, Error> {
        self.in_its_place(move |memory| {
            let known = hash.is_some();
            let text = hash.map_or_else(|| DUMMY.to_owned(), |hash| hash.0);
            let stored = PasswordHash::new(&text).map_err(|error| Error::Internal(error.into()))?;
            for text in password.forms() {
                let matches =
                    memory.verify(text.expose_secret().as_bytes(), &stored).map_err(Error::Internal)?;
                if matches {
                    return Ok(known);
                }
            }
            Ok(false)
        })
        .await?
    }

    async fn in_its_place<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Lent) -> T + Send + 'static,
    ) -> Result<T, Error> {
        let place = self.turns.place(self.lane).await?;
        let memory = self.memory.clone();
        let work = tokio::task::spawn_blocking(move || {
            // The place stays with the work, so a client that hangs up does not free it early. Rust drops `memory` before
            // `_place`, in the reverse order of their declaration, so there are never more buffers than places.
            let _place = place;
            let mut memory = memory.lend();
            work(&mut memory)
        });
        work.await.map_err(|error| Error::Internal(error.into()))
    }
}

/// The hash of a random text that was thrown away, with the same parameters as real hashes. It is not secret.
const DUMMY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$ZHVtbXlzYWx0ZHVtbXlzYQ$k1sT2PvZ9Hq0Zr8mWn5dVx3uYb7cJf4gLh6iOa1eRtU";

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    #[test]
    fn a_password_of_8_characters_and_of_1024_bytes_is_taken_and_one_beyond_is_not() {
        for (character, length, taken) in [
            ("x", 7, false),
            ("x", 8, true),
            ("x", 1024, true),
            ("x", 1025, false),
            ("é", 7, false),
            ("é", 8, true),
            ("é", 512, true),
            ("é", 513, false),
        ] {
            assert_eq!(Password::parse(&character.repeat(length)).is_ok(), taken, "{length} of {character}");
        }
    }

    fn chosen(text: &str, min_characters: usize) -> Result<NewPassword, String> {
        password(text).chosen(min_characters, &Email::parse("ann.oconnor@example.test").unwrap())
    }

    #[test]
    fn a_new_password_has_as_many_characters_as_the_server_asks_for_once_it_is_normalised() {
        assert!(chosen("zb4-kite-marble", 15).is_ok());
        assert_eq!(chosen("zb4-kite-marbl", 15).unwrap_err(), "a new password has at least 15 characters");
        assert!(chosen("zb4-kite-marbl", 14).is_ok());
        // Fifteen code points as typed, and fourteen characters.
        assert!(chosen("zb4-kite-marbe\u{301}", 15).is_err());
        assert!(chosen("zb4-kite-marble\u{301}", 15).is_ok());
    }

    #[test]
    fn a_common_password_and_the_own_address_are_refused_in_any_case() {
        for refused in ["password", "PassWord", "12345678", "Passwordpassword"] {
            assert!(chosen(refused, 8).unwrap_err().contains("common passwords"), "{refused}");
        }
        for own in ["ann.oconnor@example.test", "Ann.OConnor@EXAMPLE.test", "ANN.OCONNOR"] {
            assert!(chosen(own, 8).unwrap_err().contains("e-mail address"), "{own}");
        }
        assert!(chosen("ben.oconnor@example.test", 8).is_ok(), "another's address");
        assert!(Password::parse("password").is_ok(), "who has one already can log in with it");
    }

    #[tokio::test]
    async fn both_ways_to_write_an_accent_are_one_password() {
        let hasher = Hasher::new(&Limits::default());
        let (composed, decomposed) = ("caf\u{e9} au lait", "cafe\u{301} au lait");
        for (first, second) in [(composed, decomposed), (decomposed, composed), (composed, composed)] {
            let hash = hasher.hash(password(first)).await.unwrap();
            assert!(hasher.verify(password(second), Some(hash.clone())).await.unwrap());
            assert!(!hasher.verify(password("cafe au lait"), Some(hash)).await.unwrap(), "another password");
        }
        assert!(!hasher.verify(password(decomposed), None).await.unwrap());
    }

    #[tokio::test]
    async fn a_hash_that_an_earlier_version_made_of_a_decomposed_password_still_lets_it_in() {
        let decomposed = "cafe\u{301} au lait";
        let old = Memory::default().lend().hash(decomposed.as_bytes()).unwrap();
        let hasher = Hasher::new(&Limits::default());
        let old = || Some(Hashed(old.to_string()));
        assert!(hasher.verify(password(decomposed), old()).await.unwrap());
        assert!(!hasher.verify(password("caf\u{e9} au lait"), old()).await.unwrap(), "as before");
    }

    #[test]
    fn a_password_is_not_shown() {
        assert!(!format!("{:?}", password("correct horse")).contains("horse"));
    }

    #[tokio::test]
    async fn a_hash_carries_the_parameters_that_owasp_asks_for_and_the_dummy_has_the_same() {
        let hash = Hasher::new(&Limits::default()).hash(password("correct horse")).await.unwrap();
        let head = "$argon2id$v=19$m=19456,t=2,p=1$";
        assert!(hash.as_str().starts_with(head));
        assert!(DUMMY.starts_with(head));
        assert!(PasswordHash::new(DUMMY).is_ok());
    }

    #[tokio::test]
    async fn a_log_in_beyond_the_queue_is_refused_at_once_and_the_place_is_free_again_later() {
        let limits = Limits { hashing: 1, hashing_queue: 0, ..Limits::default() };
        let hasher = Hasher::new(&limits);
        let held = hasher.turns.place(Lane::default()).await.unwrap();
        assert!(matches!(hasher.hash(password("correct horse")).await, Err(Error::Overloaded(_))));
        drop(held);
        assert!(hasher.hash(password("correct horse")).await.is_ok());
    }

    #[tokio::test]
    async fn as_much_memory_is_taken_as_there_are_places_however_many_log_in() {
        let hasher = Hasher::new(&Limits { hashing: 2, ..Limits::default() });
        assert_eq!(hasher.memory.len(), 0, "nothing is taken before the first password");
        let hash = hasher.hash(password("correct horse")).await.unwrap();
        let log_ins = (0..6).map(|number| {
            let (hasher, hash) = (hasher.clone(), (number % 2 == 0).then(|| hash.clone()));
            tokio::spawn(async move { hasher.verify(password("correct horse"), hash).await })
        });
        for (number, log_in) in log_ins.collect::<Vec<_>>().into_iter().enumerate() {
            assert_eq!(log_in.await.unwrap().unwrap(), number % 2 == 0, "only a known account is let in");
        }
        let all = [
            hasher.turns.place(Lane::default()).await.unwrap(),
            hasher.turns.place(Lane::default()).await.unwrap(),
        ];
        assert!((1..=2).contains(&hasher.memory.len()), "{}", hasher.memory.len());
        drop(all);
    }

    #[tokio::test]
    async fn a_request_that_is_given_up_or_panics_leaves_its_place_and_its_memory_to_the_next() {
        let hasher = Hasher::new(&Limits { hashing: 1, ..Limits::default() });
        {
            let mut given_up = std::pin::pin!(hasher.hash(password("correct horse")));
            let waker = std::task::Waker::noop();
            assert!(given_up.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_pending());
        }
        let panics = hasher.in_its_place(|memory| {
            memory.hash(b"correct horse").unwrap();
            panic!("in the middle");
        });
        assert!(matches!(panics.await, Err::<(), _>(Error::Internal(_))));
        assert!(hasher.hash(password("correct horse")).await.is_ok());
        let _all = hasher.turns.place(Lane::default()).await.unwrap();
        assert_eq!(hasher.memory.len(), 1);
    }
}
