//! Accounts in a relational store: who may log in.
//!
//! The account's row is the durable authority of every design. Its `epoch` counts how often all earlier credentials were
//! ended (log out everywhere, a new password); any check that reads the row must refuse a credential issued under an
//! earlier epoch. SQLite is embedded so that a laptop needs nothing else; the queries are plain enough for PostgreSQL.
//!
//! A statement that raises an epoch or deletes a row also stores, in the same transaction, an [`Ending`] that the session
//! store is to be told of. The kit deletes this note once the session store has been told, so a crash before that loses
//! nothing.

pub mod backup;
mod database;
mod marks;
mod reader;

use aws_lc_rs::digest::{SHA256, digest};
use sqlx::Row;
use uuid::Uuid;

use self::database::Database;
use crate::boxed::Boxed;
use crate::config::{AccountsAt, Limits};
pub use crate::email::Email;
use crate::error::Error;
use crate::password::{Hashed, Hasher, Hashing, Lane, NewPassword, Password};

/// An account at the time when it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The account's id, used everywhere outside this module.
    pub id: Uuid,
    /// The account's e-mail address.
    pub email: Email,
    /// How often all earlier credentials of the account were ended.
    pub epoch: u64,
}

/// The fact that every credential issued to an account under an earlier epoch is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// The account's id. The account may have been deleted.
    pub user_id: Uuid,
    /// The lowest epoch whose credentials are still valid.
    pub epoch: u64,
}

/// An account before its password is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// The account's id.
    pub(crate) id: Uuid,
    /// A SHA-256 digest of the password's hash, different for each password that the account has had. It does not help to
    /// guess the password, because the hash contains a random salt.
    pub(crate) password_mark: [u8; 32],
}

impl Known {
    /// The account with this id and this password hash.
    pub(crate) fn new(id: Uuid, hash: &Hashed) -> Self {
        let mut password_mark = [0; 32];
        password_mark.copy_from_slice(digest(&SHA256, hash.as_str().as_bytes()).as_ref());
        Self { id, password_mark }
    }
}

/// The store of accounts, and the only place that reads password hashes.
#[derive(Clone)]
pub struct Accounts {
    database: Database,
    hasher: Hasher,
}

impl Accounts {
    /// Opens the database and migrates its tables.
    ///
    /// # Errors
    /// The database cannot be opened, created or migrated.
    pub async fn open(at: &AccountsAt, limits: &Limits) -> Result<Self, sqlx::Error> {
        Ok(Self { database: Database::open(at).await?, hasher: Hasher::new(limits) })
    }

    /// Hashes a new password, for [`Self::add`] and [`Self::set_password`]. It is a separate step because it takes a while
    /// and changes nothing: a client may hang up meanwhile.
    pub(crate) async fn hash(&self, password: NewPassword) -> Result<Hashed, Error> {
        self.hasher.hash(password.into()).await
    }

    /// The same accounts, whose passwords wait for hashing in this lane.
    pub(crate) fn in_lane(&self, lane: Lane) -> Self {
        Self { hasher: self.hasher.in_lane(lane), ..self.clone() }
    }

    /// The account with this address, without checking a password. Callers ask this for unknown addresses too.
    pub(crate) async fn known(&self, email: &Email) -> Result<Option<Known>, Error> {
        let row = sqlx::query("SELECT id, password_hash FROM accounts WHERE email = ?")
            .bind(email.as_str())
            .fetch_optional(&self.database.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let id: &[u8] = row.try_get("id")?;
        let id = Uuid::from_slice(id).map_err(|error| Error::Internal(error.into()))?;
        Ok(Some(Known::new(id, &Hashed::from_stored(row.try_get("password_hash")?))))
    }

    /// Creates an account.
    ///
    /// # Errors
    /// [`Error::EmailTaken`] when the address has an account, [`Error::Overloaded`] when too many passwords wait for
    /// hashing, and [`Error::StoreUnavailable`] when the database cannot be written.
    pub async fn sign_up(&self, email: Email, password: NewPassword) -> Result<User, Error> {
        let hash = self.hash(password).await?;
        self.add(email, &hash).await
    }

    /// Creates an account like [`Self::sign_up`], from the password's hash.
    pub(crate) async fn add(&self, email: Email, hash: &Hashed) -> Result<User, Error> {
        let id = Uuid::new_v4();
        let insert =
            sqlx::query("INSERT INTO accounts (id, email, password_hash, epoch) VALUES (?, ?, ?, 0)")
                .bind(id.as_bytes().as_slice())
                .bind(email.as_str())
                .bind(hash.as_str())
                .execute(&self.database.pool)
                .await;
        match insert {
            Ok(_) => Ok(User { id, email, epoch: 0 }),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Err(Error::EmailTaken),
            Err(error) => Err(error.into()),
        }
    }

    /// The account with this address, if the password is correct. An unknown address costs as much as a wrong password: one
    /// look-up and one hash (OWASP ASVS 6.3.8). The epoch comes from the same row as the hash.
    ///
    /// # Errors
    /// [`Error::InvalidCredentials`] when the address or the password is wrong, [`Error::Overloaded`] when too many
    /// passwords wait for hashing, and [`Error::StoreUnavailable`] when the database cannot be read.
    pub async fn log_in(&self, email: &Email, password: Password) -> Result<User, Error> {
        let row = sqlx::query("SELECT id, email, epoch, password_hash FROM accounts WHERE email = ?")
            .bind(email.as_str())
            .fetch_optional(&self.database.pool)
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

    /// The account with this id as it is now; `None` if it does not exist.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`] when the database cannot be read.
    pub fn find(&self, id: Uuid) -> Boxed<'_, Result<Option<User>, Error>> {
        if let Some(Ok(found)) = self.database.reader().map(|reader| reader.find(id)) {
            return Box::pin(std::future::ready(Ok(found)));
        }
        Box::pin(async move {
            let row = sqlx::query("SELECT id, email, epoch FROM accounts WHERE id = ?")
                .bind(id.as_bytes().as_slice())
                .fetch_optional(&self.database.pool)
                .await?;
            row.map(|row| user_of(&row)).transpose()
        })
    }

    /// Checks that the password is this account's.
    ///
    /// # Errors
    /// [`Error::WrongPassword`] when it is not or the account is gone, [`Error::Overloaded`] when too many passwords wait
    /// for hashing, and [`Error::StoreUnavailable`] when the database cannot be read.
    pub async fn check_password(&self, user: &User, password: Password) -> Result<(), Error> {
        match self.log_in(&user.email, password).await {
            Ok(found) if found.id == user.id => Ok(()),
            Ok(_) | Err(Error::InvalidCredentials) => Err(Error::WrongPassword),
            Err(error) => Err(error),
        }
    }

    /// Sets a new password and raises the epoch in one statement, so neither is ever stored without the other.
    ///
    /// # Errors
    /// [`Error::LogInAfresh`] when the epoch has changed since `user` was read; then nothing was changed, so that only one
    /// of two simultaneous changes succeeds. [`Error::Overloaded`] when too many passwords wait for hashing, and
    /// [`Error::StoreUnavailable`] when the database cannot be written.
    pub async fn change_password(&self, user: &User, new: NewPassword) -> Result<User, Error> {
        let hash = self.hash(new).await?;
        self.set_password(user, &hash).await
    }

    /// Sets a new password like [`Self::change_password`], from the password's hash.
    pub(crate) async fn set_password(&self, user: &User, hash: &Hashed) -> Result<User, Error> {
        let changed = sqlx::query(
            "UPDATE accounts SET password_hash = ?, epoch = epoch + 1 WHERE id = ? AND epoch = ? RETURNING id, email, epoch",
        )
        .bind(hash.as_str())
        .bind(user.id.as_bytes().as_slice())
        .bind(user.epoch as i64)
        .fetch_optional(&self.database.pool)
        .await?;
        self.database.leaves_traces();
        changed.map(|row| user_of(&row)).transpose()?.ok_or(Error::LogInAfresh)
    }

    /// Raises the account's epoch, which ends all credentials issued so far. The caller then tells the scheme, and may do
    /// so twice.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] when the account is gone, and [`Error::StoreUnavailable`] when the database cannot be
    /// written.
    pub async fn raise_epoch(&self, id: Uuid) -> Result<User, Error> {
        let raised =
            sqlx::query("UPDATE accounts SET epoch = epoch + 1 WHERE id = ? RETURNING id, email, epoch")
                .bind(id.as_bytes().as_slice())
                .fetch_optional(&self.database.pool)
                .await?;
        raised.map(|row| user_of(&row)).transpose()?.ok_or(Error::InvalidToken("no such account"))
    }

    /// Deletes the account, whose address is free again. The returned user's epoch is greater than that of every credential
    /// issued to the account.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] when the account is gone, and [`Error::StoreUnavailable`] when the database cannot be
    /// written.
    pub async fn delete(&self, user: &User) -> Result<User, Error> {
        let row = sqlx::query("DELETE FROM accounts WHERE id = ? RETURNING id, email, epoch")
            .bind(user.id.as_bytes().as_slice())
            .fetch_optional(&self.database.pool)
            .await?;
        self.database.leaves_traces();
        let last = row.map(|row| user_of(&row)).transpose()?.ok_or(Error::InvalidToken("no such account"))?;
        Ok(User { epoch: last.epoch + 1, ..last })
    }

    /// Up to `at_most` endings that the session store has not been told of.
    pub(crate) async fn endings(&self, at_most: u32) -> Result<Vec<Ending>, Error> {
        let rows = sqlx::query("SELECT id, epoch FROM endings LIMIT ?")
            .bind(at_most)
            .fetch_all(&self.database.pool)
            .await?;
        rows.iter().map(ending_of).collect()
    }

    /// Records that the session store has been told of an ending. A later ending of the same account stays stored.
    pub(crate) async fn ended(&self, ending: Ending) -> Result<(), Error> {
        sqlx::query("DELETE FROM endings WHERE id = ? AND epoch <= ?")
            .bind(ending.user_id.as_bytes().as_slice())
            .bind(ending.epoch as i64)
            .execute(&self.database.pool)
            .await?;
        Ok(())
    }

    /// Empties SQLite's write-ahead log, if something was deleted since it was last emptied.
    pub(crate) async fn wipe_traces(&self) -> Result<(), Error> {
        Ok(self.database.wipe_traces().await?)
    }

    /// The load of the password hasher.
    pub(crate) fn hashing(&self) -> Hashing {
        self.hasher.state()
    }

    /// Checks that the database answers.
    ///
    /// # Errors
    /// [`Error::StoreUnavailable`] when it does not.
    pub async fn ready(&self) -> Result<(), Error> {
        sqlx::query("SELECT 1").fetch_one(&self.database.pool).await?;
        Ok(())
    }
}

fn user_of(row: &sqlx::sqlite::SqliteRow) -> Result<User, Error> {
    let Ending { user_id: id, epoch } = ending_of(row)?;
    let email: String = row.try_get("email")?;
    Ok(User { id, email: Email::from_stored(email), epoch })
}

fn ending_of(row: &sqlx::sqlite::SqliteRow) -> Result<Ending, Error> {
    let id: &[u8] = row.try_get("id")?;
    let epoch: i64 = row.try_get("epoch")?;
    Ok(Ending {
        user_id: Uuid::from_slice(id).map_err(|error| Error::Internal(error.into()))?,
        epoch: u64::try_from(epoch).map_err(|error| Error::Internal(error.into()))?,
    })
}

impl User {
    /// The ending of all credentials issued to the user before their current epoch.
    pub fn ending(&self) -> Ending {
        Ending { user_id: self.id, epoch: self.epoch }
    }
}

impl User {
    /// A user without an account, for the credentials of the baseline design and of unit tests.
    pub fn sample() -> Self {
        Self { id: Uuid::from_u128(1), email: Email::sample(), epoch: 0 }
    }
}

#[cfg(test)]
mod tests;
