//! A SQLite database that another process keeps locked for writing: a manual backup, a forgotten shell, a migration.

use std::time::{Duration, Instant};

use harness::Failure;
use harness::client::{Account, Request};
use harness::design::{HYBRID, SESSION};
use harness::server::Server;
use kit::Store;
use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::person::{Answer, Call, Person};
use super::row::{Outcome, Promise};

/// How long, at least, the other process holds the lock.
const HELD: Duration = Duration::from_secs(2);
/// The most time for an answer: one second for the store, as in every row, and the time to hash a password before it.
const LIMIT: Duration = Duration::from_millis(1500);

/// All calls that change an account, each sent by a user of its own.
struct Changes {
    calls: Vec<(&'static str, Person, Request)>,
    visitor: Person,
}

impl Changes {
    async fn prepare(base: &str) -> Result<Self, Failure> {
        let person = || Person::sign_up(base, "web");
        let new = Account::named("someone-new");
        // All accounts have the same password.
        let password = &new.password;
        let change = json!({ "current_password": password, "new_password": format!("another {password}") });
        let everywhere = json!({ "scope": "global" });
        let proof = json!({ "password": password });
        let calls = vec![
            ("sign-up", person().await?, new.sign_up()),
            ("new password", person().await?, Request::post("/auth/password", change)),
            ("logout everywhere", person().await?, Request::post("/auth/logout", everywhere)),
            ("deletion", person().await?, Request::post("/auth/account/delete", proof)),
        ];
        Ok(Self { calls, visitor: person().await? })
    }

    async fn make(&self) -> Vec<(&'static str, Answer)> {
        let mut answers = Vec::new();
        for (name, person, request) in &self.calls {
            answers.push((*name, person.send_signed(request.clone()).await));
        }
        answers
    }

    /// Sends the calls that only read: `/me`, and a login.
    async fn read(&mut self) -> Vec<(&'static str, Answer)> {
        let me = self.visitor.ask(Call::Me).await;
        vec![("/me", me), ("login", self.visitor.send_signed(self.visitor.account.log_in()).await)]
    }
}

/// While the database is locked, changes are refused with 503 and reads succeed; once it is unlocked, every change
/// succeeds.
pub(crate) async fn busy() -> Result<Outcome, Failure> {
    let mut promises = Vec::new();
    for design in [HYBRID, SESSION] {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("accounts.sqlite");
        let accounts = file.to_str().ok_or_else(|| Failure::new("a temporary folder's name is not UTF-8"))?;
        let server = Server::start_with(design, &Store::Memory, &["--accounts", accounts], &[]).await?;
        let mut changes = Changes::prepare(&server.url).await?;

        let mut other = SqliteConnectOptions::new().filename(&file).connect().await?;
        let lock = other.begin_with("BEGIN IMMEDIATE").await?;
        let began = Instant::now();
        let (mut refused, mut read) = (Vec::new(), Vec::new());
        while began.elapsed() < HELD {
            refused.extend(changes.make().await);
            read.extend(changes.read().await);
        }
        lock.rollback().await?;
        let after = changes.make().await;

        let name = design.name;
        promises.extend([
            Promise::new(
                format!("{name}: every change is 503 with Retry-After"),
                told(&refused),
                refused.iter().all(|(_, answer)| answer.is_fair_refusal()),
            ),
            Promise::within(
                &format!("{name}: each refusal within 1.5 s, hashing included"),
                refused.iter().map(|(_, answer)| answer.took).max(),
                LIMIT,
            ),
            Promise::new(
                format!("{name}: logins and /me keep working"),
                told(&read),
                read.iter().all(|(_, answer)| answer.is_good()),
            ),
            Promise::new(
                format!("{name}: each change succeeds after the lock is released"),
                told(&after),
                after.iter().all(|(_, answer)| answer.is_good()),
            ),
        ]);
    }
    Ok(Outcome::Seen(promises))
}

/// Each call with every status that it got, as `sign-up 503, deletion 503`.
fn told(answers: &[(&'static str, Answer)]) -> String {
    let mut told: Vec<String> = Vec::new();
    for (name, answer) in answers {
        let status = answer.status.map_or("no answer".to_owned(), |status| status.to_string());
        let line = format!("{name} {status}");
        if !told.contains(&line) {
            told.push(line);
        }
    }
    told.join(", ")
}
