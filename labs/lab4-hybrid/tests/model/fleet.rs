//! Two servers over one Redis, as seen by a store: two stores, two connections, one set of keys, and the account's row,
//! which both servers read.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kit::keyring::Keyring;
use kit::redis::discovery::Found;
use kit::testing::private_redis;
use kit::{Client, ClientKind, Clock};
use lab4_hybrid::chain::Keys;
use lab4_hybrid::idempotency::IdempotencyKey;
use lab4_hybrid::store::{Issue, NewSession, Policy, Redis, Refresh, Store, StoreError};
use uuid::Uuid;

use crate::place::times;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) struct Fleet {
    pub(crate) stores: [Redis; 2],
    pub(crate) clock: Clock,
    keys: Keys,
    _redis: Option<Found>,
}

/// An account. Its row contains the epoch.
pub(crate) struct Account {
    pub(crate) id: Uuid,
    row: AtomicU64,
}

impl Account {
    pub(crate) fn new() -> Self {
        Self { id: Uuid::new_v4(), row: AtomicU64::new(0) }
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.row.load(Ordering::SeqCst)
    }

    /// Raises the row's epoch, as "log out everywhere" and a new password do before they tell the store.
    pub(crate) fn raise(&self) -> u64 {
        self.row.fetch_add(1, Ordering::SeqCst) + 1
    }
}

impl Fleet {
    /// Starts a private Redis with two stores, or returns `None` if `redis-server` is not installed, which it reports.
    pub(crate) async fn start(window: Duration) -> Option<Self> {
        let redis = private_redis().await?;
        let fleet = Self::over(&redis.url, window).await;
        Some(Self { _redis: Some(redis), ..fleet })
    }

    /// Two stores over an existing Redis.
    pub(crate) async fn over(url: &str, window: Duration) -> Self {
        let clock = Clock::system();
        let policy = Policy {
            window,
            idle: 14 * DAY,
            absolute: 30 * DAY,
            sessions_per_user: 50,
            ended_remembered: Duration::from_secs(900),
            expired_remembered: Duration::from_secs(3600),
        };
        let connect = || Redis::connect(url, times(), policy, clock.clone());
        let stores = [connect().await.unwrap(), connect().await.unwrap()];
        let keys = Keys::derive(&Keyring::random()).unwrap();
        Self { stores, clock, keys, _redis: None }
    }

    /// Opens a session under an epoch; `None` if the store knows a greater epoch.
    pub(crate) async fn log_in(
        &self,
        server: usize,
        account: &Account,
        epoch: u64,
    ) -> Option<(Uuid, String)> {
        let first = self.keys.first_token(account.id, ClientKind::Mobile).unwrap();
        let client = Client { kind: ClientKind::Mobile, device: None };
        let session = NewSession {
            user_id: account.id,
            session_id: first.session_id,
            epoch,
            digests: first.digests,
            client: &client,
        };
        let issued = self.stores[server % 2].issue(&session).await.unwrap();
        matches!(issued, Issue::Issued { .. }).then(|| (first.session_id, first.token.expose().to_owned()))
    }

    /// Ends one session.
    pub(crate) async fn end(&self, server: usize, account: &Account, session: Uuid) {
        self.stores[server % 2].end(account.id, session).await.unwrap();
    }

    /// Presents a token as a client does: the server reads the row, then asks the store.
    pub(crate) async fn show(
        &self,
        server: usize,
        account: &Account,
        token: &str,
        key: Option<&str>,
    ) -> Refresh {
        self.try_show(server, account, token, key).await.unwrap()
    }

    /// Presents a token as a client does, and returns the store's error if it does not answer.
    pub(crate) async fn try_show(
        &self,
        server: usize,
        account: &Account,
        token: &str,
        key: Option<&str>,
    ) -> Result<Refresh, StoreError> {
        let epoch = account.epoch();
        let token = self.keys.verify(token).unwrap();
        let key = key.map(IdempotencyKey::of);
        self.stores[server % 2].refresh(&token, epoch, key.as_ref()).await
    }

    pub(crate) fn after(&self, token: &str) -> String {
        self.keys.verify(token).unwrap().successor().expose().to_owned()
    }

    /// The ids of the live sessions, on which both servers must agree.
    pub(crate) async fn living(&self, account: &Account) -> Vec<Uuid> {
        let mut lists = Vec::new();
        for store in &self.stores {
            let listed = store.list(account.id, account.epoch()).await.unwrap();
            let mut ids: Vec<Uuid> = listed.iter().map(|session| session.id).collect();
            ids.sort_unstable();
            lists.push(ids);
        }
        assert_eq!(lists[0], lists[1], "two servers see two truths");
        lists.swap_remove(0)
    }
}

pub(crate) fn lets_in(verdict: Refresh) -> bool {
    matches!(
        verdict,
        Refresh::Rotated { .. } | Refresh::Kept { .. } | Refresh::Done { .. } | Refresh::Replayed { .. }
    )
}
