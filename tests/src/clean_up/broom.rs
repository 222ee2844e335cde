//! Deletes one account after another, and remembers what that taught about the server.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use crate::{
    accounts::Account,
    call::Call,
    client::Client,
    credential::Credential,
    excerpt::cut,
    exchange::Exchange,
    requests::{delete_account, log_in},
};

/// How many of an account's credentials are tried, the latest first.
const CREDENTIALS: usize = 8;

/// How often a request is sent while the server responds with 503, for example because its database is busy.
const TRIES: usize = 4;

/// The longest pause before the next try, even if the server asks for more.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What one cleanup has learnt about the server, so that it does not repeat requests to a server that does not respond.
pub(super) struct Broom {
    client: Client,
    is_silent: AtomicBool,
    is_throttled: AtomicBool,
    /// The server answered all tries of one request with 503, so no other request is repeated.
    stays_busy: AtomicBool,
}

pub(super) type Gone = Result<(), String>;

/// How much of a problem's code is shown, in characters: the text comes from the server.
const CODE_SHOWN: usize = 40;

const SILENT: &str = "the server does not respond";
const THROTTLED: &str = "the server throttles the checker's address";

impl Broom {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            is_silent: AtomicBool::new(false),
            is_throttled: AtomicBool::new(false),
            stays_busy: AtomicBool::new(false),
        }
    }

    pub(super) async fn delete(&self, account: &Account) -> Gone {
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
