//! A user's app or page, as the API contract requires of a client: it keeps its credentials until a 401 says that they
//! are invalid, and repeats a refresh with the same token and the same idempotency key.

use std::time::{Duration, Instant};

use harness::Failure;
use measure::load::{Reach, Target};
use reqwest::header::{AUTHORIZATION, COOKIE, RETRY_AFTER, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// The time limit of a request, far above what any answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// One user with one account, logged in.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) email: String,
    base: String,
    http: Client,
    cookie: Option<String>,
    pub(crate) access: Option<String>,
    pub(crate) refresh_token: Option<String>,
    pub(crate) user_id: Option<Uuid>,
    pub(crate) session_id: Option<Uuid>,
    /// The idempotency key of the next refresh; a new one is made after each successful refresh.
    attempt: String,
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

#[derive(Deserialize)]
struct Issued {
    access_token: Option<String>,
    refresh_token: Option<String>,
    user_id: Option<Uuid>,
    session_id: Option<Uuid>,
}

impl Person {
    /// Creates an account at the server, which also logs the user in.
    pub(crate) async fn sign_up(base: &str, client: &'static str) -> Result<Self, Failure> {
        let email = format!("{}@example.test", Uuid::new_v4().simple());
        let mut person = Self {
            email,
            base: base.to_owned(),
            http: Client::builder().timeout(PATIENCE).no_proxy().build()?,
            cookie: None,
            access: None,
            refresh_token: None,
            user_id: None,
            session_id: None,
            attempt: Uuid::new_v4().to_string(),
        };
        let body = json!({ "email": person.email, "password": PASSWORD, "client": client });
        let answer = person.request(Method::POST, "/auth/signup").json(&body).send().await?;
        if answer.status() != 201 {
            return Err(Failure::new(format!("{base} answered a sign-up with {}", answer.status())));
        }
        person.keep(answer).await?;
        Ok(person)
    }

    /// Logs in again, as on another device, and discards the credentials. Returns the status.
    pub(crate) async fn log_in_again(&self) -> Result<u16, Failure> {
        let body = json!({ "email": self.email, "password": PASSWORD });
        Ok(self.request(Method::POST, "/auth/login").json(&body).send().await?.status().as_u16())
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
        let request = match call {
            Call::Me => self.bearing(Method::GET, "/me"),
            Call::Sessions => self.bearing(Method::GET, "/auth/sessions"),
            Call::Refresh => self.with_refresh_token("/auth/refresh"),
            Call::LogOut => self.with_refresh_token("/auth/logout"),
        };
        let started = Instant::now();
        let answered = request.send().await;
        let mut answer = Answer {
            started,
            took: started.elapsed(),
            status: None,
            says_when_to_retry: false,
            touches_cookie: false,
        };
        if let Ok(response) = answered {
            answer.says_when_to_retry = response.headers().contains_key(RETRY_AFTER);
            answer.touches_cookie = response.headers().contains_key(SET_COOKIE);
            answer.status = Some(response.status().as_u16());
            let exchanged = call == Call::Refresh && answer.is_good();
            // A good answer whose body breaks off is a failure: the client has to refresh again with the token that it
            // has.
            if exchanged && self.keep(response).await.is_err() {
                answer.status = None;
            }
        }
        answer
    }

    /// Sends a POST request with the user's credentials.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = self.bearing(Method::POST, path).json(body);
        let started = Instant::now();
        let answered = request.send().await.ok();
        let headers = answered.as_ref().map(Response::headers);
        Answer {
            started,
            took: started.elapsed(),
            status: answered.as_ref().map(|response| response.status().as_u16()),
            says_when_to_retry: headers.is_some_and(|headers| headers.contains_key(RETRY_AFTER)),
            touches_cookie: headers.is_some_and(|headers| headers.contains_key(SET_COOKIE)),
        }
    }

    /// A `/me` request with the user's credentials, for the load generator.
    pub(crate) fn me_target(&self) -> Result<Target, Failure> {
        let target = Target::get(&self.base, "/me", Reach::LoopbackOnly)?;
        Ok(match (&self.access, &self.cookie) {
            (Some(access), _) => target.header(AUTHORIZATION.as_str(), &format!("Bearer {access}"))?,
            (None, Some(cookie)) => {
                target.header(COOKIE.as_str(), cookie)?.header("sec-fetch-site", "same-origin")?
            }
            (None, None) => target,
        })
    }

    /// Moves the server's clock forward by `seconds`; the server must run with lab controls.
    pub(crate) async fn advance(&self, seconds: u64) -> Result<(), Failure> {
        let body = json!({ "advance_seconds": seconds });
        let answer = self.request(Method::POST, "/lab/clock").json(&body).send().await?;
        answer.error_for_status()?;
        Ok(())
    }

    /// Status and body of `/health/ready`.
    pub(crate) async fn readiness(&self) -> Result<(u16, Value), Failure> {
        let answer = self.request(Method::GET, "/health/ready").send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.json().await?))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    fn bearing(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.request(method, path);
        match (&self.access, &self.cookie) {
            (Some(access), _) => request.bearer_auth(access),
            // A browser adds this header to a request from the server's own page.
            (None, Some(cookie)) => request.header(COOKIE, cookie).header("sec-fetch-site", "same-origin"),
            (None, None) => request,
        }
    }

    fn with_refresh_token(&self, path: &str) -> RequestBuilder {
        let request = self.request(Method::POST, path).header("idempotency-key", &self.attempt);
        match (&self.refresh_token, &self.cookie) {
            (Some(token), _) => request.json(&json!({ "refresh_token": token })),
            (None, Some(cookie)) => {
                request.header(COOKIE, cookie).header("sec-fetch-site", "same-origin").json(&json!({}))
            }
            (None, None) => request.json(&json!({})),
        }
    }

    /// Stores the credentials that an answer contains.
    async fn keep(&mut self, answer: Response) -> Result<(), Failure> {
        let cookie = answer.headers().get(SET_COOKIE).and_then(|cookie| cookie.to_str().ok());
        let cookie = cookie.and_then(|cookie| cookie.split(';').next()).map(str::to_owned);
        let issued: Issued = answer.json().await?;
        self.cookie = cookie.or(self.cookie.take());
        self.access = issued.access_token.or(self.access.take());
        self.refresh_token = issued.refresh_token.or(self.refresh_token.take());
        self.user_id = issued.user_id.or(self.user_id);
        self.session_id = issued.session_id.or(self.session_id);
        self.attempt = Uuid::new_v4().to_string();
        Ok(())
    }
}
