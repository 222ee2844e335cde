//! `cargo lab store accept`: lets the operator accept a store that the servers refuse.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use harness::Failure;
use kit::Config;
use kit::config::AccountsAt;
use kit::marker::accept::accept;
use serde_json::json;

#[derive(Debug, Args)]
pub(crate) struct AcceptArguments {
    /// The URL of the servers' Redis [default: AUTHLAB_STORE or REDIS_URL]
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<kit::Store>,
    /// The SQLite file that the accounts are in [default: AUTHLAB_ACCOUNTS]
    #[arg(long, value_name = "PATH")]
    pub(crate) accounts: Option<PathBuf>,
    /// Accept the store even if the servers do not refuse it
    #[arg(long)]
    pub(crate) force: bool,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// Accept a store that is empty, restored or replaced, and log out all users
    ///
    /// A server refuses a store that is not the one recorded with the accounts, or that is older than the record: it
    /// answers 503 to every request that needs the store, and /health/ready says why. If you can bring the right store
    /// back, do that instead: it loses nothing. If the store is lost, this command raises the epoch of every account,
    /// removes the sessions from the store (in a cluster, the epochs alone end them), and writes a new marker. Servers may
    /// keep running, and use the store again within a second. If the command is interrupted, the servers still refuse the
    /// store: run the command again.
    Accept(AcceptArguments),
}

pub(crate) async fn run(command: StoreCommand) -> Result<ExitCode, Failure> {
    let StoreCommand::Accept(AcceptArguments { store, accounts, force, json }) = command;
    let config = Config::from_env()?;
    let store = store.unwrap_or(config.store);
    let accounts = accounts.map_or(config.accounts, AccountsAt::named);
    let accepted = accept(&accounts, &store, config.redis, force).await?;
    if json {
        harness::outln!("{:#}", json!({ "accounts": accepted.accounts, "removed": accepted.removed }));
    } else {
        harness::outln!(
            "accepted {store}: the users of {} accounts have to log in again, {} keys were removed; servers use the \
             store again within a second",
            accepted.accounts,
            accepted.removed
        );
    }
    Ok(ExitCode::SUCCESS)
}
