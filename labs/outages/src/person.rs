//! A user's app or page, as the API contract requires of a client: it keeps its credentials until a 401 says that they
//! are invalid, and repeats a refresh with the same token and the same idempotency key.

use std::time::{Duration, Instant};

use harness::Failure;
use harness::client::{Account, Held, Request, connections};
use measure::load::{Reach, Target};
use reqwest::header::{RETRY_AFTER, SET_COOKIE};
use reqwest::{Client, Response};
use serde_json::{Value, json};

/// One user with one account, logged in.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) account: Account,
    pub(crate) held: Held,
    base: String,
    http: Client,
}

/// The calls that a user makes here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// The hybrid's refresh: an app sends its token in the body, a page in its cookie.
    Refresh,
    /// The hybrid's list of devices.
    Sessions,
    /// `/me`, for which only the session design calls the store.
    Me,
    /// Log out on this device.
    LogOut,
}

/// The result of one call.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) started: Instant,
    pub(crate) took: Duration,
    /// `None` if the connection broke or no answer came.
    pub(crate) status: Option<u16>,
    pub(crate) says_when_to_retry: bool,
    pub(crate) touches_cookie: bool,
}

impl Answer {
    pub(crate) fn is_good(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    pub(crate) fn ended(&self) -> Instant {
        self.started + self.took
    }

    /// Whether this is a refusal as the contract requires it: 503 with `Retry-After`, and the client's cookie is not
    /// changed.
    pub(crate) fn is_fair_refusal(&self) -> bool {
        self.status == Some(503) && self.says_when_to_retry && !self.touches_cookie
    }
}

impl Person {
    /// Creates an account at the server, which also logs the user in.
    pub(crate) async fn sign_up(base: &str, client: &'static str) -> Result<Self, Failure> {
        let (account, http) = (Account::fresh(), connections()?);
        let body = json!({ "email": account.email, "password": account.password, "client": client });
        let answer = Request::post("/auth/signup", body).send(&http, base).await?;
        if answer.status() != 201 {
            return Err(Failure::new(format!("{base} answered a sign-up with {}", answer.status())));
        }
        let held = Held::received(answer).await?;
        Ok(Self { account, held, base: base.to_owned(), http })
    }

    /// Logs in again, as on another device, and discards the credentials. Returns the status.
    pub(crate) async fn log_in_again(&self) -> Result<u16, Failure> {
        Ok(self.account.log_in().send(&self.http, &self.base).await?.status().as_u16())
    }

    /// The same user as a client of another server that shares accounts and keys with the first.
    pub(crate) fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// The base URL of the user's server.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) async fn ask(&mut self, call: Call) -> Answer {
        let held = &self.held;
        let request = match call {
            Call::Me => held.signed(Request::get("/me")),
            Call::Sessions => held.signed(Request::get("/auth/sessions")),
            Call::Refresh => held.presenting("/auth/refresh").with(held.idempotency_key()),
            Call::LogOut => held.presenting("/auth/logout").with(held.idempotency_key()),
        };
        let (mut answer, response) = self.send(&request).await;
        if let Some(response) = response.filter(|_| call == Call::Refresh && answer.is_good()) {
            match Held::received(response).await {
                Ok(issued) => self.held.take(issued),
                // A good answer whose body breaks off is a failure: the client has to refresh again with the token that
                // it has.
                Err(_broken) => answer.status = None,
            }
        }
        answer
    }

    /// Sends a request with the user's credentials.
    pub(crate) async fn send_signed(&self, request: Request) -> Answer {
        self.send(&self.held.signed(request)).await.0
    }

    /// A `/me` request with the user's credentials, for the load generator.
    pub(crate) fn me_target(&self) -> Result<Target, Failure> {
        let mut target = Target::get(&self.base, "/me", Reach::LoopbackOnly)?;
        for (name, value) in self.held.signed(Request::get("/me")).headers {
            target = target.header(name, &value)?;
        }
        Ok(target)
    }

    /// Moves the server's clock forward by `seconds`; the server must run with lab controls.
    pub(crate) async fn advance(&self, seconds: u64) -> Result<(), Failure> {
        let request = Request::post("/lab/clock", json!({ "advance_seconds": seconds }));
        request.send(&self.http, &self.base).await?.error_for_status()?;
        Ok(())
    }

    /// Status and body of `/health/ready`.
    pub(crate) async fn readiness(&self) -> Result<(u16, Value), Failure> {
        let answer = Request::get("/health/ready").send(&self.http, &self.base).await?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await?))
    }

    /// Sends a request. The response is returned too, because its body has not been received yet.
    async fn send(&self, request: &Request) -> (Answer, Option<Response>) {
        let started = Instant::now();
        let response = request.send(&self.http, &self.base).await.ok();
        let took = started.elapsed();
        let has = |name| response.as_ref().is_some_and(|response| response.headers().contains_key(name));
        let answer = Answer {
            started,
            took,
            status: response.as_ref().map(|response| response.status().as_u16()),
            says_when_to_retry: has(RETRY_AFTER),
            touches_cookie: has(SET_COOKIE),
        };
        (answer, response)
    }
}
