//! What a session record contains about its user, and when the session is over.
//!
//! A session has two time limits. The **idle** limit ends a session that the user no longer uses; each use extends it.
//! The **absolute** limit ends a session that is in constant use, because the one using it may be a thief; nothing
//! extends it (OWASP ASVS 7.3.1 and 7.3.2). Both are compared with the clock that is passed in. A TTL in Redis only
//! removes old keys; it never decides whether a session is over.

use std::collections::HashMap;
use std::time::Duration;

use kit::{Config, User};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

/// The key under which a session's data contains its holder.
pub const HOLDER: &str = "holder";

/// The upper bound of [`Limits::step`].
const COARSEST_STEP: Duration = Duration::from_secs(60);

/// The user of a session. It is serialized as a JSON list without field names, which halves its size. `session_id` is
/// public: it is not the id in the cookie, and it opens nothing.
///
/// ```
/// use std::time::Duration;
///
/// use kit::User;
/// use kit::email::Email;
/// use lab2_session::holder::{Holder, Limits};
/// # use uuid::Uuid;
///
/// let ann = User { id: Uuid::new_v4(), email: Email::parse("ann@example.test")?, epoch: 0 };
/// let limits = Limits { idle: Duration::from_secs(60), absolute: Duration::from_secs(100), per_user: 5 };
/// let mut holder = Holder::new(&ann, 0, &limits);
/// assert_eq!(holder.over_at_ms(&limits), 60_000);
///
/// // Each use extends the idle limit, and none extends the absolute one.
/// holder.seen_at_ms = 30_000;
/// assert_eq!(holder.over_at_ms(&limits), 90_000);
/// holder.seen_at_ms = 80_000;
/// assert_eq!(holder.over_at_ms(&limits), 100_000);
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored", into = "Stored")]
pub struct Holder {
    /// The account's id.
    pub user_id: Uuid,
    /// The session's public id: a random UUID that is unrelated to the secret id in the cookie.
    pub session_id: Uuid,
    /// The account's email address at login.
    pub email: String,
    /// The account's epoch at login.
    pub epoch: u64,
    /// When the session was last used, to within a [`Limits::step`]; milliseconds since the Unix epoch.
    pub seen_at_ms: u64,
    /// When the absolute limit ends the session; milliseconds since the Unix epoch.
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
    /// The holder of a new session of `user` that begins at `now_ms`.
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

    /// Reads the holder from a session's data. The stores need it, because they keep an index of each user's sessions.
    pub(crate) fn among(data: &HashMap<String, Value>) -> Option<Self> {
        Self::deserialize(data.get(HOLDER)?).ok()
    }

    /// When the session is over if it is not used again: at the idle limit, but never after the absolute limit. In
    /// milliseconds since the Unix epoch.
    pub fn over_at_ms(&self, limits: &Limits) -> u64 {
        self.seen_at_ms.saturating_add(millis(limits.idle)).min(self.ends_at_ms)
    }
}

/// The time limits of a session, and the most sessions that a user may have.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How long a session lives without being used.
    pub idle: Duration,
    /// How long a session lives at most.
    pub absolute: Duration,
    /// The most sessions of one user; a further login ends the least recently used one.
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
    /// The precision of the idle limit: a session may end earlier than its idle limit by this much, and never later.
    ///
    /// Recording every use would double the commands per request. So a use is recorded only if the last recorded use is
    /// at least one step ago. A step is a hundredth of the idle limit, and at most one minute.
    pub fn step(&self) -> Duration {
        (self.idle / 100).min(COARSEST_STEP)
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Converts milliseconds since the Unix epoch into tower-sessions' type. A time beyond the last one of that type
/// becomes the last one.
pub(crate) fn moment(ms: u64) -> OffsetDateTime {
    let nanos = i128::from(ms) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(time::UtcDateTime::MAX.into())
}

/// Converts a time into milliseconds since the Unix epoch; a time before the epoch becomes 0.
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
