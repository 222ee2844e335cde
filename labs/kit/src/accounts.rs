//! Who may log in: accounts in a relational store.
//!
//! The row is the durable authority of every design. Its `epoch` counts the moments at which everything before was over
//! (log out everywhere, a new password); a credential issued under an earlier epoch is not to be honoured by anyone who
//! asks. SQLite is embedded so that a laptop needs nothing; the queries are plain enough for PostgreSQL.

pub mod backup;

use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Row};
use uuid::Uuid;

use crate::config::{AccountsAt, Limits};
pub use crate::email::Email;
use crate::error::Error;
use crate::password::{Hashed, Hasher, Hashing, Lane, Password};

/// An account as it was when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The account's name towards everything else.
    pub id: Uuid,
    /// Its address.
    pub email: Email,
    /// How often everything before was over.
    pub epoch: u64,
}

/// An account, as it is known before its password is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// The account's name.
    pub(crate) id: Uuid,
    /// Another one for each password that the account has had. Nothing can be guessed by it: the hash's random salt is in
    /// it too.
    pub(crate) password_mark: [u8; 32],
}

/// The accounts' store, and the only place that sees password hashes.
#[derive(Clone)]
pub struct Accounts {
    pool: SqlitePool,
    hasher: Hasher,
    /// Keeps a database in memory alive: SQLite drops it with its last connection, and a pool replaces a connection that
    /// it finds broken. Never used.
    _anchor: Option<Arc<Mutex<SqliteConnection>>>,
}

impl Accounts {
    /// Opens the store and brings its tables up to date.
    pub async fn open(at: &AccountsAt, limits: &Limits) -> Result<Self, sqlx::Error> {
        let mut anchor = None;
        let pool = match at {
            AccountsAt::Memory => {
                // sqlx names the database, so that every connection made with these options reaches the same one. One
                // connection works on it, since those that share such a database lock each other out.
                let options = SqliteConnectOptions::from_str("sqlite::memory:")?;
                anchor = Some(Arc::new(Mutex::new(options.connect().await?)));
                SqlitePoolOptions::new().max_connections(1).connect_with(options).await?
            }
            AccountsAt::File(path) => {
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .create_if_missing(true)
                    .busy_timeout(Duration::from_secs(2))
                    // Readers go on while one writes; a commit is on disk before it is told (log out everywhere!).
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full);
                SqlitePoolOptions::new()
                    .max_connections(8)
                    .acquire_timeout(Duration::from_secs(2))
                    .connect_with(options)
                    .await?
            }
        };
        migrate(&pool).await?;
        Ok(Self { pool, hasher: Hasher::new(limits), _anchor: anchor })
    }

    /// The same accounts, for a client whose passwords wait for their hashing in this lane.
    pub(crate) fn in_lane(&self, lane: Lane) -> Self {
        Self { hasher: self.hasher.in_lane(lane), ..self.clone() }
    }

    /// The account with this address, without a look at any password. Asked for an unknown address as for a known one.
    pub(crate) async fn known(&self, email: &Email) -> Result<Option<Known>, Error> {
        let row = sqlx::query("SELECT id, password_hash FROM accounts WHERE email = ?")
            .bind(email.as_str())
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let (id, hash): (&[u8], &str) = (row.try_get("id")?, row.try_get("password_hash")?);
        let mut password_mark = [0; 32];
        password_mark.copy_from_slice(digest(&SHA256, hash.as_bytes()).as_ref());
        let id = Uuid::from_slice(id).map_err(|error| Error::Internal(error.into()))?;
        Ok(Some(Known { id, password_mark }))
    }

    /// Makes an account. Fails with [`Error::EmailTaken`].
    pub async fn sign_up(&self, email: Email, password: Password) -> Result<User, Error> {
        let hash = self.hasher.hash(password).await?;
        let id = Uuid::new_v4();
        let insert =
            sqlx::query("INSERT INTO accounts (id, email, password_hash, epoch) VALUES (?, ?, ?, 0)")
                .bind(id.as_bytes().as_slice())
                .bind(email.as_str())
                .bind(hash.as_str())
                .execute(&self.pool)
                .await;
        match insert {
            Ok(_) => Ok(User { id, email, epoch: 0 }),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Err(Error::EmailTaken),
            Err(error) => Err(error.into()),
        }
    }

    /// The account with this address, if the password is its own. An unknown address costs as much as a wrong password:
    /// one look-up and one hash (OWASP ASVS 6.3.8). The epoch comes from the same row as the hash.
    pub async fn log_in(&self, email: &Email, password: Password) -> Result<User, Error> {
        let row = sqlx::query("SELECT id, email, epoch, password_hash FROM accounts WHERE email = ?")
            .bind(email.as_str())
            .fetch_optional(&self.pool)
            .await?;
        let known = match row {
            Some(row) => Some((user_of(&row)?, Hashed::from_stored(row.try_get("password_hash")?))),
            None => None,
        };
        let (user, hash) = known.unzip();
        let matches = self.hasher.verify(password, hash).await?;
        match user {
            Some(user) if matches => Ok(user),
            _ => Err(Error::InvalidCredentials),
        }
    }

    /// The account as it is now.
    pub async fn find(&self, id: Uuid) -> Result<Option<User>, Error> {
        let row = sqlx::query("SELECT id, email, epoch FROM accounts WHERE id = ?")
            .bind(id.as_bytes().as_slice())
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| user_of(&row)).transpose()
    }

    /// Whether the password is this account's.
    pub async fn check_password(&self, user: &User, password: Password) -> Result<(), Error> {
        match self.log_in(&user.email, password).await {
            Ok(found) if found.id == user.id => Ok(()),
            Ok(_) | Err(Error::InvalidCredentials) => Err(Error::WrongPassword),
            Err(error) => Err(error),
        }
    }

    /// Sets a new password and raises the epoch with it, in one statement: there is no moment with the one and without
    /// the other. Does nothing and fails with [`Error::LogInAfresh`] when the epoch has moved since `user` was read, so
    /// that of two changes at once only one wins.
    pub async fn change_password(&self, user: &User, new: Password) -> Result<User, Error> {
        let hash = self.hasher.hash(new).await?;
        let changed = sqlx::query(
            "UPDATE accounts SET password_hash = ?, epoch = epoch + 1 WHERE id = ? AND epoch = ? RETURNING id, email, epoch",
        )
        .bind(hash.as_str())
        .bind(user.id.as_bytes().as_slice())
        .bind(user.epoch as i64)
        .fetch_optional(&self.pool)
        .await?;
        changed.map(|row| user_of(&row)).transpose()?.ok_or(Error::LogInAfresh)
    }

    /// Says that everything before now is over. The caller then tells the scheme, and may do so twice.
    pub async fn raise_epoch(&self, id: Uuid) -> Result<User, Error> {
        let raised =
            sqlx::query("UPDATE accounts SET epoch = epoch + 1 WHERE id = ? RETURNING id, email, epoch")
                .bind(id.as_bytes().as_slice())
                .fetch_optional(&self.pool)
                .await?;
        raised.map(|row| user_of(&row)).transpose()?.ok_or(Error::InvalidToken("its account is gone"))
    }

    /// Deletes the account; its address is free again. The user that comes back carries an epoch above every one that a
    /// credential can have been issued under.
    pub async fn delete(&self, user: &User) -> Result<User, Error> {
        let row = sqlx::query("DELETE FROM accounts WHERE id = ? RETURNING id, email, epoch")
            .bind(user.id.as_bytes().as_slice())
            .fetch_optional(&self.pool)
            .await?;
        let last =
            row.map(|row| user_of(&row)).transpose()?.ok_or(Error::InvalidToken("its account is gone"))?;
        Ok(User { epoch: last.epoch + 1, ..last })
    }

    /// How busy the hashing of passwords is.
    pub(crate) fn hashing(&self) -> Hashing {
        self.hasher.state()
    }

    /// Whether the store answers.
    pub async fn ready(&self) -> Result<(), Error> {
        sqlx::query("SELECT 1").fetch_one(&self.pool).await?;
        Ok(())
    }
}

fn user_of(row: &sqlx::sqlite::SqliteRow) -> Result<User, Error> {
    let id: &[u8] = row.try_get("id")?;
    let epoch: i64 = row.try_get("epoch")?;
    let email: String = row.try_get("email")?;
    Ok(User {
        id: Uuid::from_slice(id).map_err(|error| Error::Internal(error.into()))?,
        email: Email::from_stored(email),
        epoch: u64::try_from(epoch).map_err(|error| Error::Internal(error.into()))?,
    })
}

/// The tables, in the order in which they came to be. A step that has run is never edited: add another.
const MIGRATIONS: &[&str] = &["CREATE TABLE accounts (
        id            BLOB    PRIMARY KEY CHECK (length(id) = 16),
        email         TEXT    NOT NULL UNIQUE,
        password_hash TEXT    NOT NULL,
        epoch         INTEGER NOT NULL DEFAULT 0 CHECK (epoch >= 0)
    ) STRICT, WITHOUT ROWID"];

/// Runs the steps that this file has not seen; SQLite's own `user_version` counts them. Two servers that start on one
/// file at once take turns.
async fn migrate(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await?;
    let seen: i64 = sqlx::query("PRAGMA user_version").fetch_one(&mut *transaction).await?.try_get(0)?;
    for step in MIGRATIONS.iter().skip(usize::try_from(seen).unwrap_or(usize::MAX)) {
        sqlx::query(*step).execute(&mut *transaction).await?;
    }
    if seen < MIGRATIONS.len() as i64 {
        let version = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {}", MIGRATIONS.len()));
        sqlx::query(version).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn accounts() -> Accounts {
        Accounts::open(&AccountsAt::Memory, &Limits::default()).await.unwrap()
    }

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    #[tokio::test]
    async fn the_right_password_logs_in_and_a_wrong_one_does_not() {
        let accounts = accounts().await;
        let email = Email::parse("ann@example.test").unwrap();
        let user = accounts.sign_up(email.clone(), password("correct horse")).await.unwrap();
        assert_eq!(accounts.log_in(&email, password("correct horse")).await.unwrap(), user);
        let refused = accounts.log_in(&email, password("battery staple")).await;
        assert!(matches!(refused, Err(Error::InvalidCredentials)));
    }

    #[tokio::test]
    async fn an_address_is_taken_once_and_free_again_after_deletion() {
        let accounts = accounts().await;
        let email = Email::parse("ann@example.test").unwrap();
        let user = accounts.sign_up(email.clone(), password("correct horse")).await.unwrap();
        let second = accounts.sign_up(email.clone(), password("correct horse")).await;
        assert!(matches!(second, Err(Error::EmailTaken)));
        assert_eq!(accounts.delete(&user).await.unwrap().epoch, 1);
        assert_eq!(accounts.find(user.id).await.unwrap(), None);
        assert!(accounts.sign_up(email, password("correct horse")).await.is_ok());
    }

    #[tokio::test]
    async fn of_two_password_changes_from_one_reading_only_the_first_wins() {
        let accounts = accounts().await;
        let email = Email::parse("ann@example.test").unwrap();
        let user = accounts.sign_up(email, password("correct horse")).await.unwrap();
        let changed = accounts.change_password(&user, password("first change")).await.unwrap();
        assert_eq!(changed.epoch, 1);
        let late = accounts.change_password(&user, password("second change")).await;
        assert!(matches!(late, Err(Error::LogInAfresh)));
        assert!(accounts.check_password(&changed, password("first change")).await.is_ok());
    }

    #[tokio::test]
    async fn accounts_in_memory_outlive_a_connection_that_breaks_and_are_those_of_one_server() {
        let (accounts, other) = (accounts().await, accounts().await);
        let email = Email::parse("ann@example.test").unwrap();
        let user = accounts.sign_up(email.clone(), password("correct horse")).await.unwrap();
        let broken = accounts.pool.acquire().await.unwrap();
        broken.close().await.unwrap();
        assert_eq!(accounts.find(user.id).await.unwrap(), Some(user));
        assert!(other.sign_up(email, password("correct horse")).await.is_ok());
    }

    #[tokio::test]
    async fn a_file_keeps_its_accounts_and_is_migrated_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = AccountsAt::File(folder.path().join("accounts.sqlite"));
        let email = Email::parse("ann@example.test").unwrap();
        let first = Accounts::open(&at, &Limits::default()).await.unwrap();
        let user = first.sign_up(email, password("correct horse")).await.unwrap();
        let second = Accounts::open(&at, &Limits::default()).await.unwrap();
        assert_eq!(second.find(user.id).await.unwrap(), Some(user));
    }
}
