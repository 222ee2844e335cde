mod file;
mod reader;

use super::*;

async fn accounts() -> Accounts {
    Accounts::open(&AccountsAt::Memory, &Limits::default()).await.unwrap()
}

fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

fn chosen(text: &str) -> NewPassword {
    password(text).chosen(8, &Email::parse("nobody@example.test").unwrap()).unwrap()
}

#[tokio::test]
async fn the_right_password_logs_in_and_a_wrong_one_does_not() {
    let accounts = accounts().await;
    let email = Email::parse("ann@example.test").unwrap();
    let user = accounts.sign_up(email.clone(), chosen("correct horse")).await.unwrap();
    assert_eq!(accounts.log_in(&email, password("correct horse")).await.unwrap(), user);
    let refused = accounts.log_in(&email, password("battery staple")).await;
    assert!(matches!(refused, Err(Error::InvalidCredentials)));
}

#[tokio::test]
async fn an_address_is_taken_once_and_free_again_after_deletion() {
    let accounts = accounts().await;
    let email = Email::parse("ann@example.test").unwrap();
    let user = accounts.sign_up(email.clone(), chosen("correct horse")).await.unwrap();
    let second = accounts.sign_up(email.clone(), chosen("correct horse")).await;
    assert!(matches!(second, Err(Error::EmailTaken)));
    assert_eq!(accounts.delete(&user).await.unwrap().epoch, 1);
    assert_eq!(accounts.find(user.id).await.unwrap(), None);
    assert!(accounts.sign_up(email, chosen("correct horse")).await.is_ok());
}

#[tokio::test]
async fn of_two_password_changes_from_one_reading_only_the_first_wins() {
    let accounts = accounts().await;
    let email = Email::parse("ann@example.test").unwrap();
    let user = accounts.sign_up(email, chosen("correct horse")).await.unwrap();
    let changed = accounts.change_password(&user, chosen("first change")).await.unwrap();
    assert_eq!(changed.epoch, 1);
    let late = accounts.change_password(&user, chosen("second change")).await;
    assert!(matches!(late, Err(Error::LogInAfresh)));
    assert!(accounts.check_password(&changed, password("first change")).await.is_ok());
}

#[tokio::test]
async fn accounts_in_memory_outlive_a_connection_that_breaks_and_are_those_of_one_server() {
    let (accounts, other) = (accounts().await, accounts().await);
    let email = Email::parse("ann@example.test").unwrap();
    let user = accounts.sign_up(email.clone(), chosen("correct horse")).await.unwrap();
    let broken = accounts.database.pool.acquire().await.unwrap();
    broken.close().await.unwrap();
    assert_eq!(accounts.find(user.id).await.unwrap(), Some(user));
    assert!(other.sign_up(email, chosen("correct horse")).await.is_ok());
}

#[tokio::test]
async fn a_file_keeps_its_accounts_and_is_migrated_once() {
    let folder = tempfile::tempdir().unwrap();
    let at = AccountsAt::File(folder.path().join("accounts.sqlite"));
    let email = Email::parse("ann@example.test").unwrap();
    let first = Accounts::open(&at, &Limits::default()).await.unwrap();
    let user = first.sign_up(email, chosen("correct horse")).await.unwrap();
    let second = Accounts::open(&at, &Limits::default()).await.unwrap();
    assert_eq!(second.find(user.id).await.unwrap(), Some(user));
}

#[tokio::test]
async fn an_ending_is_noted_with_the_change_that_decides_it_and_gone_once_it_is_carried_out() {
    let accounts = accounts().await;
    let email = Email::parse("ann@example.test").unwrap();
    let user = accounts.sign_up(email, chosen("correct horse")).await.unwrap();
    assert_eq!(accounts.endings(10).await.unwrap(), [], "a new account has nothing to end");
    let first = accounts.raise_epoch(user.id).await.unwrap().ending();
    assert_eq!(accounts.endings(10).await.unwrap(), [first]);
    let changed = accounts.find(user.id).await.unwrap().unwrap();
    let second = accounts.change_password(&changed, chosen("first change")).await.unwrap().ending();
    accounts.ended(first).await.unwrap();
    assert_eq!(accounts.endings(10).await.unwrap(), [second], "the later one stays");
    accounts.ended(second).await.unwrap();
    assert_eq!(accounts.endings(10).await.unwrap(), []);
    let gone = accounts.delete(&user).await.unwrap().ending();
    assert_eq!((gone.user_id, gone.epoch), (user.id, 3));
    assert_eq!(accounts.endings(10).await.unwrap(), [gone]);
}
