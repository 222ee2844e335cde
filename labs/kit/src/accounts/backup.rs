//! A copy of the accounts' file, taken while servers write to it.
//!
//! Copying the file itself loses accounts: what was committed last is in the `-wal` file beside it, and a copy of the two is
//! not of one moment. SQLite's `VACUUM INTO` writes one file from one moment, and holds up no server meanwhile.

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
    /// How many accounts it holds.
    pub accounts: u64,
    /// Its size.
    pub bytes: u64,
}

/// Why there is no copy. Each message says what to do about it, or gives the cause.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is no file.
    #[error(
        "accounts in memory cannot be copied; name the file that they are in with --accounts or AUTHLAB_ACCOUNTS"
    )]
    Memory,
    /// The copy's name is taken.
    #[error("{} exists already and is not overwritten; choose another name for the backup", .0.display())]
    Exists(PathBuf),
    /// The copy's name cannot be given to SQLite.
    #[error("the name {} is not UTF-8; choose another name for the backup", .0.display())]
    Name(PathBuf),
    /// The accounts cannot be read, or not be written to where the copy goes.
    #[error("the accounts in {} cannot be copied: {source}", path.display())]
    Copy {
        /// The accounts' file.
        path: PathBuf,
        /// What SQLite says.
        source: sqlx::Error,
    },
    /// The copy's place cannot be written.
    #[error("{} cannot be written: {source}", path.display())]
    Write {
        /// The copy's name.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The copy could not be read again.
    #[error("the copy cannot be read: {0}; the accounts' file may be damaged")]
    Unreadable(#[source] sqlx::Error),
    /// The copy is damaged.
    #[error("the copy is damaged, and so may be the accounts' file: {0}")]
    Damaged(String),
}

/// Copies the accounts to `target`, which must not exist. A copy that is not whole and checked never has that name.
///
/// # Errors
/// Where there is no file to copy, where the copy cannot be written, and where it does not pass SQLite's check.
pub async fn back_up(at: &AccountsAt, target: &Path) -> Result<Backup, BackupError> {
    let AccountsAt::File(path) = at else { return Err(BackupError::Memory) };
    let not_written = |source| BackupError::Write { path: target.to_owned(), source };
    if target.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(target.to_owned()));
    }
    // An absolute name, since SQLite reads one that begins with `file:` as a URL.
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

    // No other process knows the copy, so it needs no locks, and no `-wal` and `-shm` beside it.
    let checked = SqliteConnectOptions::new().filename(copy.path()).read_only(true).immutable(true);
    let mut checked = checked.connect().await.map_err(BackupError::Unreadable)?;
    let accounts = check(&mut checked).await?;
    checked.close().await.map_err(BackupError::Unreadable)?;

    // On the disk before it has its name, whatever SQLite has waited for.
    copy.as_file().sync_all().map_err(not_written)?;
    let bytes = copy.as_file().metadata().map_err(not_written)?.len();
    copy.persist_noclobber(&absolute).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists(target.to_owned()),
        _ => not_written(error.error),
    })?;
    // The name is on the disk with its folder. Other systems than Unix do not open folders.
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(not_written)?;
    }
    Ok(Backup { accounts, bytes })
}

/// Whether the copy is whole, and how many accounts it holds.
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
