//! What the tests act on: a user of their own, a store with its clock, and the tokens of both.

use std::time::Duration;

use kit::{Client, ClientKind, Clock};
use uuid::Uuid;

use super::Factory;
use crate::chain::Keys;
use crate::idempotency::IdempotencyKey;
use crate::store::{Issue, NewSession, Policy, Refresh, Store, StoreError};
use crate::token::FirstToken;

/// The window that the tests run with.
pub(super) const WINDOW: Duration = Duration::from_secs(10);
/// A little more than nothing: enough that no test depends on how fast the machine is.
pub(super) const MOMENT: Duration = Duration::from_secs(2);
/// The limits in days, as the course teaches them.
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A user with a store.
pub struct Stage<S> {
    /// The store under test.
    pub store: S,
    /// Its clock.
    pub clock: Clock,
    /// The user.
    pub user: Uuid,
    keys: Keys,
    policy: Policy,
}

/// The limits that the course teaches.
pub(super) fn policy() -> Policy {
    Policy {
        window: WINDOW,
        idle: 14 * DAY,
        absolute: 30 * DAY,
        sessions_per_user: 50,
        ended_remembered: Duration::from_secs(900),
        expired_remembered: Duration::from_secs(3600),
    }
}

impl<S: Store> Stage<S> {
    /// With the limits that the course teaches.
    pub async fn usual<F: Factory<Store = S>>(factory: &F) -> Self {
        Self::with(factory, policy()).await
    }

    /// Without a window.
    pub async fn strict<F: Factory<Store = S>>(factory: &F) -> Self {
        Self::with(factory, Policy { window: Duration::ZERO, ..policy() }).await
    }

    /// With limits of one's own.
    pub async fn with<F: Factory<Store = S>>(factory: &F, policy: Policy) -> Self {
        let clock = Clock::system();
        let store = factory.make(policy, clock.clone()).await;
        let keys = Keys::derive(&kit::keyring::Keyring::random()).unwrap();
        Self { store, clock, user: Uuid::new_v4(), keys, policy }
    }

    /// The same stage over another store.
    pub fn over<T>(self, store: T) -> Stage<T> {
        Stage { store, clock: self.clock, user: self.user, keys: self.keys, policy: self.policy }
    }

    /// The store's limits.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// Logs in under an epoch: the session's name and its first token; none if the log-in is stale.
    pub async fn log_in_under(&self, epoch: u64) -> Option<(Uuid, String)> {
        let first = self.first_token();
        let issued = matches!(self.open(&first, epoch).await, Issue::Issued { .. });
        issued.then(|| (first.session_id, first.token.expose().to_owned()))
    }

    /// A session that the store has not heard of.
    pub(crate) fn first_token(&self) -> FirstToken {
        self.keys.first_token(self.user, ClientKind::Mobile).unwrap()
    }

    /// Sends a session to the store, once.
    pub(super) async fn open(&self, first: &FirstToken, epoch: u64) -> Issue {
        self.try_open(first, epoch).await.unwrap()
    }

    /// The same, where the store may refuse.
    pub(crate) async fn try_open(&self, first: &FirstToken, epoch: u64) -> Result<Issue, StoreError> {
        let client = Client { kind: ClientKind::Mobile, device: Some("a phone".into()) };
        let session = NewSession {
            user_id: self.user,
            session_id: first.session_id,
            epoch,
            digests: first.digests,
            client: &client,
        };
        self.store.issue(&session).await
    }

    /// Logs in to an account whose epoch was never raised.
    pub async fn log_in(&self) -> (Uuid, String) {
        self.log_in_under(0).await.unwrap()
    }

    /// Shows a token.
    pub async fn show(&self, token: &str) -> Refresh {
        self.show_with(token, 0, None).await
    }

    /// Shows a token with the row's epoch and an idempotency key.
    pub async fn show_with(&self, token: &str, epoch: u64, key: Option<&str>) -> Refresh {
        let token = self.keys.verify(token).unwrap();
        self.store.refresh(&token, epoch, key.map(IdempotencyKey::of).as_ref()).await.unwrap()
    }

    /// Shows a token that must be exchanged, and gives its successor.
    pub async fn rotate(&self, token: &str) -> String {
        let verdict = self.show(token).await;
        assert!(matches!(verdict, Refresh::Rotated { .. }), "{verdict:?}");
        self.after(token)
    }

    /// The successor of a token, whatever the store thinks of it.
    pub fn after(&self, token: &str) -> String {
        self.keys.verify(token).unwrap().successor().expose().to_owned()
    }

    /// Lets time pass.
    pub fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }
}

/// What a verdict is called.
pub(super) fn name(verdict: Refresh) -> &'static str {
    match verdict {
        Refresh::Rotated { .. } => "rotated",
        Refresh::Kept { .. } => "kept",
        Refresh::Done { .. } => "done",
        Refresh::Replayed { .. } => "replayed",
        Refresh::Reused => "reused",
        Refresh::Expired => "expired",
        Refresh::Ended => "ended",
        Refresh::Ahead => "ahead",
        Refresh::Invalid => "invalid",
    }
}

/// Whether a verdict lets the client go on.
pub(super) fn lets_in(verdict: Refresh) -> bool {
    matches!(
        verdict,
        Refresh::Rotated { .. } | Refresh::Kept { .. } | Refresh::Done { .. } | Refresh::Replayed { .. }
    )
}

/// How long the session of a verdict will live unused, in whole days, rounded up.
pub(super) fn days_left(verdict: Refresh) -> u64 {
    let (Refresh::Rotated { expires_in }
    | Refresh::Kept { expires_in }
    | Refresh::Done { expires_in }
    | Refresh::Replayed { expires_in }) = verdict
    else {
        panic!("{verdict:?} leaves no session");
    };
    expires_in.as_secs().div_ceil(DAY.as_secs())
}
