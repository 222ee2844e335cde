//! Passwords: what one is, and how one is hashed without stopping the server.
//!
//! Argon2id at OWASP's parameters takes some 15 ms of a core and 19 MiB. On an async thread that stalls every other
//! request; on the blocking pool without a limit a flood of log-ins takes all memory and cores. So hashing has a limited
//! number of places and a queue of limited length, and `/me` goes on being answered.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::config::Limits;
use crate::error::Error;

/// The shortest password, in characters, each code point one (NIST SP 800-63B-4 §3.1.1.2, which has 8 as the least when
/// another factor is used; the course keeps it low so that people can try things).
pub const MIN_CHARACTERS: usize = 8;
/// The longest, in bytes: hashing time does not depend on it, reading it does.
pub const MAX_BYTES: usize = 1024;

/// A password of fitting length. Any characters; never trimmed, never logged.
#[derive(Clone, Debug)]
pub struct Password(SecretString);

impl Password {
    /// Takes a password of 8 characters to 1,024 bytes. The error is a sentence for the person who typed it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_BYTES {
            return Err(format!("a password has at most {MAX_BYTES} bytes"));
        }
        if text.chars().count() < MIN_CHARACTERS {
            return Err(format!("a password has at least {MIN_CHARACTERS} characters"));
        }
        Ok(Self(text.into()))
    }
}

/// A password's hash in PHC form, with its salt and parameters.
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

/// The bounded place where passwords are hashed. Clones share the bound.
#[derive(Clone)]
pub(crate) struct Hasher {
    places: Arc<Semaphore>,
    max_busy: usize,
    waiting: Arc<AtomicUsize>,
    max_waiting: usize,
}

/// How busy the place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hashing {
    /// Passwords that may be hashed at once.
    pub(crate) places: usize,
    /// Those that are being hashed.
    pub(crate) busy: usize,
    /// Those that wait for a place.
    pub(crate) waiting: usize,
}

impl Hasher {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limits.hashing)),
            max_busy: limits.hashing,
            waiting: Arc::default(),
            max_waiting: limits.hashing_queue + limits.hashing,
        }
    }

    /// How busy it is now. The two counts are read one after the other, so a moment's sum may be off by one.
    pub(crate) fn state(&self) -> Hashing {
        let busy = self.max_busy.saturating_sub(self.places.available_permits());
        let waiting = self.waiting.load(Ordering::Relaxed).saturating_sub(busy);
        Hashing { places: self.max_busy, busy, waiting }
    }

    /// Hashes a new password with a fresh salt.
    pub(crate) async fn hash(&self, password: Password) -> Result<Hashed, Error> {
        self.in_its_place(move || {
            let hash = argon2id().hash_password(password.0.expose_secret().as_bytes());
            hash.map(|hash| Hashed(hash.to_string())).map_err(|error| Error::Internal(error.into()))
        })
        .await?
    }

    /// Whether the password is the hashed one. Without a hash, the same work is done against one that nobody's password
    /// has, and the answer is no.
    pub(crate) async fn verify(&self, password: Password, hash: Option<Hashed>) -> Result<bool, Error> {
        self.in_its_place(move || {
            let known = hash.is_some();
            let text = hash.map_or_else(|| DUMMY.to_owned(), |hash| hash.0);
            let parsed = PasswordHash::new(&text).map_err(|error| Error::Internal(error.into()))?;
            let matches = argon2id().verify_password(password.0.expose_secret().as_bytes(), &parsed).is_ok();
            Ok(matches && known)
        })
        .await?
    }

    async fn in_its_place<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let _waiting = Waiting::join(&self.waiting, self.max_waiting)?;
        let place =
            self.places.clone().acquire_owned().await.map_err(|error| Error::Internal(error.into()))?;
        let work = tokio::task::spawn_blocking(move || {
            // The place goes with the work: a client that hangs up does not free it early.
            let _place = place;
            work()
        });
        work.await.map_err(|error| Error::Internal(error.into()))
    }
}

/// One of those who wait or hash. Leaves the count when dropped, also when the request is given up.
struct Waiting(Arc<AtomicUsize>);

impl Waiting {
    fn join(count: &Arc<AtomicUsize>, max: usize) -> Result<Self, Error> {
        let joined = Self(count.clone());
        if count.fetch_add(1, Ordering::Relaxed) >= max {
            return Err(Error::Overloaded("too many log-ins are waiting"));
        }
        Ok(joined)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// OWASP's first choice: Argon2id, 19 MiB, two passes, one lane.
fn argon2id() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, PARAMS)
}

const PARAMS: Params = Params::DEFAULT;

/// The hash of a random text that was thrown away, at the same parameters as [`argon2id`]. It is no secret.
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
        let held = Waiting::join(&hasher.waiting, hasher.max_waiting).unwrap();
        assert!(matches!(hasher.hash(password("correct horse")).await, Err(Error::Overloaded(_))));
        drop(held);
        assert!(hasher.hash(password("correct horse")).await.is_ok());
    }
}
