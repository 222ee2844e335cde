//! `cargo lab store accept`: the operator's answer to a store that the servers refuse.

use std::process::ExitCode;

use kit::Config;
use kit::config::AccountsAt;
use kit::marker::accept::accept;
use serde_json::json;

use crate::arguments::{AcceptArguments, StoreCommand};
use crate::fault::Fault;

pub(crate) async fn run(command: StoreCommand) -> Result<ExitCode, Fault> {
    let StoreCommand::Accept(AcceptArguments { store, accounts, force, json }) = command;
    let config = Config::from_env()?;
    let store = store.unwrap_or(config.store);
    let accounts = accounts.map_or(config.accounts, AccountsAt::named);
    let accepted = accept(&accounts, &store, config.redis, force).await?;
    if json {
        println!("{:#}", json!({ "accounts": accepted.accounts, "removed": accepted.removed }));
    } else {
        println!(
            "accepted {store}: {} accounts have to log in again, {} keys were removed; servers believe the store again \
             within a second",
            accepted.accounts, accepted.removed
        );
    }
    Ok(ExitCode::SUCCESS)
}
