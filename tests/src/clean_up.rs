//! Deletes the accounts that a run has created: the checker leaves a server as it found it, as far as the server
//! permits.
//!
//! Accounts that cannot be deleted are reported and fail no check: there are separate checks for deleting accounts.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde::Serialize;
use tokio::{sync::Semaphore, task::JoinSet, time::timeout_at};

use crate::{
    accounts::{Account, Credential},
    call::Call,
    client::Client,
    excerpt::cut,
    exchange::Exchange,
    requests::{delete_account, log_in},
};

/// How long the cleanup of a run may take in total. A server that checks a password in 0.1 s on one core needs about
/// half.
const WITHIN: Duration = Duration::from_secs(60);

/// How many of an account's credentials are tried, the latest first.
const CREDENTIALS: usize = 8;

/// How many accounts are deleted at once: each costs the server a password hash.
const AT_ONCE: usize = 4;

/// How often a request is sent while the server responds with 503, for example because its database is busy.
const TRIES: usize = 4;

/// The longest pause before the next try, even if the server asks for more.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What happened to the accounts that a run created.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Accounts {
    /// The number of accounts that the run created.
    pub created: usize,
    /// The number of accounts that were deleted, by a check or by the cleanup.
    pub deleted: usize,
    /// The number of accounts that remain on the server.
    pub left: usize,
    /// The reasons why accounts remain, each with the number of accounts.
    pub left_because: BTreeMap<String, usize>,
    /// The duration of the cleanup, in milliseconds.
    pub clean_up_ms: u64,
}

impl Accounts {
    /// Adds the accounts of another run on the same server.
    pub fn add(&mut self, other: &Accounts) {
        self.created += other.created;
        self.deleted += other.deleted;
        self.left += other.left;
        for (reason, count) in &other.left_because {
            *self.left_because.entry(reason.clone()).or_default() += count;
        }
        self.clean_up_ms += other.clean_up_ms;
    }

    /// A sentence for the user; `None` when no account was created, or the server deletes all remaining ones when it stops.
    pub fn text(&self) -> Option<String> {
        let Self { created, deleted, left, left_because, clean_up_ms } = self;
        if *created == 0 || left_because.contains_key(END_WITH_SERVER) {
            return None;
        }
        let seconds = *clean_up_ms as f64 / 1000.0;
        let mut text = format!(
            "accounts on the server: {created} created, {deleted} deleted, {left} left (cleanup: {seconds:.1} s)"
        );
        for (reason, count) in left_because {
            text.push_str(&format!("\n  {count} left: {reason}"));
        }
        Some(text)
    }

    fn leave(&mut self, count: usize, reason: &str) {
        if count > 0 {
            self.left += count;
            *self.left_because.entry(reason.to_owned()).or_default() += count;
        }
    }
}

/// The reason why [`keep`] does not delete the accounts.
pub(crate) const KEPT: &str = "kept on request";
pub(crate) const END_WITH_SERVER: &str = "the server deletes them when it stops";

/// Deletes no account, and reports them all as kept.
pub(crate) fn keep(accounts: &[Account], because: &str) -> Accounts {
    let mut told = counted(accounts);
    told.leave(told.created - told.deleted, because);
    told
}

/// Deletes every account that has not been deleted yet.
pub(crate) async fn delete_all(client: &Client, accounts: Vec<Account>) -> Accounts {
    delete_all_within(client, accounts, WITHIN).await
}

async fn delete_all_within(client: &Client, accounts: Vec<Account>, within: Duration) -> Accounts {
    let began = Instant::now();
    let mut told = counted(&accounts);
    let mut unheard = told.created - told.deleted;
    let (broom, places) = (Arc::new(Broom::new(client.clone())), Arc::new(Semaphore::new(AT_ONCE)));
    let mut deleting = JoinSet::new();
    for account in accounts.into_iter().filter(|account| !account.deleted) {
        let (broom, places) = (Arc::clone(&broom), Arc::clone(&places));
        deleting.spawn(async move {
            let _place = places.acquire_owned().await;
            broom.delete(&account).await
        });
    }
    let deadline = tokio::time::Instant::now() + within;
    while let Ok(Some(ended)) = timeout_at(deadline, deleting.join_next()).await {
        unheard -= 1;
        match ended {
            Ok(Ok(())) => told.deleted += 1,
            Ok(Err(reason)) => told.leave(1, &reason),
            Err(broken) => told.leave(1, &format!("internal error of the checker: {broken}")),
        }
    }
    told.leave(unheard, &format!("the cleanup stopped after {} s", within.as_secs()));
    told.clean_up_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    told
}

fn counted(accounts: &[Account]) -> Accounts {
    let deleted = accounts.iter().filter(|account| account.deleted).count();
    Accounts { created: accounts.len(), deleted, ..Accounts::default() }
}

/// What one cleanup has learnt about the server, so that it does not repeat requests to a server that does not respond.
struct Broom {
    client: Client,
    is_silent: AtomicBool,
    is_throttled: AtomicBool,
    /// The server answered all tries of one request with 503, so no other request is repeated.
    stays_busy: AtomicBool,
}

type Gone = Result<(), String>;

/// How much of a problem's code is shown, in characters: the text comes from the server.
const CODE_SHOWN: usize = 40;

const SILENT: &str = "the server does not respond";
const THROTTLED: &str = "the server throttles the checker's address";

impl Broom {
    fn new(client: Client) -> Self {
        Self {
            client,
            is_silent: AtomicBool::new(false),
            is_throttled: AtomicBool::new(false),
            stays_busy: AtomicBool::new(false),
        }
    }

    async fn delete(&self, account: &Account) -> Gone {
        // Most credentials are still valid. One that was logged out or has expired gets 401, which costs the server no
        // password hash: so the older ones are tried, and only then a login.
        for credential in account.credentials.iter().rev().take(CREDENTIALS) {
            match self.delete_with(credential, account).await? {
                Asked::Deleted => return Ok(()),
                Asked::Refused(answer) if answer.status != 401 => {
                    return Err(refusal(&answer, "delete the account"));
                }
                Asked::Refused(_) => {}
            }
        }
        let credential = self.log_in(account).await?;
        match self.delete_with(&credential, account).await? {
            Asked::Deleted => Ok(()),
            Asked::Refused(answer) => Err(refusal(&answer, "delete the account")),
        }
    }

    /// Tries to delete with each password that the account may have, the latest first.
    async fn delete_with(&self, credential: &Credential, account: &Account) -> Result<Asked, String> {
        let mut last = None;
        for password in account.passwords.iter().rev() {
            let answer = self.send(credential.on(delete_account(password))).await?;
            match answer.status {
                200..300 => return Ok(Asked::Deleted),
                403 if answer.has("code", "wrong_password") => last = Some(answer),
                _ => return Ok(Asked::Refused(answer)),
            }
        }
        last.map(Asked::Refused).ok_or_else(|| "the checker does not know its password".to_owned())
    }

    async fn log_in(&self, account: &Account) -> Result<Credential, String> {
        let mut last = None;
        for password in account.passwords.iter().rev() {
            if self.is_throttled.load(Ordering::Relaxed) {
                return Err(THROTTLED.to_owned());
            }
            let answer = self.send(log_in(&account.email, password, "mobile")).await?;
            if answer.status == 200 {
                return Credential::of_answer(&answer)
                    .ok_or_else(|| "the login response contains no credential".to_owned());
            }
            last = Some(answer);
        }
        match last {
            Some(answer) => Err(refusal(&answer, "log in")),
            None => Err("the checker does not know its password".to_owned()),
        }
    }

    async fn send(&self, call: Call) -> Result<Exchange, String> {
        if self.is_silent.load(Ordering::Relaxed) {
            return Err(SILENT.to_owned());
        }
        let mut answer = self.send_once(&call).await?;
        for _ in 1..TRIES {
            let Some(pause) = pause_asked_for(&answer) else { return Ok(answer) };
            if self.stays_busy.load(Ordering::Relaxed) {
                return Ok(answer);
            }
            tokio::time::sleep(pause).await;
            answer = self.send_once(&call).await?;
        }
        if pause_asked_for(&answer).is_some() {
            self.stays_busy.store(true, Ordering::Relaxed);
        }
        Ok(answer)
    }

    async fn send_once(&self, call: &Call) -> Result<Exchange, String> {
        let Ok(answer) = self.client.send(call.clone()).await else {
            self.is_silent.store(true, Ordering::Relaxed);
            return Err(SILENT.to_owned());
        };
        if answer.status == 429 {
            self.is_throttled.store(true, Ordering::Relaxed);
        }
        Ok(answer)
    }
}

/// How long to wait before the request is sent again, if the server asks for that: a 503 with `Retry-After` in seconds
/// (RFC 9110 §10.2.3).
fn pause_asked_for(answer: &Exchange) -> Option<Duration> {
    let seconds = answer.header("retry-after")?.parse().ok()?;
    (answer.status == 503).then_some(Duration::from_secs(seconds).min(LONGEST_PAUSE))
}

/// The result of a request to delete.
enum Asked {
    Deleted,
    Refused(Exchange),
}

fn refusal(answer: &Exchange, to: &str) -> String {
    if answer.status == 429 {
        return THROTTLED.to_owned();
    }
    // Only its first line, because the reason is one line of the report.
    let code = answer.text("code").and_then(|code| code.lines().next().map(|line| cut(line, CODE_SHOWN)));
    let code = code.map(|code| format!(" {code}")).unwrap_or_default();
    format!("the server responded with {}{code} to the request to {to}", answer.status)
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

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
            Some(
                "accounts on the server: 2 created, 0 deleted, 2 left (cleanup: 1.5 s)\n  2 left: it throttles"
            )
        );
        assert_eq!(Accounts::default().text(), None);
        assert!(keep(&[account()], KEPT).text().is_some());
        assert_eq!(keep(&[account()], END_WITH_SERVER).text(), None);
    }
}
