//! What the accounts' database stores about the session stores: each store's marker, and epochs raised to match a store.

use sqlx::Row;
use uuid::Uuid;

use super::{Accounts, User, user_of};
use crate::error::Error;
use crate::marker::Mark;

impl Accounts {
    /// The remembered marker of the store with this key.
    pub(crate) async fn mark(&self, key: &str) -> Result<Option<Mark>, Error> {
        let row = sqlx::query("SELECT store, generation FROM store_marks WHERE name = ?")
            .bind(key)
            .fetch_optional(&self.database.pool)
            .await?;
        row.map(|row| mark_of(&row)).transpose()
    }

    /// The keys of all remembered markers.
    pub(crate) async fn marked(&self) -> Result<Vec<String>, Error> {
        let rows =
            sqlx::query("SELECT name FROM store_marks ORDER BY name").fetch_all(&self.database.pool).await?;
        rows.iter().map(|row| Ok(row.try_get("name")?)).collect()
    }

    /// Remembers a marker if there is none for this key, or if it is from the same store and of a later generation. Returns
    /// the marker that is remembered afterwards, which counts; it may be another store's.
    pub(crate) async fn remember_mark(&self, key: &str, mark: Mark) -> Result<Mark, Error> {
        sqlx::query(
            "INSERT INTO store_marks (name, store, generation) VALUES (?, ?, ?)
             ON CONFLICT (name) DO UPDATE SET generation = excluded.generation
             WHERE store_marks.store = excluded.store AND store_marks.generation < excluded.generation",
        )
        .bind(key)
        .bind(mark.store.as_bytes().as_slice())
        .bind(signed(mark.generation)?)
        .execute(&self.database.pool)
        .await?;
        self.mark(key).await?.ok_or_else(|| Error::Internal("a marker was stored and is missing".into()))
    }

    /// Raises every account's epoch by one, which ends all credentials, and replaces each remembered marker by `mark`.
    /// Returns the number of accounts.
    pub(crate) async fn start_over(&self, mark: Mark) -> Result<u64, Error> {
        let mut transaction = self.database.pool.begin_with("BEGIN IMMEDIATE").await?;
        let raised = sqlx::query("UPDATE accounts SET epoch = epoch + 1").execute(&mut *transaction).await?;
        sqlx::query("UPDATE store_marks SET store = ?, generation = ?")
            .bind(mark.store.as_bytes().as_slice())
            .bind(signed(mark.generation)?)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(raised.rows_affected())
    }

    /// The account as it is now, with its epoch raised above `over`, the epoch that its store knows, and whether that was
    /// necessary. A row is behind the store after the database was restored from a backup; without raising it, the owner
    /// could never log in again, and an ending would end nothing. `None`: the account is gone.
    pub(crate) async fn lifted(&self, id: Uuid, over: u64) -> Result<Option<(User, bool)>, Error> {
        let lifted = sqlx::query(
            "UPDATE accounts SET epoch = ? WHERE id = ? AND epoch < ? RETURNING id, email, epoch",
        )
        .bind(signed(over.saturating_add(1))?)
        .bind(id.as_bytes().as_slice())
        .bind(signed(over)?)
        .fetch_optional(&self.database.pool)
        .await?;
        match lifted {
            Some(row) => Ok(Some((user_of(&row)?, true))),
            None => Ok(self.find(id).await?.map(|user| (user, false))),
        }
    }
}

fn mark_of(row: &sqlx::sqlite::SqliteRow) -> Result<Mark, Error> {
    let (store, generation): (&[u8], i64) = (row.try_get("store")?, row.try_get("generation")?);
    Ok(Mark {
        store: Uuid::from_slice(store).map_err(|error| Error::Internal(error.into()))?,
        generation: u64::try_from(generation).map_err(|error| Error::Internal(error.into()))?,
    })
}

/// An unsigned number as SQL's signed integer.
fn signed(number: u64) -> Result<i64, Error> {
    i64::try_from(number).map_err(|error| Error::Internal(error.into()))
}

#[cfg(test)]
mod tests {
    use super::super::{Email, Password};
    use super::*;
    use crate::config::{AccountsAt, Limits};

    const MARK: Mark = Mark { store: Uuid::from_u128(1), generation: 5 };

    async fn accounts() -> Accounts {
        Accounts::open(&AccountsAt::Memory, &Limits::default()).await.unwrap()
    }

    async fn somebody(accounts: &Accounts) -> User {
        let email = Email::parse("ann@example.test").unwrap();
        let password = Password::parse("correct horse battery staple").unwrap().chosen(15, &email).unwrap();
        accounts.sign_up(email, password).await.unwrap()
    }

    #[tokio::test]
    async fn a_marker_is_remembered_once_and_only_rises() {
        let accounts = accounts().await;
        assert_eq!(accounts.mark("auth:marker").await.unwrap(), None);
        let remember = async |mark| accounts.remember_mark("auth:marker", mark).await.unwrap();
        assert_eq!(remember(MARK).await, MARK);
        assert_eq!(remember(Mark { generation: 4, ..MARK }).await, MARK);
        let younger = Mark { generation: 6, ..MARK };
        assert_eq!(remember(younger).await, younger);
        let other = Mark { store: Uuid::from_u128(2), generation: 9 };
        assert_eq!(remember(other).await, younger);
        assert_eq!(accounts.marked().await.unwrap(), ["auth:marker"]);
    }

    #[tokio::test]
    async fn an_account_behind_its_store_is_lifted_over_it_once_and_one_that_is_not_is_left_alone() {
        let accounts = accounts().await;
        let user = somebody(&accounts).await;
        let (lifted, was_behind) = accounts.lifted(user.id, 3).await.unwrap().unwrap();
        assert_eq!((lifted.epoch, was_behind), (4, true));
        let (same, was_behind) = accounts.lifted(user.id, 3).await.unwrap().unwrap();
        assert_eq!((same.epoch, was_behind), (4, false));
        accounts.delete(&same).await.unwrap();
        assert_eq!(accounts.lifted(user.id, 9).await.unwrap(), None);
    }

    #[tokio::test]
    async fn to_start_over_raises_every_epoch_and_renews_every_marker() {
        let accounts = accounts().await;
        let user = somebody(&accounts).await;
        accounts.remember_mark("auth:marker", MARK).await.unwrap();
        let new = Mark { store: Uuid::from_u128(7), generation: 1 };
        assert_eq!(accounts.start_over(new).await.unwrap(), 1);
        assert_eq!(accounts.find(user.id).await.unwrap().unwrap().epoch, 1);
        assert_eq!(accounts.mark("auth:marker").await.unwrap(), Some(new));
    }
}
