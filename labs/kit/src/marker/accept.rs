//! `authlab store accept`: an operator accepts a refused store as it is, and every user has to log in again.
//!
//! No credential that was issued before stays valid. The command raises the epoch of every account, which invalidates the
//! hybrid's records, and deletes the store's keys, which ends the sessions whose checks do not read the account. Only then
//! does it write the new marker: until that moment every server refuses the store, so a run that was interrupted has opened
//! nothing and can simply be repeated.

use std::path::PathBuf;

use redis::{RedisError, Script, cmd};
use uuid::Uuid;

use super::{Mark, lua, problem, read};
use crate::accounts::Accounts;
use crate::config::{AccountsAt, Limits, RedisTimes, Store};
use crate::error::Error;
use crate::redis::{ConnectError, Redis};

/// The number of keys that one step of the sweep scans.
const STEP: usize = 1000;

/// What the command did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The number of accounts whose epoch was raised.
    pub accounts: u64,
    /// The number of keys removed from the store. In a cluster it is 0: the raised epochs invalidate the records.
    pub removed: u64,
}

/// Why a store was not accepted. Each message says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The accounts are in memory, so they end with their server.
    #[error(
        "accounts in memory end with their server, so restart the server instead; or name their file with --accounts or \
         AUTHLAB_ACCOUNTS"
    )]
    AccountsInMemory,
    /// The accounts' file does not exist, and the command does not create it.
    #[error("there is no accounts' file {}; name the one that the servers use", .0.display())]
    NoAccounts(PathBuf),
    /// The sessions are in memory, and have no marker.
    #[error(
        "sessions in memory have no marker; name the servers' Redis with --store, AUTHLAB_STORE or REDIS_URL"
    )]
    StoreInMemory,
    /// No server has ever used these accounts with a store.
    #[error(
        "these accounts know no store, so no store is refused: the first server that starts with both writes the marker"
    )]
    Unknown,
    /// The store is not refused, so there is nothing to accept.
    #[error(
        "the accounts already know this store, so there is nothing to accept; --force logs every user out \
         anyway"
    )]
    Agrees,
    /// The accounts cannot be opened.
    #[error("the accounts cannot be opened: {0}")]
    Open(#[source] sqlx::Error),
    /// Redis does not answer or cannot be used.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The accounts cannot be read or written.
    #[error("the accounts cannot be changed: {0}; nothing was accepted, run the command again")]
    Accounts(#[source] Error),
    /// Redis failed during the command.
    #[error("the store failed: {0}; it is not accepted yet, run the command again")]
    Redis(#[from] RedisError),
    /// The marker cannot be read.
    #[error("the store's marker cannot be read: {0}")]
    Unreadable(#[source] Error),
}

/// Accepts the store at `store` for the accounts at `accounts`; with `force` even if the store is not refused.
///
/// # Errors
/// There is nothing to accept, or the accounts or the store cannot be reached. In these cases no server accepts a store
/// that it refused before.
pub async fn accept(
    accounts: &AccountsAt,
    store: &Store,
    times: RedisTimes,
    force: bool,
) -> Result<Accepted, AcceptError> {
    let AccountsAt::File(path) = accounts else { return Err(AcceptError::AccountsInMemory) };
    let Store::Redis(url) = store else { return Err(AcceptError::StoreInMemory) };
    if !path.exists() {
        return Err(AcceptError::NoAccounts(path.clone()));
    }
    let opened = Accounts::open(accounts, &Limits::default()).await.map_err(AcceptError::Open)?;
    let keys = opened.marked().await.map_err(AcceptError::Accounts)?;
    if keys.is_empty() {
        return Err(AcceptError::Unknown);
    }
    let redis = Redis::connect(url, times).await?;
    if !force && !any_refused(&opened, &redis, &keys).await? {
        return Err(AcceptError::Agrees);
    }

    let store_id = Uuid::new_v4();
    let raised = opened.start_over(Mark { store: store_id, generation: 0 }).await;
    let raised = raised.map_err(AcceptError::Accounts)?;
    let mut removed = 0;
    if !store.is_cluster() {
        for key in &keys {
            removed += sweep(&redis, key).await?;
        }
    }
    let replace = Script::new(lua::REPLACE);
    for key in &keys {
        redis.script::<()>(replace.key(key).arg(store_id.simple().to_string()).arg(1)).await?;
    }
    tracing::warn!(target: "audit", event = "store_accepted", accounts = raised, removed);
    Ok(Accepted { accounts: raised, removed })
}

async fn any_refused(accounts: &Accounts, redis: &Redis, keys: &[String]) -> Result<bool, AcceptError> {
    for key in keys {
        let known = accounts.mark(key).await.map_err(AcceptError::Accounts)?;
        let seen = read(redis, key).await.map_err(AcceptError::Unreadable)?;
        if known.and_then(|known| problem(known, seen)).is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Deletes the keys with the marker's prefix, except the marker.
async fn sweep(redis: &Redis, marker: &str) -> Result<u64, RedisError> {
    let prefix = marker.rsplit_once(':').map_or(marker, |(prefix, _)| prefix);
    let (mut cursor, mut removed) = (0_u64, 0);
    loop {
        let mut scan = cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(format!("{prefix}:*")).arg("COUNT").arg(STEP);
        let (next, mut found): (u64, Vec<Vec<u8>>) = redis.query(&scan).await?;
        found.retain(|key| key != marker.as_bytes());
        if !found.is_empty() {
            removed += redis.query::<u64>(cmd("UNLINK").arg(&found)).await?;
        }
        if next == 0 {
            return Ok(removed);
        }
        cursor = next;
    }
}
