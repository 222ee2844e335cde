//! `cargo lab backup FILE`: copies the accounts while servers run.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use harness::Failure;
use kit::Config;
use kit::accounts::backup::back_up;
use kit::config::AccountsAt;
use serde_json::json;

/// Copy the accounts to a new file while servers run
///
/// A plain copy of the accounts' file misses the latest changes, which SQLite keeps in another file beside it. This
/// command writes one file with the accounts of one moment, checks it, and prints how many accounts it contains. It does
/// not overwrite an existing file. To restore, stop the servers, remove the accounts' file with its -wal and -shm, and put
/// the copy in its place. Sessions and refresh tokens are in the store and not in the copy.
#[derive(Debug, Args)]
pub(crate) struct BackupArguments {
    /// The file to write. On Unix only its owner may read it: it contains e-mail addresses and password hashes
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The SQLite file that the accounts are in [default: AUTHLAB_ACCOUNTS]
    #[arg(long, value_name = "PATH")]
    pub(crate) accounts: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) async fn run(arguments: BackupArguments) -> Result<ExitCode, Failure> {
    let at = match arguments.accounts {
        Some(path) => AccountsAt::named(path),
        None => Config::from_env()?.accounts,
    };
    let backup = back_up(&at, &arguments.file).await?;
    let file = arguments.file.display();
    if arguments.json {
        harness::outln!(
            "{:#}",
            json!({ "file": file.to_string(), "accounts": backup.accounts, "bytes": backup.bytes })
        );
    } else {
        harness::outln!("{file}: {} accounts, {} bytes, checked", backup.accounts, backup.bytes);
    }
    Ok(ExitCode::SUCCESS)
}
