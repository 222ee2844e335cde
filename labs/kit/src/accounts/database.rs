//! Opening the accounts' database: permissions of its file, time limits for locks, and migrations.
//!
//! The file contains e-mail addresses and password hashes, so only its owner may read it and the `-wal` and `-shm` files
//! beside it, which SQLite creates with the same permissions. SQLite overwrites deleted content (`secure_delete`), and this
//! module empties the write-ahead log after a deletion, because SQLite would otherwise keep the old pages there until it
//! needs the space.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Row};

use super::reader::Reader;
use crate::config::AccountsAt;
use crate::email::Email;

/// How long a statement waits for another process' write lock; below, how long a caller waits for a connection. Together
/// they keep the promise that a store which does not answer is reported within a second.
const BUSY: Duration = Duration::from_millis(500);
const ACQUIRE: Duration = Duration::from_millis(400);
/// The lock time at the start, when servers that open one file at once migrate it one after another.
const BUSY_AT_START: Duration = Duration::from_secs(5);

/// An open database. Clones share it.
#[derive(Clone)]
pub(super) struct Database {
    pub(super) pool: SqlitePool,
    file: Option<Arc<OpenFile>>,
    /// Keeps an in-memory database alive: SQLite drops it with its last connection, and a pool replaces a connection that
    /// it finds broken. Never used for queries.
    _anchor: Option<Arc<Mutex<SqliteConnection>>>,
}

struct OpenFile {
    options: SqliteConnectOptions,
    /// Whether content was deleted or overwritten since the write-ahead log was last emptied.
    has_traces: AtomicBool,
    reader: Reader,
}

impl Database {
    pub(super) async fn open(at: &AccountsAt) -> Result<Self, sqlx::Error> {
        match at {
            AccountsAt::Memory => Self::in_memory().await,
            AccountsAt::File(path) => Self::in_file(path).await,
        }
    }

    async fn in_memory() -> Result<Self, sqlx::Error> {
        // sqlx gives the database a name, so every connection made with these options reaches the same one. The pool has
        // one connection, because connections that share such a database lock each other out.
        let options = SqliteConnectOptions::from_str("sqlite::memory:")?;
        let anchor = Some(Arc::new(Mutex::new(options.connect().await?)));
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        migrate(&mut *pool.acquire().await?).await?;
        Ok(Self { pool, file: None, _anchor: anchor })
    }

    async fn in_file(path: &Path) -> Result<Self, sqlx::Error> {
        make_private(path)?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            // The file exists by now. If it were removed and created again, every account would be unknown, and valid
            // clients would get a 401.
            .create_if_missing(false)
            // Readers continue while one process writes, and a commit is on disk before the client is told (log out
            // everywhere!).
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("secure_delete", "on");
        let mut first = options.clone().busy_timeout(BUSY_AT_START).connect().await?;
        if migrate(&mut first).await? == Migrated::FromOlder {
            // The file's free pages still contain accounts that were deleted before deletions were overwritten.
            if let Err(error) = sqlx::query("VACUUM").execute(&mut first).await {
                tracing::warn!(%error, "accounts deleted by earlier versions may still be readable in the file");
            }
        }
        first.close().await?;

        let options = options.busy_timeout(BUSY);
        let opened = identity(path);
        let reader = Reader::new(path, opened);
        let path = path.to_owned();
        let pool = SqlitePoolOptions::new()
            .max_connections(8)
            .acquire_timeout(ACQUIRE)
            .before_acquire(move |_, _| {
                // A write to a file that has been removed or replaced is lost. A new connection then fails, which is
                // reported as an outage.
                let still_there = identity(&path) == opened;
                Box::pin(async move { Ok(still_there) })
            })
            .after_connect({
                let filename = options.get_filename().to_owned();
                move |_, _| {
                    let same = identity(&filename) == opened;
                    Box::pin(async move { if same { Ok(()) } else { Err(sqlx::Error::Io(replaced())) } })
                }
            })
            .connect_with(options.clone())
            .await?;
        let file = OpenFile { options, has_traces: AtomicBool::new(true), reader };
        Ok(Self { pool, file: Some(Arc::new(file)), _anchor: None })
    }

    /// What reads an account's row faster than the pool does; `None` for accounts in memory.
    pub(super) fn reader(&self) -> Option<&Reader> {
        self.file.as_ref().map(|file| &file.reader)
    }

    /// Records that content was deleted or overwritten that must not stay readable.
    pub(super) fn leaves_traces(&self) {
        if let Some(file) = &self.file {
            file.has_traces.store(true, Ordering::Relaxed);
        }
    }

    /// Empties the write-ahead log, if content was deleted since it was last emptied. If another connection is reading or
    /// writing, the log stays, and the next call tries again.
    pub(super) async fn wipe_traces(&self) -> Result<(), sqlx::Error> {
        let Some(file) = &self.file else { return Ok(()) };
        if !file.has_traces.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let wiped = empty_log(&file.options).await;
        if !matches!(wiped, Ok(true)) {
            file.has_traces.store(true, Ordering::Relaxed);
        }
        wiped.map(|_emptied| ())
    }
}

/// Empties the write-ahead log and returns whether that succeeded. It does not wait for other connections, because it holds
/// the write lock meanwhile.
async fn empty_log(options: &SqliteConnectOptions) -> Result<bool, sqlx::Error> {
    let mut connection = options.clone().busy_timeout(Duration::ZERO).connect().await?;
    let row = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut connection).await?;
    let busy: i64 = row.try_get(0)?;
    connection.close().await?;
    Ok(busy == 0)
}

fn replaced() -> std::io::Error {
    std::io::Error::other("the accounts' file was replaced while the server runs; restart the server")
}

/// The device and inode of a file.
pub(super) type Identity = (u64, u64);

/// The identity of the file that the path leads to now.
#[cfg(unix)]
pub(super) fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

#[cfg(not(unix))]
pub(super) fn identity(path: &Path) -> Option<Identity> {
    path.exists().then_some((0, 0))
}

/// Creates the file if it does not exist, and removes all permissions of other users from it and from the `-wal` and `-shm`
/// files.
#[cfg(unix)]
fn make_private(path: &Path) -> Result<(), sqlx::Error> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let made = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
        made => drop(made?),
    }
    for file in [path.to_owned(), beside(path, "-wal"), beside(path, "-shm")] {
        let Ok(metadata) = file.metadata() else { continue };
        let mode = metadata.permissions().mode();
        if mode & 0o077 == 0 {
            continue;
        }
        let private = std::fs::Permissions::from_mode(mode & 0o600);
        match std::fs::set_permissions(&file, private) {
            Ok(()) => {
                tracing::info!(
                    "the accounts' file was readable by other users; now only its owner can read it"
                )
            }
            Err(error) => tracing::warn!(%error, "the accounts' file is still readable by other users"),
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn make_private(path: &Path) -> Result<(), sqlx::Error> {
    std::fs::OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
    Ok(())
}

/// The path of a file that SQLite keeps beside a database.
#[cfg(unix)]
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The steps that create the tables, oldest first. Never edit a step that has run: add another.
const MIGRATIONS: &[&str] = &[
    "CREATE TABLE accounts (
        id            BLOB    PRIMARY KEY CHECK (length(id) = 16),
        email         TEXT    NOT NULL UNIQUE,
        password_hash TEXT    NOT NULL,
        epoch         INTEGER NOT NULL DEFAULT 0 CHECK (epoch >= 0)
    ) STRICT, WITHOUT ROWID",
    // The endings that the session store has not been told of yet. Triggers write them, so the statement that decides an
    // ending also stores it: no crash can come between, and an operator's own UPDATE takes effect too.
    "CREATE TABLE endings (
        id    BLOB    PRIMARY KEY CHECK (length(id) = 16),
        epoch INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TRIGGER epoch_raised AFTER UPDATE OF epoch ON accounts WHEN new.epoch > old.epoch BEGIN
        INSERT INTO endings (id, epoch) VALUES (new.id, new.epoch)
            ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch;
    END;
    CREATE TRIGGER account_deleted AFTER DELETE ON accounts BEGIN
        INSERT INTO endings (id, epoch) VALUES (old.id, old.epoch + 1)
            ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch;
    END",
    // The marker of each session store, as it was last seen.
    "CREATE TABLE store_marks (
        name       TEXT    PRIMARY KEY,
        store      BLOB    NOT NULL CHECK (length(store) = 16),
        generation INTEGER NOT NULL CHECK (generation >= 0)
    ) STRICT, WITHOUT ROWID",
];
/// The first step whose addresses have the current form of [`Email`]: the domain as A-labels, the rest in NFC.
const ADDRESSES_SPELT: usize = 2;

/// The state of the tables before the migration.
#[derive(PartialEq, Eq)]
enum Migrated {
    /// The tables did not exist, or were up to date.
    Already,
    /// The tables were those of an earlier version of this program.
    FromOlder,
}

/// Runs the steps that this file has not had; SQLite's own `user_version` counts them. Two servers that start with one file
/// at once run this one after the other.
async fn migrate(connection: &mut SqliteConnection) -> Result<Migrated, sqlx::Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let seen: i64 = sqlx::query("PRAGMA user_version").fetch_one(&mut *transaction).await?.try_get(0)?;
    let seen = usize::try_from(seen).unwrap_or(usize::MAX);
    for step in MIGRATIONS.iter().skip(seen) {
        sqlx::raw_sql(*step).execute(&mut *transaction).await?;
    }
    if seen > 0 && seen < ADDRESSES_SPELT {
        spell_addresses(&mut transaction).await?;
    }
    if seen < MIGRATIONS.len() {
        let version = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {}", MIGRATIONS.len()));
        sqlx::query(version).execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(if seen > 0 && seen < MIGRATIONS.len() { Migrated::FromOlder } else { Migrated::Already })
}

/// Brings the addresses of an earlier version into the form in which they are looked up now. If two accounts turn out to
/// have the same address, the one that already has this form keeps it, and the other can no longer log in: the log names
/// it.
async fn spell_addresses(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let rows = sqlx::query("SELECT id, email FROM accounts").fetch_all(&mut *connection).await?;
    for row in rows {
        let (id, stored): (Vec<u8>, String) = (row.try_get("id")?, row.try_get("email")?);
        let spelt = Email::parse(&stored).ok();
        if spelt.as_ref().is_some_and(|email| email.as_str() == stored) {
            continue;
        }
        let changed = match &spelt {
            Some(email) => sqlx::query("UPDATE OR IGNORE accounts SET email = ? WHERE id = ?")
                .bind(email.as_str())
                .bind(id.as_slice())
                .execute(&mut *connection)
                .await?
                .rows_affected(),
            None => 0,
        };
        if changed == 0 {
            let account = uuid::Uuid::from_slice(&id).unwrap_or_default();
            tracing::warn!(%account, "this account's e-mail address is invalid or taken under the current rules; give the account another one");
        }
    }
    Ok(())
}
