//! The guarantees of a session store, which every implementation must give.
//!
//! There are two implementations: [`Memory`], for one process, and [`Redis`], for any number of processes. One suite of
//! tests runs against both, because the whole protocol depends on the guarantees of this trait.
//!
//! Three rules hold for every operation. It is applied completely or not at all. **It is safe to send twice**, because
//! a command whose response was lost may have been applied. And a failure is an outage, never a refusal of a
//! credential.

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
use crate::settings::Settings;
use crate::token::VerifiedToken;

pub use memory::Memory;
pub use redis::Redis;

/// A store of session records.
pub trait Store: Clone + Send + Sync + 'static {
    /// The store's name in `GET /lab`.
    const NAME: &'static str;

    /// Opens a session. If the user already has the maximum number of sessions, the one that would end first is ended.
    ///
    /// # Errors
    /// Fails if the store does not answer.
    fn issue(&self, session: &NewSession<'_>) -> impl Future<Output = Result<Issue, StoreError>> + Send;

    /// Exchanges a refresh token. `epoch` is the account's, read from its row for this very request: it ends older
    /// sessions even if a failover lost the store's copy of the epoch.
    ///
    /// # Errors
    /// Fails if the store does not answer.
    fn refresh(
        &self,
        token: &VerifiedToken,
        epoch: u64,
        attempt: Option<&IdempotencyKey>,
    ) -> impl Future<Output = Result<Refresh, StoreError>> + Send;

    /// Ends one session of a user. Returns `false` if the user has no such live session; a user who logs out twice need
    /// not be told.
    ///
    /// # Errors
    /// Fails if the store does not answer, or if no replica confirms the ending.
    fn end(&self, user_id: Uuid, session_id: Uuid) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Ends the session that a login replaces. As [`end`](Self::end), but without waiting for a replica, because a
    /// login must not depend on one. A store without replicas keeps this default.
    ///
    /// # Errors
    /// Fails if the store does not answer.
    fn end_replaced(
        &self,
        user_id: Uuid,
        session_id: Uuid,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        async move { self.end(user_id, session_id).await.map(drop) }
    }

    /// Ends all sessions of a user except `keep`, and returns how many sessions it ended.
    ///
    /// Does not change the epoch. If it raised the epoch, the kept session would have to be moved to the new value, and
    /// a legitimate refresh of that session that had just read the account's row would still send the old value.
    /// Removing the other sessions from the set of live sessions is one step, which no refresh of the kept session can
    /// observe.
    ///
    /// # Errors
    /// Fails if the store does not answer, or if no replica confirms the ending.
    fn end_others(&self, user_id: Uuid, keep: Uuid)
    -> impl Future<Output = Result<usize, StoreError>> + Send;

    /// Ends all sessions of a user that were opened under an epoch below `epoch`. The account's row already has this
    /// epoch. Setting the same value twice changes nothing.
    ///
    /// Returns the epoch that the store knows afterwards. If it is greater than `epoch`, the store already knew it and
    /// nothing was ended: the caller read an old row, or a row of a database that was restored.
    ///
    /// # Errors
    /// Fails if the store does not answer.
    fn end_all(&self, user_id: Uuid, epoch: u64) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The live sessions of a user, the most recently used first.
    ///
    /// # Errors
    /// Fails if the store does not answer.
    fn list(
        &self,
        user_id: Uuid,
        epoch: u64,
    ) -> impl Future<Output = Result<Vec<Session>, StoreError>> + Send;

    /// The client of a live session, or `None` if the session was ended or has expired.
    ///
    /// # Errors
    /// Fails if the store does not answer.
    fn live(
        &self,
        user_id: Uuid,
        session_id: Uuid,
        epoch: u64,
    ) -> impl Future<Output = Result<Option<Client>, StoreError>> + Send;

    /// The location of the store's marker, which tells this store from one that was restored to an earlier state. A
    /// store that ends with this process has no marker.
    fn marked(&self) -> Option<Marked> {
        None
    }

    /// Whether the store answers and accepts writes.
    ///
    /// # Errors
    /// Fails with the reason why the store is not ready.
    fn ready(&self) -> impl Future<Output = Result<(), NotReady>> + Send;
}

/// The limits that a store enforces for sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How long after a rotation the previous token still gets the same response, and how long a token that was just
    /// issued stays unchanged when it is presented. Zero is strict mode: every exchange rotates, and only an
    /// idempotency key makes a repeat safe.
    pub window: Duration,
    /// How long a session lives without being used.
    pub idle: Duration,
    /// How long a session lives at most, counted from the login.
    pub absolute: Duration,
    /// The most live sessions that a user may have.
    pub sessions_per_user: usize,
    /// How long the store remembers that a single session was ended: an access token's lifetime, so that it can still
    /// tell a client that presents a token of that session.
    pub ended_remembered: Duration,
    /// How long the record of an expired session stays, so that a late client is told "expired" instead of "ended".
    pub expired_remembered: Duration,
}

impl Default for Policy {
    /// The limits of a server with the default settings.
    fn default() -> Self {
        Settings::default().policy(&Config::default())
    }
}

/// A session to be opened.
#[derive(Clone, Debug)]
pub struct NewSession<'a> {
    /// The user's id.
    pub user_id: Uuid,
    /// The session's id, newly created by [`Keys::first_token`](crate::chain::Keys::first_token).
    pub session_id: Uuid,
    /// The account's epoch, from the row that the password was checked against.
    pub epoch: u64,
    /// The digests of the secrets of its first and its second token.
    pub digests: [Digest; 2],
    /// The client's description of itself.
    pub client: &'a Client,
}

/// The result of opening a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issue {
    /// The session is open.
    Issued {
        /// How long the session lives if it is not used.
        expires_in: Duration,
    },
    /// The store knows a greater epoch. Either the account's row was changed after it was read, so the password may be
    /// a different one by now, or the row is from a database that was restored.
    Stale {
        /// The epoch that the store knows.
        epoch: u64,
    },
}

/// The result of presenting a refresh token to the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// The token was exchanged: its successor is now the session's current token.
    Rotated {
        /// How long the session lives if it is not used again.
        expires_in: Duration,
    },
    /// The token was issued less than a window ago and stays the current one. Nothing was written, and the response
    /// must not set a cookie: a late response would overwrite a newer token with an older one.
    Kept {
        /// How long the session lives if it is not used again.
        expires_in: Duration,
    },
    /// The exchange that issued this token is repeated with the same idempotency key. It is already done, and this
    /// token is its result. Nothing was written; but the key is used up, and the next exchange needs another one.
    Done {
        /// How long the session lives if it is not used again.
        expires_in: Duration,
    },
    /// The session moved on moments before, by another tab or by this request's first attempt. The response is the same
    /// successor.
    Replayed {
        /// How long the session lives if it is not used again.
        expires_in: Duration,
    },
    /// The token was exchanged long before. An attacker has a copy, so the session has been ended for every holder.
    Reused,
    /// The session has passed its idle or absolute limit.
    Expired,
    /// The session was ended, or the store does not know it.
    Ended,
    /// The token is more than one rotation ahead of the session's record. Its MAC is valid, so this server made it: the
    /// store has lost rotations that had been answered. The token may be the right one, so the client is never told
    /// that it was refused.
    Ahead,
    /// The session has no such token. Only an attacker with a leaked key can cause this.
    Invalid,
}

/// A live session, as it is listed for its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session's public id.
    pub id: Uuid,
    /// The client's description of itself.
    pub client: Client,
    /// When the session was opened, in milliseconds since the Unix epoch.
    pub created_at_ms: u64,
    /// When its token was last exchanged, in milliseconds since the Unix epoch.
    pub seen_at_ms: u64,
    /// When it ends if it is not used, in milliseconds since the Unix epoch.
    pub expires_at_ms: u64,
}

/// Why a store could not decide.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Redis cannot be reached, refuses the command, or is too slow.
    #[error(transparent)]
    Redis(#[from] ::redis::RedisError),
    /// The command arrived after its caller's deadline, by Redis' clock, and did nothing.
    #[error("the command reached the store after its deadline and did nothing")]
    Late,
    /// The session was ended, but no replica has confirmed it: a failover could revive the session.
    #[error("no replica has confirmed the ending")]
    Unconfirmed,
    /// A refresh token of this server is more than one rotation ahead of its session's record.
    #[error("the store lost data: its record of the session is older than a token that this server issued")]
    Behind,
    /// A script returned an answer that none of the store's scripts returns.
    #[error("the answer of a script cannot be read: {0}")]
    Answer(String),
}

impl From<StoreError> for Error {
    /// Always an outage (503): whatever failed, the credential is not the reason.
    fn from(error: StoreError) -> Self {
        Self::StoreUnavailable(error.into())
    }
}
