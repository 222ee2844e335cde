//! The setup of the store tests: a new user, a store with its clock, and the user's tokens.

use std::time::Duration;

use kit::{Client, ClientKind, Clock};
use uuid::Uuid;

use super::Factory;
use crate::chain::Keys;
use crate::idempotency::IdempotencyKey;
use crate::store::{Issue, NewSession, Policy, Refresh, Store, StoreError};
use crate::token::FirstToken;

/// The window that the tests use.
pub(super) const WINDOW: Duration = Duration::from_secs(10);
/// A short time, but long enough that no test depends on the speed of the machine.
pub(super) const MOMENT: Duration = Duration::from_secs(2);
/// One day. The limits are in days, as in the course.
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A user, and a store with its clock.
pub struct Stage<S> {
    /// The store under test.
    pub store: S,
    /// The store's clock.
    pub clock: Clock,
    /// The user's id.
    pub user: Uuid,
    keys: Keys,
    policy: Policy,
}

/// The limits that the course uses.
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
    /// A stage with the limits that the course uses.
    pub async fn usual<F: Factory<Store = S>>(factory: &F) -> Self {
        Self::with(factory, policy()).await
    }

    /// A stage without a window (strict mode).
    pub async fn strict<F: Factory<Store = S>>(factory: &F) -> Self {
        Self::with(factory, Policy { window: Duration::ZERO, ..policy() }).await
    }

    /// A stage with the given limits.
    pub async fn with<F: Factory<Store = S>>(factory: &F, policy: Policy) -> Self {
        let clock = Clock::system();
        let store = factory.make(policy, clock.clone()).await;
        let keys = Keys::derive(&kit::keyring::Keyring::random()).unwrap();
        Self { store, clock, user: Uuid::new_v4(), keys, policy }
    }

    /// The same stage with another store.
    pub fn over<T>(self, store: T) -> Stage<T> {
        Stage { store, clock: self.clock, user: self.user, keys: self.keys, policy: self.policy }
    }

    /// The store's limits.
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// Logs in under an epoch. Returns the session's id and its first token, or `None` if the store knows a greater
    /// epoch.
    pub async fn log_in_under(&self, epoch: u64) -> Option<(Uuid, String)> {
        let first = self.first_token();
        let issued = matches!(self.open(&first, epoch).await, Issue::Issued { .. });
        issued.then(|| (first.session_id, first.token.expose().to_owned()))
    }

    /// The id, first token and digests of a session that is not in the store yet.
    pub(crate) fn first_token(&self) -> FirstToken {
        self.keys.first_token(self.user, ClientKind::Mobile).unwrap()
    }

    /// Opens a session in the store.
    pub(super) async fn open(&self, first: &FirstToken, epoch: u64) -> Issue {
        self.try_open(first, epoch).await.unwrap()
    }

    /// Opens a session in the store, and returns the store's error if it fails.
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

    /// Logs in to an account whose epoch is still 0. Returns the session's id and its first token.
    pub async fn log_in(&self) -> (Uuid, String) {
        self.log_in_under(0).await.unwrap()
    }

    /// Presents a token, with epoch 0 and without an idempotency key.
    pub async fn show(&self, token: &str) -> Refresh {
        self.show_with(token, 0, None).await
    }

    /// Presents a token with the epoch of the account's row and an idempotency key.
    pub async fn show_with(&self, token: &str, epoch: u64, key: Option<&str>) -> Refresh {
        let token = self.keys.verify(token).unwrap();
        self.store.refresh(&token, epoch, key.map(IdempotencyKey::of).as_ref()).await.unwrap()
    }

    /// Presents a token that must be rotated, and returns its successor.
    pub async fn rotate(&self, token: &str) -> String {
        let verdict = self.show(token).await;
        assert!(matches!(verdict, Refresh::Rotated { .. }), "{verdict:?}");
        self.after(token)
    }

    /// Computes the successor of a token, without asking the store.
    pub fn after(&self, token: &str) -> String {
        self.keys.verify(token).unwrap().successor().expose().to_owned()
    }

    /// Advances the clock.
    pub fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }
}

/// The name of a verdict.
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

/// Whether the client may continue with its session after this verdict.
pub(super) fn lets_in(verdict: Refresh) -> bool {
    matches!(
        verdict,
        Refresh::Rotated { .. } | Refresh::Kept { .. } | Refresh::Done { .. } | Refresh::Replayed { .. }
    )
}

/// How long the session lives if it is not used, according to a verdict: in whole days, rounded up.
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
