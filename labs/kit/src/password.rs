//! Passwords: what one is, and how one is hashed without stopping the server.
//!
//! Argon2id at OWASP's parameters takes some 15 ms of a core and 19 MiB. On an async thread that stalls every other
//! request; on the blocking pool without a limit a flood of log-ins takes all memory and cores. So hashing has a limited
//! number of places and a queue of limited length in which addresses take turns, and `/me` goes on being answered.

mod argon2id;
mod turns;

use std::fmt;

use argon2::password_hash::phc::PasswordHash;
use secrecy::{ExposeSecret, SecretString};

use self::argon2id::{Lent, Memory};
use self::turns::Turns;
pub(crate) use self::turns::{Lane, Work};
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

/// The bounded place where passwords are hashed. Clones share the bound, and each hashes in the lane that it was given.
#[derive(Clone)]
pub(crate) struct Hasher {
    turns: Turns,
    lane: Lane,
    memory: Memory,
    max_busy: usize,
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
            turns: Turns::new(limits.hashing, limits.hashing_queue),
            lane: Lane::default(),
            memory: Memory::default(),
            max_busy: limits.hashing,
        }
    }

    /// The same, for work that waits in this lane.
    pub(crate) fn in_lane(&self, lane: Lane) -> Self {
        Self { lane, ..self.clone() }
    }

    /// How busy it is now.
    pub(crate) fn state(&self) -> Hashing {
        let (free, waiting) = self.turns.state();
        Hashing { places: self.max_busy, busy: self.max_busy.saturating_sub(free), waiting }
    }

    /// Hashes a new password with a fresh salt.
    pub(crate) async fn hash(&self, password: Password) -> Result<Hashed, Error> {
        self.in_its_place(move |memory| {
            let hash = memory.hash(password.0.expose_secret().as_bytes()).map_err(Error::Internal)?;
            Ok(Hashed(hash.to_string()))
        })
        .await?
    }

    /// Whether the password is the hashed one. Without a hash, the same work is done against one that nobody's password
    /// has, and the answer is no.
    pub(crate) async fn verify(&self, password: Password, hash: Option<Hashed>) -> Result<bool, Error> {
        self.in_its_place(move |memory| {
            let known = hash.is_some();
            let text = hash.map_or_else(|| DUMMY.to_owned(), |hash| hash.0);
            let stored = PasswordHash::new(&text).map_err(|error| Error::Internal(error.into()))?;
            let matches =
                memory.verify(password.0.expose_secret().as_bytes(), &stored).map_err(Error::Internal)?;
            Ok(matches && known)
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
            // The place goes with the work: a client that hangs up does not free it early. Rust drops `memory` before
            // `_place`, in the reverse order of their declaration, so there are never more buffers than places.
            let _place = place;
            let mut memory = memory.lend();
            work(&mut memory)
        });
        work.await.map_err(|error| Error::Internal(error.into()))
    }
}

/// The hash of a random text that was thrown away, at the same parameters as ours. It is no secret.
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
