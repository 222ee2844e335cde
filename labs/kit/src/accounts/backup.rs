//! A copy of the accounts' file, taken while servers write to it.
//!
//! Copying the file itself loses accounts: the latest commits are in the `-wal` file beside it, and a copy of the two files
//! is not from one moment. SQLite's `VACUUM INTO` writes one file from one moment, and delays no server meanwhile.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Row};

use crate::config::AccountsAt;

/// A copy that was written and checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backup {
    /// The number of accounts in the copy.
    pub accounts: u64,
    /// The size of the copy in bytes.
    pub bytes: u64,
}

/// Why no copy was made. Each message says what to do about it, or gives the cause.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The accounts are in memory, so there is no file to copy.
    #[error(
        "accounts in memory cannot be backed up; name a file of accounts with --accounts or AUTHLAB_ACCOUNTS"
    )]
    Memory,
    /// A file with the copy's name exists already.
    #[error("{} exists already and is not overwritten; choose another name for the backup", .0.display())]
    Exists(PathBuf),
    /// The copy's name is not UTF-8, so SQLite cannot take it.
    #[error("the name {} is not UTF-8; choose another name for the backup", .0.display())]
    Name(PathBuf),
    /// The accounts cannot be read, or the copy's contents cannot be written.
    #[error("the accounts in {} cannot be copied: {source}", path.display())]
    Copy {
        /// The accounts' file.
        path: PathBuf,
        /// SQLite's error.
        source: sqlx::Error,
    },
    /// The copy's file cannot be created, synchronised or renamed.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// The copy's name.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The copy could not be read back.
    #[error("the copy cannot be read: {0}; the accounts' file may be damaged")]
    Unreadable(#[source] sqlx::Error),
    /// The copy is damaged.
    #[error("the copy is damaged, and the accounts' file may be too: {0}")]
    Damaged(String),
}

/// Copies the accounts to `target`, which must not exist. The copy gets that name only once it is complete and checked.
///
/// # Errors
/// There is no file to copy, the copy cannot be written, or it does not pass SQLite's check.
pub async fn back_up(at: &AccountsAt, target: &Path) -> Result<Backup, BackupError> {
    let AccountsAt::File(path) = at else { return Err(BackupError::Memory) };
    let not_written = |source| BackupError::Write { path: target.to_owned(), source };
    if target.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(target.to_owned()));
    }
    // An absolute path, because SQLite reads one that begins with `file:` as a URL.
    let absolute = std::path::absolute(target).map_err(not_written)?;
    let folder = absolute.parent().unwrap_or(Path::new("/"));
    // In the same folder, so that it can be renamed. Only the owner may read it, and it is removed when dropped.
    let copy = tempfile::Builder::new()
        .prefix(".accounts-backup-")
        .suffix(".partial")
        .tempfile_in(folder)
        .map_err(not_written)?;
    let name = copy.path().to_str().ok_or_else(|| BackupError::Name(target.to_owned()))?;

    let not_copied = |source| BackupError::Copy { path: path.clone(), source };
    let accounts =
        SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(Duration::from_secs(2));
    let mut accounts = accounts.connect().await.map_err(not_copied)?;
    sqlx::query("VACUUM INTO ?").bind(name).execute(&mut accounts).await.map_err(not_copied)?;
    accounts.close().await.map_err(not_copied)?;

    // No other process knows the copy, so it needs no locks and no `-wal` and `-shm` files.
    let checked = SqliteConnectOptions::new().filename(copy.path()).read_only(true).immutable(true);
    let mut checked = checked.connect().await.map_err(BackupError::Unreadable)?;
    let accounts = check(&mut checked).await?;
    checked.close().await.map_err(BackupError::Unreadable)?;

    // The contents must be on disk before the copy gets its name, whatever SQLite has synchronised.
    copy.as_file().sync_all().map_err(not_written)?;
    let bytes = copy.as_file().metadata().map_err(not_written)?.len();
    copy.persist_noclobber(&absolute).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists(target.to_owned()),
        _ => not_written(error.error),
    })?;
    // Synchronising the folder puts the new name on disk. Systems other than Unix do not open folders.
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(not_written)?;
    }
    Ok(Backup { accounts, bytes })
}

/// Runs SQLite's integrity check on the copy and returns its number of accounts.
async fn check(copy: &mut SqliteConnection) -> Result<u64, BackupError> {
    let row =
        sqlx::query("PRAGMA integrity_check").fetch_one(&mut *copy).await.map_err(BackupError::Unreadable)?;
    let verdict: String = row.try_get(0).map_err(BackupError::Unreadable)?;
    if verdict != "ok" {
        return Err(BackupError::Damaged(verdict));
    }
    let row = sqlx::query("SELECT count(*) FROM accounts")
        .fetch_one(copy)
        .await
        .map_err(BackupError::Unreadable)?;
    let accounts: i64 = row.try_get(0).map_err(BackupError::Unreadable)?;
    Ok(u64::try_from(accounts).unwrap_or_default())
}
