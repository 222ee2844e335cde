//! Deletes the accounts that a run has created: the checker leaves a server as it found it, as far as the server
//! permits.
//!
//! Accounts that cannot be deleted are reported and fail no check: there are separate checks for deleting accounts.

mod broom;
mod summary;
#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::Semaphore, task::JoinSet, time::timeout_at};

use self::broom::Broom;
pub use self::summary::Accounts;
use crate::{accounts::Account, client::Client};

/// How long the cleanup of a run may take in total. A server that checks a password in 0.1 s on one core needs about
/// half.
const WITHIN: Duration = Duration::from_secs(60);

/// How many accounts are deleted at once: each costs the server a password hash.
const AT_ONCE: usize = 4;

/// The reason why [`keep`] does not delete the accounts.
pub(crate) const KEPT: &str = "kept on request";
pub(crate) const END_WITH_SERVER: &str = "the server deletes them when it stops";

/// Deletes no account, and reports them all as kept.
pub(crate) fn keep(accounts: &[Account], because: &str) -> Accounts {
    let mut told = Accounts::counted(accounts);
    told.leave(told.created - told.deleted, because);
    told
}

/// Deletes every account that has not been deleted yet.
pub(crate) async fn delete_all(client: &Client, accounts: Vec<Account>) -> Accounts {
    delete_all_within(client, accounts, WITHIN).await
}

async fn delete_all_within(client: &Client, accounts: Vec<Account>, within: Duration) -> Accounts {
    let began = Instant::now();
    let mut told = Accounts::counted(&accounts);
    let mut unheard = told.created - told.deleted;
    let (broom, places) = (Arc::new(Broom::new(client.clone())), Arc::new(Semaphore::new(AT_ONCE)));
    let mut deleting = JoinSet::new();
    for account in accounts.into_iter().filter(|account| !account.deleted) {
        let (broom, places) = (Arc::clone(&broom), Arc::clone(&places));
        deleting.spawn(async move {
            let _place = places.acquire_owned().await;
            broom.delete(&account).await
        });
    }
    let deadline = tokio::time::Instant::now() + within;
    while let Ok(Some(ended)) = timeout_at(deadline, deleting.join_next()).await {
        unheard -= 1;
        match ended {
            Ok(Ok(())) => told.deleted += 1,
            Ok(Err(reason)) => told.leave(1, &reason),
            Err(broken) => told.leave(1, &format!("internal error of the checker: {broken}")),
        }
    }
    told.leave(unheard, &format!("the cleanup stopped after {} s", within.as_secs()));
    told.clean_up_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    told
}
