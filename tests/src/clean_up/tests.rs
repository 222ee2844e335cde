//! A cleanup against servers that answer in turn what a test gives them.

use std::collections::BTreeMap;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::*;
use crate::credential::Credential;

/// A server that answers each request, in turn, with the next of these responses, and none after the last.
async fn answering(answers: &'static [&'static str]) -> Client {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("a bound port"));
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            // Read first: a connection that closes with unread bytes is reset, and the response is lost.
            drop(stream.read(&mut [0; 4096]).await);
            let head = format!("HTTP/1.1 {answer}\r\nconnection: close\r\ncontent-length: ");
            let body = match answer.split(' ').next() {
                Some("200") => r#"{"access_token":"new"}"#,
                Some("403") => r#"{"code":"csrf\n  0 left"}"#,
                Some("418") => r#"{"code":"\u001b[2Jxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}"#,
                _ => "",
            };
            drop(stream.write_all(format!("{head}{}\r\n\r\n{body}", body.len()).as_bytes()).await);
        }
    });
    Client::new(&url).expect("a client")
}

fn account() -> Account {
    Account {
        email: "a@example.test".to_owned(),
        passwords: vec!["correct horse battery".to_owned()],
        credentials: vec![Credential::Bearer("old".to_owned())],
        ..Account::default()
    }
}

async fn cleaned(answers: &'static [&'static str], accounts: Vec<Account>) -> Accounts {
    let told = delete_all(&answering(answers).await, accounts).await;
    Accounts { clean_up_ms: 0, ..told }
}

fn left(because: &str, count: usize) -> Accounts {
    let left_because = BTreeMap::from([(because.to_owned(), count)]);
    Accounts { created: count, left: count, left_because, ..Accounts::default() }
}

#[tokio::test]
async fn an_ended_credential_is_replaced_by_a_log_in() {
    let told = cleaned(&["401 Unauthorized", "200 OK", "204 No Content"], vec![account()]).await;
    assert_eq!(told, Accounts { created: 1, deleted: 1, ..Accounts::default() });
}

#[tokio::test]
async fn an_older_credential_that_lives_saves_the_log_in() {
    let older = vec![Credential::Bearer("older".to_owned()), Credential::Bearer("old".to_owned())];
    let account = Account { credentials: older, ..account() };
    let told = cleaned(&["401 Unauthorized", "204 No Content"], vec![account]).await;
    assert_eq!(told, Accounts { created: 1, deleted: 1, ..Accounts::default() });
}

#[tokio::test]
async fn a_server_that_throttles_the_log_in_is_left_alone_and_that_is_told() {
    let told = cleaned(&["401 Unauthorized", "429 Too Many Requests"], vec![account()]).await;
    assert_eq!(told, left("the server throttles the checker's address", 1));
}

#[tokio::test]
async fn a_server_that_is_busy_for_a_moment_is_asked_again() {
    const BUSY: &str = "503 Service Unavailable\r\nretry-after: 0";
    let told = cleaned(&[BUSY, BUSY, BUSY, "204 No Content"], vec![account()]).await;
    assert_eq!(told, Accounts { created: 1, deleted: 1, ..Accounts::default() });
}

#[tokio::test]
async fn a_server_that_stays_busy_or_names_no_time_is_told_with_its_answer() {
    const BUSY: &str = "503 Service Unavailable\r\nretry-after: 0";
    let told = cleaned(&[BUSY; 4], vec![account()]).await;
    assert_eq!(told, left("the server responded with 503 to the request to delete the account", 1));
    let told = cleaned(&["503 Service Unavailable"], vec![account()]).await;
    assert_eq!(told, left("the server responded with 503 to the request to delete the account", 1));
}

#[tokio::test]
async fn a_server_that_stayed_busy_for_one_account_is_asked_once_for_each_of_the_others() {
    const BUSY: &str = "503 Service Unavailable\r\nretry-after: 0";
    let broom = Broom::new(answering(&[BUSY, BUSY, BUSY, BUSY, BUSY, "204 No Content"]).await);
    assert!(broom.delete(&account()).await.is_err());
    // The second account uses only the fifth response, and the third account the sixth.
    assert!(broom.delete(&account()).await.is_err());
    assert_eq!(broom.delete(&account()).await, Ok(()));
}

#[tokio::test]
async fn a_server_that_deletes_no_accounts_is_told_with_its_answer() {
    let told = cleaned(&["404 Not Found"], vec![account()]).await;
    assert_eq!(told, left("the server responded with 404 to the request to delete the account", 1));
}

#[tokio::test]
async fn a_code_of_the_server_is_told_cut_and_without_what_a_terminal_would_obey() {
    let told = cleaned(&["403 Forbidden"], vec![account()]).await;
    assert_eq!(told, left("the server responded with 403 csrf to the request to delete the account", 1));
    let told = cleaned(&["418 I'm a teapot"], vec![account()]).await;
    let code = format!("\\u{{1b}}[2J{}… (45 characters)", "x".repeat(36));
    assert_eq!(
        told,
        left(&format!("the server responded with 418 {code} to the request to delete the account"), 1)
    );
}

#[tokio::test]
async fn a_server_that_went_away_is_not_asked_for_each_account() {
    let told = cleaned(&[], vec![account(), account(), account()]).await;
    assert_eq!(told, left("the server does not respond", 3));
}

#[tokio::test]
async fn a_clean_up_ends_in_time_whatever_the_server_does() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let client = Client::new(&format!("http://{}", listener.local_addr().expect("a bound port")));
    let within = Duration::from_millis(50);
    let told = delete_all_within(&client.expect("a client"), vec![account(), account()], within).await;
    assert_eq!(Accounts { clean_up_ms: 0, ..told }, left("the cleanup stopped after 0 s", 2));
    drop(listener);
}

#[tokio::test]
async fn what_a_check_deleted_is_not_asked_for_and_what_is_to_be_kept_is_told() {
    let gone = Account { deleted: true, ..account() };
    let told = cleaned(&[], vec![gone.clone()]).await;
    assert_eq!(told, Accounts { created: 1, deleted: 1, ..Accounts::default() });
    let kept = keep(&[gone, account()], KEPT);
    assert_eq!((kept.created, kept.deleted, kept.left), (2, 1, 1));
    assert_eq!(kept.left_because, BTreeMap::from([("kept on request".to_owned(), 1)]));
}

#[test]
fn the_sentence_has_every_count_and_every_reason_and_there_is_none_without_accounts() {
    let told = Accounts { clean_up_ms: 1500, ..left("it throttles", 2) };
    assert_eq!(
        told.text().as_deref(),
        Some("accounts on the server: 2 created, 0 deleted, 2 left (cleanup: 1.5 s)\n  2 left: it throttles")
    );
    assert_eq!(Accounts::default().text(), None);
    assert!(keep(&[account()], KEPT).text().is_some());
    assert_eq!(keep(&[account()], END_WITH_SERVER).text(), None);
}
