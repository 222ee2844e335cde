//! A user's app as plain HTTP: what it sends, and what it stores.

mod account;
mod held;
mod request;

use reqwest::{Response, StatusCode};
use serde::Deserialize;
use serde_json::json;

pub use self::account::Account;
pub use self::held::{Credential, Held};
pub use self::request::{Header, Request, connections, connections_to, header_bytes};
use crate::failure::Failure;
use crate::server::Server;

/// An HTTP client of one server.
pub struct Client<'a> {
    server: &'a Server,
    http: reqwest::Client,
}

#[derive(Deserialize)]
struct Lifetimes {
    access_ttl: Option<u64>,
    refresh_ttl: Option<u64>,
}

#[derive(Deserialize)]
struct Now {
    now: u64,
}

impl<'a> Client<'a> {
    /// A client of this server, with connections of its own.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn of(server: &'a Server) -> Result<Self, Failure> {
        Ok(Self { server, http: connections()? })
    }

    /// Creates an account and then logs in to it, as a user does.
    ///
    /// # Errors
    /// The server does not answer, or its answer is not the expected one.
    pub async fn sign_up_and_log_in(&self) -> Result<Held, Failure> {
        let account = self.sign_up().await?;
        self.log_in(&account).await
    }

    /// Creates an account.
    ///
    /// # Errors
    /// The server does not answer, or its answer is not 201.
    pub async fn sign_up(&self) -> Result<Account, Failure> {
        let account = Account::fresh();
        self.expect(StatusCode::CREATED, account.sign_up()).await?;
        Ok(account)
    }

    /// Logs in, which opens one more session.
    ///
    /// # Errors
    /// The server does not answer, its answer is not 200, or the answer contains no credential.
    pub async fn log_in(&self, account: &Account) -> Result<Held, Failure> {
        let answer = self.expect(StatusCode::OK, account.log_in()).await?;
        let held = Held::received(answer).await?;
        let design = self.server.design;
        if held.credential().is_none() && !design.is_baseline() {
            return Err(Failure::new(format!("the {design} server's answer to the login has no credential")));
        }
        Ok(held)
    }

    /// Whether `/me` accepts this credential.
    ///
    /// # Errors
    /// The server does not answer, or its answer is neither 200 nor 401.
    pub async fn is_let_in(&self, held: &Held) -> Result<bool, Failure> {
        self.is_accepted(Request::get("/me").with(held.header())).await
    }

    /// Logs out. The response says that the logout is done; whether the credential has really ended is the tour's subject.
    ///
    /// # Errors
    /// The server does not answer, or its answer is not 204.
    pub async fn log_out(&self, held: &Held) -> Result<(), Failure> {
        let request = Request::post("/auth/logout", json!({})).with(held.header()).from_own_page();
        self.expect(StatusCode::NO_CONTENT, request).await?;
        Ok(())
    }

    /// Whether a client with this credential can get a new one without the password.
    ///
    /// # Errors
    /// The server does not answer, or its answer is neither 200 nor 401.
    pub async fn can_renew(&self, held: &Held) -> Result<bool, Failure> {
        Ok(held.refresh_token.is_some() && self.is_accepted(held.presenting("/auth/refresh")).await?)
    }

    /// How long a user stays logged in, in seconds, as the server claims in `/lab`: the lifetime of its longest credential;
    /// `None` if it has no lifetimes.
    ///
    /// # Errors
    /// The server does not answer, or its answer is not the expected one.
    pub async fn stays_logged_in(&self) -> Result<Option<u64>, Failure> {
        let answer = self.expect(StatusCode::OK, Request::get("/lab")).await?;
        let lifetimes: Lifetimes = answer.json().await?;
        Ok(lifetimes.refresh_ttl.or(lifetimes.access_ttl))
    }

    /// The server's time, in seconds since the Unix epoch.
    ///
    /// # Errors
    /// The server does not answer, or its lab controls are off.
    pub async fn now(&self) -> Result<u64, Failure> {
        self.time(Request::get("/lab/clock")).await
    }

    /// Moves the server's clock forward and returns its new time, in seconds since the Unix epoch.
    ///
    /// # Errors
    /// The server does not answer, or its lab controls are off.
    pub async fn advance(&self, seconds: u64) -> Result<u64, Failure> {
        self.time(Request::post("/lab/clock", json!({ "advance_seconds": seconds }))).await
    }

    async fn time(&self, request: Request) -> Result<u64, Failure> {
        Ok(self.expect(StatusCode::OK, request).await?.json::<Now>().await?.now)
    }

    async fn is_accepted(&self, request: Request) -> Result<bool, Failure> {
        let status = request.send(&self.http, &self.server.url).await?.status();
        match status {
            StatusCode::OK => Ok(true),
            StatusCode::UNAUTHORIZED => Ok(false),
            _ => Err(self.surprise(&request, status)),
        }
    }

    async fn expect(&self, status: StatusCode, request: Request) -> Result<Response, Failure> {
        let answer = request.send(&self.http, &self.server.url).await?;
        if answer.status() == status {
            return Ok(answer);
        }
        Err(self.surprise(&request, answer.status()))
    }

    fn surprise(&self, request: &Request, status: StatusCode) -> Failure {
        Failure::new(format!(
            "the {} server answered {} with {status}, which the tour does not expect",
            self.server.design, request.path
        ))
    }
}
