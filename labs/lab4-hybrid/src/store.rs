//! What a session's store promises, whatever it is made of.
//!
//! Two implementations live here: [`Memory`], for one process, and [`Redis`], for any number of them. One suite of tests
//! runs against both, because the whole protocol stands or falls with what this trait says.
//!
//! Three rules hold for every operation. It happens at once or not at all. **It may be sent twice**, since a command whose
//! answer was lost may have been applied. And a failure is an outage, never a verdict on a credential.

pub mod memory;
pub mod redis;
#[cfg(any(test, feature = "suite"))]
#[doc(hidden)]
#[expect(clippy::unwrap_used, reason = "these are tests, though a library carries them")]
pub mod suite;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::time::Duration;

use kit::marker::Marked;
use kit::{Client, Config, Error, NotReady};
use uuid::Uuid;

use crate::chain::Digest;
use crate::idempotency::IdempotencyKey;
use crate::token::VerifiedToken;

pub use memory::Memory;
pub use redis::Redis;

/// Where sessions live.
pub trait Store: Clone + Send + Sync + 'static {
    /// The store's name in `GET /lab`.
    const NAME: &'static str;

    /// Opens a session. A user who has as many as they may have loses the one that would have ended first.
    fn issue(&self, session: &NewSession<'_>) -> impl Future<Output = Result<Issue, StoreError>> + Send;

    /// Exchanges a refresh token. `epoch` is the account's, read from its row for this very request: it ends sessions even
    /// where a failover lost the news.
    fn refresh(
        &self,
        token: &VerifiedToken,
        epoch: u64,
        attempt: Option<&IdempotencyKey>,
    ) -> impl Future<Output = Result<Refresh, StoreError>> + Send;

    /// Ends one session of a user. `false`: there is no such live session, which a person who logs out twice need not hear.
    fn end(&self, user_id: Uuid, session_id: Uuid) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Ends the session that a login takes the place of. As [`end`](Self::end), but the answer waits for no replica: a login
    /// must not depend on one. A store without replicas keeps this default.
    fn end_replaced(
        &self,
        user_id: Uuid,
        session_id: Uuid,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        async move { self.end(user_id, session_id).await.map(drop) }
    }

    /// Ends all sessions of a user but one, and says how many those were.
    ///
    /// Leaves the epoch alone. Raising it would mean to lift the kept session over the new value, and an honest refresh
    /// of that session which had read the account's row a moment before would still carry the old one. To take the
    /// others out of the set of live sessions is one step that no refresh of the kept session can notice.
    fn end_others(&self, user_id: Uuid, keep: Uuid)
    -> impl Future<Output = Result<usize, StoreError>> + Send;

    /// Ends all sessions of a user that began under an epoch before this one. The account's row says so already; raising
    /// twice to one value changes nothing. Answers the epoch that the store knows then. One above `epoch` was there before,
    /// and nothing was ended: the caller read an old row, or one from a database that was restored.
    fn end_all(&self, user_id: Uuid, epoch: u64) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The live sessions of a user, the latest used first.
    fn list(
        &self,
        user_id: Uuid,
        epoch: u64,
    ) -> impl Future<Output = Result<Vec<Session>, StoreError>> + Send;

    /// The client of a session that is alive; none if it has ended or run out.
    fn live(
        &self,
        user_id: Uuid,
        session_id: Uuid,
        epoch: u64,
    ) -> impl Future<Output = Result<Option<Client>, StoreError>> + Send;

    /// Where the store's marker is, which tells it from one that went back in time. A store that ends with this process
    /// has none.
    fn marked(&self) -> Option<Marked> {
        None
    }

    /// Whether the store answers, and keeps what it is given.
    fn ready(&self) -> impl Future<Output = Result<(), NotReady>> + Send;
}

/// The limits that a store holds sessions to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long after a rotation the token before it gets the same answer, and how long a token that was just handed out
    /// stays. Zero is strict mode: every exchange rotates, and only an idempotency key forgives a repeat.
    pub window: Duration,
    /// How long a session lives unused.
    pub idle: Duration,
    /// How long it lives at most, counted from the log-in.
    pub absolute: Duration,
    /// How many a user may have.
    pub sessions_per_user: usize,
    /// How long the end of a single session is remembered: an access token's life, so that whoever asks about one can be
    /// told.
    pub ended_remembered: Duration,
    /// How long past its end a session's record stays, so that a late client hears "expired" instead of "ended".
    pub expired_remembered: Duration,
}

impl From<&Config> for Policy {
    fn from(config: &Config) -> Self {
        Self {
            window: config.refresh_window,
            idle: config.idle_ttl,
            absolute: config.refresh_ttl,
            sessions_per_user: config.limits.sessions_per_user,
            ended_remembered: config.access_ttl,
            expired_remembered: Duration::from_hours(1),
        }
    }
}

/// A session to be opened.
#[derive(Clone, Debug)]
pub struct NewSession<'a> {
    /// Whose.
    pub user_id: Uuid,
    /// Its name, fresh from [`Keys::first_token`](crate::chain::Keys::first_token).
    pub session_id: Uuid,
    /// The account's epoch, from the row that the password was checked against.
    pub epoch: u64,
    /// The digests of its first token's secret and of the next one.
    pub digests: [Digest; 2],
    /// What the client says of itself.
    pub client: &'a Client,
}

/// What came of opening a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issue {
    /// It is open.
    Issued {
        /// How long it will live if it is not used.
        expires_in: Duration,
    },
    /// The store knows a greater epoch: the account's row was raised after it was read, so the password may be another by
    /// now; or the row is from a database that was restored.
    Stale {
        /// The epoch that the store knows.
        epoch: u64,
    },
}

/// What came of showing a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// The session moved on to the token's successor.
    Rotated {
        /// How long the session will live if it is not used again.
        expires_in: Duration,
    },
    /// The token was handed out less than a window ago and stays. Nothing was written, and no cookie is to be set: a late
    /// answer must not put an older token over a newer one.
    Kept {
        /// As above.
        expires_in: Duration,
    },
    /// The exchange that made this token, asked once more by its idempotency key: it is done, and this token is its outcome.
    /// Nothing was written, as above; but the key is spent, and the next exchange needs another.
    Done {
        /// As above.
        expires_in: Duration,
    },
    /// The session had moved on moments before, by another tab or by this request's first attempt. The same successor.
    Replayed {
        /// As above.
        expires_in: Duration,
    },
    /// The token had been exchanged long before. Somebody holds a copy, so the session is over for everybody.
    Reused,
    /// The session has passed its idle or absolute limit.
    Expired,
    /// The session was ended, or is not known.
    Ended,
    /// The token is more than one rotation ahead of the session's record. Its MAC holds, so this server made it: the store
    /// has lost rotations that had been answered. The token may be the right one, so this is never told as a refusal.
    Ahead,
    /// The session knows no such token. Only a leaked key leads here.
    Invalid,
}

/// A live session, as its owner gets to see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its public name.
    pub id: Uuid,
    /// What its client said of itself.
    pub client: Client,
    /// When it began, in milliseconds since the Unix epoch.
    pub created_at_ms: u64,
    /// When its token was last exchanged.
    pub seen_at_ms: u64,
    /// When it ends if it is not used.
    pub expires_at_ms: u64,
}

/// Why a store gave no verdict.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Redis cannot be reached, refuses, or is too slow.
    #[error(transparent)]
    Redis(#[from] ::redis::RedisError),
    /// The command ran when its caller's time was over, by Redis' clock, and did nothing.
    #[error("the command came too late and did nothing")]
    Late,
    /// The ending is done, and no replica has it yet: a failover could undo it.
    #[error("no replica has confirmed the ending")]
    Unconfirmed,
    /// A refresh token of ours is further than its session's record.
    #[error("the store went back in time: its record of the session is behind a token of ours")]
    Behind,
    /// A script answered what no script of ours answers.
    #[error("an answer that cannot be read: {0}")]
    Answer(String),
}

impl From<StoreError> for Error {
    /// Always an outage: whatever went wrong, it is not the credential's fault.
    fn from(error: StoreError) -> Self {
        Self::StoreUnavailable(error.into())
    }
}
