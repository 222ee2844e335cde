//! Tests of accounts in a file: who may read it, what stays in it, and what happens when it cannot be used.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

use super::*;

struct File {
    _folder: TempDir,
    path: PathBuf,
}

impl File {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("accounts.sqlite");
        Self { _folder: folder, path }
    }

    async fn open(&self) -> Accounts {
        Accounts::open(&AccountsAt::File(self.path.clone()), &Limits::default()).await.unwrap()
    }

    /// A connection like that of another process.
    async fn connect(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(&self.path).create_if_missing(true).connect().await.unwrap()
    }

    fn with(&self, suffix: &str) -> PathBuf {
        let mut name = self.path.as_os_str().to_owned();
        name.push(suffix);
        name.into()
    }

    /// All bytes that a thief of the files could read.
    fn bytes(&self) -> Vec<u8> {
        let files = ["", "-wal", "-shm"].map(|suffix| std::fs::read(self.with(suffix)).unwrap_or_default());
        files.concat()
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

async fn ann(accounts: &Accounts) -> User {
    accounts.sign_up(email("ann@example.test"), chosen("correct horse")).await.unwrap()
}

/// Runs every statement that writes, and returns the error of each.
async fn writes(accounts: &Accounts, user: &User) -> Vec<Error> {
    let hash = accounts.hash(chosen("another horse")).await.unwrap();
    let started = Instant::now();
    let answers = vec![
        accounts.add(email("ben@example.test"), &hash).await.unwrap_err(),
        accounts.set_password(user, &hash).await.unwrap_err(),
        accounts.raise_epoch(user.id).await.unwrap_err(),
        accounts.delete(user).await.unwrap_err(),
        accounts.ended(user.ending()).await.unwrap_err(),
    ];
    let each = started.elapsed() / 5;
    assert!(
        each < Duration::from_secs(1),
        "a store that does not answer is told as such within a second: {each:?}"
    );
    answers
}

fn assert_outages(answers: Vec<Error>) {
    for answer in answers {
        assert!(matches!(answer, Error::StoreUnavailable(_)), "{answer:?}");
    }
}

#[tokio::test]
async fn while_another_process_writes_every_change_is_an_outage_and_every_log_in_goes_on() {
    let file = File::new();
    let accounts = file.open().await;
    let user = ann(&accounts).await;
    let mut other = file.connect().await;
    let held = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    assert_outages(writes(&accounts, &user).await);
    assert_eq!(accounts.log_in(&user.email, password("correct horse")).await.unwrap(), user);
    assert_eq!(accounts.find(user.id).await.unwrap(), Some(user.clone()));
    held.rollback().await.unwrap();
    assert_eq!(accounts.raise_epoch(user.id).await.unwrap().epoch, 1);
    assert!(accounts.sign_up(email("ben@example.test"), chosen("another horse")).await.is_ok());
}

#[tokio::test]
async fn what_a_read_only_database_answers_is_an_outage() {
    let file = File::new();
    let user = ann(&file.open().await).await;
    let options = SqliteConnectOptions::new().filename(&file.path).read_only(true);
    let mut read_only = options.connect().await.unwrap();
    let update = sqlx::query("UPDATE accounts SET epoch = epoch + 1 WHERE id = ?");
    let refused = update.bind(user.id.as_bytes().as_slice()).execute(&mut read_only).await.unwrap_err();
    assert!(matches!(Error::from(refused), Error::StoreUnavailable(_)));
}

#[tokio::test]
async fn a_file_that_was_removed_or_replaced_is_an_outage_and_no_empty_list_of_accounts() {
    let file = File::new();
    let accounts = file.open().await;
    let user = ann(&accounts).await;
    // Only the main file is moved, so it has to contain everything.
    accounts.wipe_traces().await.unwrap();
    let aside = file.with(".aside");
    std::fs::rename(&file.path, &aside).unwrap();
    assert_outages(writes(&accounts, &user).await);
    assert_outages(vec![accounts.find(user.id).await.unwrap_err(), accounts.ready().await.unwrap_err()]);
    assert!(!file.path.exists(), "the server created no empty one in its place");

    std::fs::copy(&aside, &file.path).unwrap();
    assert_outages(vec![accounts.find(user.id).await.unwrap_err()]);

    std::fs::rename(&aside, &file.path).unwrap();
    assert_eq!(accounts.find(user.id).await.unwrap(), Some(user), "the file is back");
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_reads_the_file_and_what_is_beside_it_and_a_backup() {
    let file = File::new();
    let accounts = file.open().await;
    ann(&accounts).await;
    for suffix in ["", "-wal", "-shm"] {
        assert_eq!(mode(&file.with(suffix)), 0o600, "{suffix}");
    }
    let copy = file.with(".copy");
    backup::back_up(&AccountsAt::File(file.path.clone()), &copy).await.unwrap();
    assert_eq!(mode(&copy), 0o600);
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_others_could_read_is_taken_from_them_when_it_is_opened() {
    use std::os::unix::fs::PermissionsExt;
    let file = File::new();
    ann(&file.open().await).await;
    std::fs::set_permissions(&file.path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let accounts = file.open().await;
    assert_eq!(mode(&file.path), 0o600);
    assert!(accounts.log_in(&email("ann@example.test"), password("correct horse")).await.is_ok());
}

#[tokio::test]
async fn of_a_deleted_account_and_of_a_changed_password_nothing_can_be_read_in_the_files() {
    let file = File::new();
    let accounts = file.open().await;
    let hash = accounts.hash(chosen("correct horse")).await.unwrap();
    // Enough accounts for pages to be split, merged and freed.
    let mut users = Vec::new();
    for number in 0..400 {
        users.push(accounts.add(email(&format!("person{number:04}@example.test")), &hash).await.unwrap());
    }
    let kept = accounts.hash(chosen("another horse")).await.unwrap();
    for (number, user) in users.iter().enumerate() {
        match number % 4 {
            0 => drop(accounts.set_password(user, &kept).await.unwrap()),
            _ => drop(accounts.delete(user).await.unwrap()),
        }
    }
    assert!(contains(&file.bytes(), "person0001@"), "the write-ahead log still contains it");
    accounts.wipe_traces().await.unwrap();
    let bytes = file.bytes();
    for number in 0..400 {
        let address = format!("person{number:04}@");
        assert_eq!(contains(&bytes, &address), number % 4 == 0, "{address}");
    }
    assert!(!contains(&bytes, hash.as_str()), "the old password's hash");
    assert!(contains(&bytes, kept.as_str()), "the new password's hash");
}

/// Creates the tables of the first version, with an account for each address.
async fn first_version(file: &File, addresses: &[&str], hash: &Hashed) {
    let mut connection = file.connect().await;
    let tables = "PRAGMA journal_mode = wal; CREATE TABLE accounts (
        id            BLOB    PRIMARY KEY CHECK (length(id) = 16),
        email         TEXT    NOT NULL UNIQUE,
        password_hash TEXT    NOT NULL,
        epoch         INTEGER NOT NULL DEFAULT 0 CHECK (epoch >= 0)
    ) STRICT, WITHOUT ROWID; PRAGMA user_version = 1;";
    sqlx::raw_sql(tables).execute(&mut connection).await.unwrap();
    for address in addresses {
        sqlx::query("INSERT INTO accounts (id, email, password_hash) VALUES (?, ?, ?)")
            .bind(Uuid::new_v4().as_bytes().as_slice())
            .bind(*address)
            .bind(hash.as_str())
            .execute(&mut connection)
            .await
            .unwrap();
    }
    sqlx::query("DELETE FROM accounts WHERE email LIKE 'deleted%'").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_file_of_the_first_version_lets_everybody_in_by_their_address_as_it_is_spelt_now() {
    let file = File::new();
    let hash = accounts().await.hash(chosen("correct horse")).await.unwrap();
    let addresses =
        ["ann@example.test", "ben@b\u{fc}cher.example", "jose\u{301}@example.test", "deleted@example.test"];
    first_version(&file, &addresses, &hash).await;
    assert!(contains(&file.bytes(), "deleted@"), "the first version overwrote nothing");
    let accounts = file.open().await;
    for address in &addresses[..3] {
        let user = accounts.log_in(&email(address), password("correct horse")).await.unwrap();
        assert_eq!(user.email, email(address));
        assert_eq!(accounts.raise_epoch(user.id).await.unwrap().epoch, 1);
    }
    assert_eq!(accounts.endings(10).await.unwrap().len(), 3);
    accounts.wipe_traces().await.unwrap();
    assert!(!contains(&file.bytes(), "deleted@"));
}

#[tokio::test]
async fn of_two_accounts_whose_domain_was_spelt_in_two_ways_the_one_in_the_kept_spelling_stays_reachable() {
    let file = File::new();
    let hash = accounts().await.hash(chosen("correct horse")).await.unwrap();
    first_version(&file, &["ann@b\u{fc}cher.example", "ann@xn--bcher-kva.example"], &hash).await;
    let accounts = file.open().await;
    let user = accounts.log_in(&email("ann@b\u{fc}cher.example"), password("correct horse")).await.unwrap();
    assert_eq!(user.email.as_str(), "ann@xn--bcher-kva.example");
    let again = accounts.sign_up(email("ann@B\u{dc}CHER.example"), chosen("correct horse")).await;
    assert!(matches!(again, Err(Error::EmailTaken)));
}
