//! `cargo lab backup FILE`: a copy of the accounts, while servers run.

use std::process::ExitCode;

use kit::Config;
use kit::accounts::backup::back_up;
use kit::config::AccountsAt;
use serde_json::json;

use crate::arguments::BackupArguments;
use crate::fault::Fault;

pub(crate) async fn run(arguments: BackupArguments) -> Result<ExitCode, Fault> {
    let at = match arguments.accounts {
        Some(path) => AccountsAt::named(path),
        None => Config::from_env()?.accounts,
    };
    let backup = back_up(&at, &arguments.file).await?;
    let file = arguments.file.display();
    if arguments.json {
        println!(
            "{:#}",
            json!({ "file": file.to_string(), "accounts": backup.accounts, "bytes": backup.bytes })
        );
    } else {
        println!("{file}: {} accounts, {} bytes, checked", backup.accounts, backup.bytes);
    }
    Ok(ExitCode::SUCCESS)
}
