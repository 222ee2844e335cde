//! One user's sessions without a store, for the tests that search every state of the protocol.
//!
//! A search reduces the sessions to a few numbers, so that it can compare states, and rebuilds them to apply this
//! crate's own rules. It leaves out what no rule of an exchange or an ending depends on: the client's description, when
//! a session was opened, and the two limits of its life, which are never reached.

use std::time::Duration;

use kit::{Client, ClientKind};
use uuid::Uuid;

use super::user::Sessions;
use crate::chain::Digest;
use crate::idempotency::IdempotencyKey;
use crate::rotation::Record;
use crate::store::{Issue, NewSession, Policy, Refresh};
use crate::token::{FirstToken, VerifiedToken};

/// The fixed time of every operation, in milliseconds since the Unix epoch. Large enough that other events can lie
/// arbitrarily long before it.
const NOW_MS: u64 = 1 << 40;

/// The content of a session's record, with times relative to now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The number of the current token.
    pub generation: u32,
    /// The digest of the current token's secret.
    pub current: Digest,
    /// The digest of the next token's secret.
    pub next: Digest,
    /// How long ago the current token became the current one.
    pub rotated_ago: Duration,
    /// How long ago the current token was last issued.
    pub handed_ago: Duration,
    /// The epoch under which the session was opened.
    pub epoch: u64,
    /// The idempotency key of the exchange that issued the current token.
    pub attempt: Option<IdempotencyKey>,
}

/// The sessions of one user, and the limits that apply to them.
#[derive(Clone)]
pub struct Bare {
    policy: Policy,
    sessions: Sessions,
}

impl Bare {
    /// No sessions yet; the user has this epoch.
    pub fn new(policy: Policy, epoch: u64) -> Self {
        let mut sessions = Sessions::default();
        sessions.raise_epoch(&policy, NOW_MS, epoch);
        Self { policy, sessions }
    }

    /// Sets a session to a state.
    pub fn put(&mut self, session_id: Uuid, of: &Snapshot) {
        let at_ms = |ago: Duration| NOW_MS.saturating_sub(u64::try_from(ago.as_millis()).unwrap_or(NOW_MS));
        let record = Record {
            generation: of.generation,
            current: of.current,
            next: of.next,
            rotated_at_ms: at_ms(of.rotated_ago),
            handed_at_ms: at_ms(of.handed_ago),
            expires_at_ms: u64::MAX,
            absolute_at_ms: u64::MAX,
            epoch: of.epoch,
            attempt: of.attempt.clone(),
            client: Client { kind: ClientKind::Mobile, device: None },
            created_at_ms: NOW_MS,
            seen_at_ms: NOW_MS,
        };
        self.sessions.live.insert(session_id, record);
    }

    /// The state of a session, or `None` if it is over.
    pub fn snapshot(&self, session_id: Uuid) -> Option<Snapshot> {
        let ago = |at_ms: u64| Duration::from_millis(NOW_MS.saturating_sub(at_ms));
        self.sessions.live.get(&session_id).map(|record| Snapshot {
            generation: record.generation,
            current: record.current,
            next: record.next,
            rotated_ago: ago(record.rotated_at_ms),
            handed_ago: ago(record.handed_at_ms),
            epoch: record.epoch,
            attempt: record.attempt.clone(),
        })
    }

    /// The epoch below which sessions are over.
    pub fn epoch(&self) -> u64 {
        self.sessions.epoch
    }

    /// Opens a session from its first token, with the rules of [`Store::issue`](crate::store::Store::issue).
    pub fn issue(&mut self, user_id: Uuid, first: &FirstToken, epoch: u64) -> Issue {
        let client = Client { kind: ClientKind::Mobile, device: None };
        let (session_id, digests) = (first.session_id, first.digests);
        let new = NewSession { user_id, session_id, epoch, digests, client: &client };
        self.sessions.issue(&self.policy, NOW_MS, &new)
    }

    /// Exchanges a refresh token, with the rules of [`Store::refresh`](crate::store::Store::refresh).
    pub fn refresh(
        &mut self,
        token: &VerifiedToken,
        epoch: u64,
        attempt: Option<&IdempotencyKey>,
    ) -> Refresh {
        self.sessions.refresh(&self.policy, NOW_MS, token, epoch, attempt)
    }

    /// Ends one session, with the rules of [`Store::end`](crate::store::Store::end).
    pub fn end(&mut self, session_id: Uuid) -> bool {
        self.sessions.end(&self.policy, NOW_MS, session_id)
    }

    /// Ends all sessions except `keep`, with the rules of [`Store::end_others`](crate::store::Store::end_others).
    pub fn end_others(&mut self, keep: Uuid) -> usize {
        self.sessions.end_others(&self.policy, NOW_MS, keep)
    }

    /// Ends all sessions that were opened under an epoch below `epoch`, with the rules of
    /// [`Store::end_all`](crate::store::Store::end_all).
    pub fn end_all(&mut self, epoch: u64) {
        self.sessions.raise_epoch(&self.policy, NOW_MS, epoch);
    }
}
