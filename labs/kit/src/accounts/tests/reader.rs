//! Tests of the reads that go around the pool.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

const CHANGES: u64 = 300;

/// Ends the readers also when the test fails.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_read_and_written_at_once_and_each_change_is_read_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let at = AccountsAt::File(folder.path().join("accounts.sqlite"));
    let accounts = Accounts::open(&at, &Limits::default()).await.unwrap();
    let email = Email::parse("ann@example.test").unwrap();
    let user = accounts.sign_up(email, chosen("correct horse")).await.unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let end = Done(&done);
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let (mut epochs, mut read) = (vec![0], 0_u64);
                    while !done.load(Ordering::Relaxed) {
                        if let Ok(found) = accounts.database.reader().unwrap().find(user.id) {
                            epochs.push(found.expect("the account exists").epoch);
                            read += 1;
                        }
                    }
                    assert!(epochs.is_sorted(), "an older row was read after a newer one");
                    read
                })
            })
            .collect();
        let runtime = tokio::runtime::Handle::current();
        for change in 1..=CHANGES {
            let raised = tokio::task::block_in_place(|| runtime.block_on(accounts.raise_epoch(user.id)));
            assert_eq!(raised.unwrap().epoch, change, "a reader disturbed the writer");
            let now = tokio::task::block_in_place(|| runtime.block_on(accounts.find(user.id)));
            assert_eq!(now.unwrap().unwrap().epoch, change, "a change is read at once");
        }
        drop(end);
        for reader in readers {
            assert_ne!(reader.join().unwrap(), 0, "it read nothing");
        }
    });
}

#[tokio::test]
async fn a_row_is_read_without_the_pool_and_no_connection_waits_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let at = AccountsAt::File(folder.path().join("accounts.sqlite"));
    let accounts = Accounts::open(&at, &Limits::default()).await.unwrap();
    let email = Email::parse("ann@example.test").unwrap();
    let user = accounts.sign_up(email, chosen("correct horse")).await.unwrap();
    accounts.database.pool.close().await;
    for _ in 0..3 {
        assert_eq!(accounts.find(user.id).await.unwrap(), Some(user.clone()));
    }
    assert_eq!(accounts.find(Uuid::nil()).await.unwrap(), None, "an account that does not exist");
    assert!(accounts.ready().await.is_err(), "the pool is closed");
}
