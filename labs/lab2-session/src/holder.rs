//! What a session remembers of the person who holds it, and when it is over.
//!
//! A session has two limits. The **idle** limit ends one that nobody uses; each use moves it on. The **absolute** limit
//! ends one that somebody uses all the time, since that somebody may be a thief; nothing moves it (OWASP ASVS 7.3.1 and
//! 7.3.2). Both are compared with the clock that is passed in. A TTL in Redis collects garbage and decides nothing.

use std::collections::HashMap;
use std::time::Duration;

use kit::{Config, User};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

/// The name of the holder among a session's data.
pub const HOLDER: &str = "holder";

/// The longest that a use may go unrecorded.
const COARSEST_STEP: Duration = Duration::from_secs(60);

/// Whose session it is. Stored as a list without names, which halves its size; `session_id` is the session's public name
/// and opens nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Holder {
    /// The account.
    pub user_id: Uuid,
    /// The session's public name: a random number that has nothing to do with the secret one in the cookie.
    pub session_id: Uuid,
    /// The account's address when the person logged in.
    pub email: String,
    /// The account's epoch when the person logged in.
    pub epoch: u64,
    /// When the session was last seen in use, to a [`Limits::step`]; milliseconds since the Unix epoch.
    pub seen_at_ms: u64,
    /// The absolute limit; milliseconds since the Unix epoch.
    pub ends_at_ms: u64,
}

type Stored = (uuid::fmt::Simple, uuid::fmt::Simple, String, u64, u64, u64);

impl From<Stored> for Holder {
    fn from((user_id, session_id, email, epoch, seen_at_ms, ends_at_ms): Stored) -> Self {
        let (user_id, session_id) = (user_id.into_uuid(), session_id.into_uuid());
        Self { user_id, session_id, email, epoch, seen_at_ms, ends_at_ms }
    }
}

impl From<Holder> for Stored {
    fn from(holder: Holder) -> Self {
        let (user, session) = (holder.user_id.simple(), holder.session_id.simple());
        (user, session, holder.email, holder.epoch, holder.seen_at_ms, holder.ends_at_ms)
    }
}

impl Holder {
    /// A new session of a user.
    pub fn new(user: &User, now_ms: u64, limits: &Limits) -> Self {
        Self {
            user_id: user.id,
            session_id: Uuid::new_v4(),
            email: user.email.as_str().to_owned(),
            epoch: user.epoch,
            seen_at_ms: now_ms,
            ends_at_ms: now_ms.saturating_add(millis(limits.absolute)),
        }
    }

    /// The holder among a session's data, for the stores, which keep an index of each user's sessions.
    pub(crate) fn among(data: &HashMap<String, Value>) -> Option<Self> {
        Self::deserialize(data.get(HOLDER)?).ok()
    }

    /// The moment at which the session is over if nobody uses it again: the idle limit, and never past the absolute one.
    pub fn over_at_ms(&self, limits: &Limits) -> u64 {
        self.seen_at_ms.saturating_add(millis(limits.idle)).min(self.ends_at_ms)
    }
}

/// How long sessions live, and how many of them a user has.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Unused.
    pub idle: Duration,
    /// At most.
    pub absolute: Duration,
    /// Sessions of one user; the least recently used goes out.
    pub per_user: usize,
}

impl From<&Config> for Limits {
    fn from(config: &Config) -> Self {
        Self {
            idle: config.idle_ttl,
            absolute: config.refresh_ttl,
            per_user: config.limits.sessions_per_user,
        }
    }
}

impl Limits {
    /// How exact the idle limit is: a session may end this much early, never late.
    ///
    /// To write down every use would double the commands per request. So a use is written down only when the last one
    /// that was is more than a step old: a hundredth of the idle limit, and a minute at most.
    pub fn step(&self) -> Duration {
        (self.idle / 100).min(COARSEST_STEP)
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A moment as tower-sessions tells it. Beyond the last one that it can tell, the last one.
pub(crate) fn moment(ms: u64) -> OffsetDateTime {
    let nanos = i128::from(ms) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(time::UtcDateTime::MAX.into())
}

/// A moment in milliseconds since the Unix epoch; one before that is 0.
pub(crate) fn moment_ms(moment: OffsetDateTime) -> u64 {
    u64::try_from(moment.unix_timestamp_nanos() / 1_000_000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits =
        Limits { idle: Duration::from_secs(100), absolute: Duration::from_secs(250), per_user: 3 };

    #[test]
    fn use_moves_the_idle_limit_and_never_the_absolute_one() {
        let mut holder = Holder::new(&User::sample(), 1_000, &LIMITS);
        assert_eq!(holder.over_at_ms(&LIMITS), 101_000);
        holder.seen_at_ms = 51_000;
        assert_eq!(holder.over_at_ms(&LIMITS), 151_000);
        holder.seen_at_ms = 200_000;
        assert_eq!(holder.over_at_ms(&LIMITS), 251_000);
    }

    #[test]
    fn a_holder_is_stored_without_names_and_read_back_as_it_was() {
        let holder = Holder::new(&User::sample(), 1_000, &LIMITS);
        let text = serde_json::to_string(&holder).unwrap();
        let ids = (holder.user_id.simple(), holder.session_id.simple());
        assert_eq!(text, format!(r#"["{}","{}","ann@example.test",0,1000,251000]"#, ids.0, ids.1));
        assert_eq!(serde_json::from_str::<Holder>(&text).unwrap(), holder);
    }

    #[test]
    fn the_step_is_a_hundredth_of_the_idle_limit_and_a_minute_at_most() {
        assert_eq!(LIMITS.step(), Duration::from_secs(1));
        assert_eq!(Limits { idle: Duration::from_secs(1_209_600), ..LIMITS }.step(), Duration::from_secs(60));
    }

    #[test]
    fn a_moment_survives_the_way_there_and_back() {
        assert_eq!(moment_ms(moment(1_795_000_000_123)), 1_795_000_000_123);
        assert!(moment(u64::MAX) > moment(1_795_000_000_123));
    }
}
