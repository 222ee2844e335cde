//! The environment of a check: users with random addresses, their credentials, and the server's clock.
//!
//! Every check signs up its own users, so that checks are independent and can run concurrently. This module also hides
//! the differences between the schemes, so that a check calls `me` and need not know which header contains the
//! credential.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    call::Call,
    client::Client,
    descriptor::{Descriptor, Feature},
    exchange::Exchange,
    outcome::Outcome,
    target::Target,
};

/// The server under test, with the methods to act on it.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) client: Client,
    pub(crate) target: Target,
    pub(crate) clock: ClockInReach,
    is_interrupted: AtomicBool,
}

/// Whether the checker can move the server's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClockInReach {
    /// The server announces lab controls, and there is no sign that they are refused.
    Yes,
    /// The server announces no lab controls.
    NotAnnounced,
    /// The server announces lab controls and refuses them to this client, with this status.
    Refused(u16),
}

/// Useless `Authorization` headers as faulty clients send them: from an unset variable, of another scheme, or with a
/// forged token.
pub(crate) const USELESS: [&str; 5] =
    ["Bearer undefined", "Bearer null", "", "Basic YW5uOmhvcnNl", "Bearer eyJhbGciOiJub25lIn0.e30."];

/// A user with an account.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) held: Held,
}

/// The credentials of one login.
#[derive(Debug, Clone, Default)]
pub(crate) struct Held {
    pub(crate) user_id: String,
    pub(crate) access: Option<String>,
    pub(crate) refresh: Option<String>,
    /// The cookie as a `Cookie` header contains it: `name=value`.
    pub(crate) cookie: Option<String>,
    pub(crate) session_id: Option<String>,
}

type Tried<T> = Result<T, Box<Outcome>>;

impl Stage {
    /// Prepares to check the target, and asks the server whether its clock can be moved.
    pub(crate) async fn new(target: Target) -> Result<Self, reqwest::Error> {
        let client = Client::new(target.base_url())?;
        let clock = clock_in_reach(&client, &target).await;
        Ok(Self { client, target, clock, is_interrupted: AtomicBool::new(false) })
    }

    /// Makes every check end at its next request.
    pub(crate) fn interrupt(&self) {
        self.is_interrupted.store(true, Ordering::Relaxed);
    }

    /// Returns the outcome `Skipped` once the run is interrupted.
    pub(crate) fn goes_on(&self) -> Tried<()> {
        match self.is_interrupted.load(Ordering::Relaxed) {
            true => Err(Box::new(Outcome::Skipped { reason: "the run was interrupted".to_owned() })),
            false => Ok(()),
        }
    }

    pub(crate) fn descriptor(&self) -> &Descriptor {
        self.target.descriptor()
    }

    pub(crate) fn claims(&self, feature: Feature) -> bool {
        self.descriptor().claims(feature)
    }

    /// Sends a call. Ends the check if the server says that the part is not written yet, or throttles this address.
    pub(crate) async fn send(&self, call: Call) -> Tried<Exchange> {
        let signs_up = call.path == "/auth/signup";
        let exchange = self.send_to_the_limit(call).await?;
        if signs_up && exchange.status == 429 {
            return Err(self.sign_ups_used_up(&exchange));
        }
        Ok(exchange)
    }

    /// Like [`send`](Self::send), for a signup that may exceed the limit: its refusal is returned like any other
    /// response.
    pub(crate) async fn send_to_the_limit(&self, call: Call) -> Tried<Exchange> {
        self.goes_on()?;
        let exchange = self.client.send(call).await?;
        if exchange.status == 501 && exchange.text("code").as_deref() == Some("not_written") {
            let text = exchange.text("detail").unwrap_or_else(|| "this part is not written yet".to_owned());
            return Err(Box::new(Outcome::NotWritten { text }));
        }
        if exchange.status == 429 && self.clock != ClockInReach::Yes {
            let wait = exchange.header("retry-after").unwrap_or("a few");
            let reason = format!("the server throttles the checker's address: try again in {wait} s");
            return Err(Box::new(Outcome::Skipped { reason }));
        }
        Ok(exchange)
    }

    /// The outcome for a server that allows fewer signups than a run needs: the check is skipped, not failed.
    fn sign_ups_used_up(&self, refused: &Exchange) -> Box<Outcome> {
        let limits = self.descriptor().limits;
        let wait = refused.header("retry-after").unwrap_or("a few");
        let limit = match limits.sign_ups_per_address {
            Some(most) => {
                let window = limits.window_seconds;
                format!("{most} signups from one address in {window} s (`sign_ups_per_address` in /lab)")
            }
            None => "a limited number of signups from one address".to_owned(),
        };
        let reason = format!(
            "the server allows {limit}, and this run has used them up: raise the limit for the run, or try again in {wait} s"
        );
        Box::new(Outcome::Skipped { reason })
    }

    /// Like [`send_all`](Self::send_all), for signups that may exceed the limit.
    pub(crate) async fn send_all_to_the_limit(&self, calls: Vec<Call>) -> Tried<Vec<Exchange>> {
        join_all(calls.into_iter().map(|call| self.send_to_the_limit(call))).await.into_iter().collect()
    }

    /// Sends calls concurrently.
    pub(crate) async fn send_all(&self, calls: Vec<Call>) -> Tried<Vec<Exchange>> {
        join_all(calls.into_iter().map(|call| self.send(call))).await.into_iter().collect()
    }

    /// Like [`Exchange::refused`], for a request that a proxy may refuse instead of the server, in its own format. A
    /// server that is reached directly must refuse it itself.
    pub(crate) fn refused_here_or_before(
        &self,
        answer: &Exchange,
        status: u16,
        code: &str,
        reason: &str,
    ) -> Tried<()> {
        if !self.target.is_direct() && answer.is_foreign_refusal() {
            return Ok(());
        }
        answer.refused(status, code, reason).map(drop)
    }

    /// Signs up a user on a mobile device.
    pub(crate) async fn sign_up(&self) -> Tried<Person> {
        self.sign_up_on("mobile").await
    }

    /// Signs up a user in a browser, which receives the refresh token in a cookie.
    pub(crate) async fn sign_up_web(&self) -> Tried<Person> {
        self.sign_up_on("web").await
    }

    async fn sign_up_on(&self, client: &str) -> Tried<Person> {
        self.signed_up_on(client).await.map(|(person, _answer)| person)
    }

    /// Signs up a user, and also returns the response.
    pub(crate) async fn signed_up_on(&self, client: &str) -> Tried<(Person, Exchange)> {
        let (email, password) = (fresh_email(), fresh_password());
        let body = json!({"email": email, "password": password, "client": client});
        let answer = self.send(Call::post("/auth/signup").json(&body)).await?;
        answer.is(201)?;
        Ok((Person { email, password, held: self.held(&answer)? }, answer))
    }

    /// Logs in a user on another mobile device.
    pub(crate) async fn log_in(&self, person: &Person) -> Tried<Held> {
        self.log_in_on(person, "mobile", None).await
    }

    /// Logs in a user, with a cookie that the browser already has.
    pub(crate) async fn log_in_on(&self, person: &Person, client: &str, cookie: Option<&str>) -> Tried<Held> {
        let mut call = log_in(&person.email, &person.password, client);
        if let Some(cookie) = cookie {
            call = call.own_cookie(cookie);
        }
        let answer = self.send(call).await?;
        answer.is(200)?;
        self.held(&answer)
    }

    /// Reads the credentials from a response that must contain one.
    pub(crate) fn held(&self, answer: &Exchange) -> Tried<Held> {
        let cookie = answer.set_cookies().into_iter().find(|cookie| cookie.may_open());
        let held = Held {
            user_id: answer.must_text("user_id")?,
            access: answer.text("access_token"),
            refresh: answer.text("refresh_token"),
            cookie: cookie.map(|cookie| cookie.pair()),
            session_id: answer.text("session_id"),
        };
        let some = held.access.is_some() || held.cookie.is_some();
        answer.expect(some, "a credential: an `access_token` in the body, or a cookie")?;
        Ok(held)
    }

    /// `GET /me` with these credentials.
    pub(crate) async fn me(&self, held: &Held) -> Tried<Exchange> {
        self.send(held.on(Call::get("/me"))).await
    }

    /// `POST /auth/refresh`, with the refresh token in the place in which it was delivered.
    pub(crate) async fn refresh(&self, held: &Held) -> Tried<Exchange> {
        self.send(held.refreshing()).await
    }

    /// Refreshes, which must succeed, and returns the new credentials.
    pub(crate) async fn renewed(&self, held: &Held) -> Tried<Held> {
        let answer = self.refresh(held).await?;
        answer.is(200)?;
        let mut renewed = self.held(&answer)?;
        // A refresh that keeps the cookie sets none: the browser continues to use the one that it has.
        if renewed.refresh.is_none() && renewed.cookie.is_none() {
            renewed.cookie = held.cookie.clone();
        }
        Ok(renewed)
    }

    pub(crate) async fn log_out(&self, held: &Held, scope: &str) -> Tried<Exchange> {
        self.send(held.on(Call::post("/auth/logout").json(&json!({"scope": scope})))).await
    }

    /// Whether the session of these credentials still exists, asked where the scheme can tell: by refreshing if there
    /// are refresh tokens, else with `GET /me`.
    pub(crate) async fn asks_for_session(&self, held: &Held) -> Tried<Exchange> {
        if self.claims(Feature::Refresh) { self.refresh(held).await } else { self.me(held).await }
    }

    /// Reads the server's clock, in Unix seconds.
    pub(crate) async fn now(&self) -> Tried<f64> {
        let answer = self.send(Call::get("/lab/clock")).await?;
        answer.is(200)?;
        now_in(&answer)
    }

    /// Moves the server's clock forward with one call.
    pub(crate) async fn advance(&self, seconds: u64) -> Tried<f64> {
        let answer = self.send(advance(seconds)).await?;
        answer.is(200)?;
        now_in(&answer)
    }

    /// Moves the clock past the throttle's window, so that earlier failures no longer count.
    pub(crate) async fn forget_failures(&self) -> Tried<()> {
        let answer = self.send(self.failures_forgotten()).await?;
        answer.is(200).map(drop)
    }

    /// The call that [`Stage::forget_failures`] sends.
    pub(crate) fn failures_forgotten(&self) -> Call {
        advance(self.descriptor().limits.window_seconds.saturating_add(2))
    }

    /// Moves the clock past the window in which a refresh token is kept.
    pub(crate) async fn pass_refresh_window(&self) -> Tried<()> {
        self.advance(self.refresh_window().saturating_add(2)).await.map(drop)
    }

    pub(crate) fn refresh_window(&self) -> u64 {
        self.descriptor().refresh_window.unwrap_or(10)
    }
}

impl Held {
    /// Adds this credential to a call: the access token if there is one, else the cookie.
    pub(crate) fn on(&self, call: Call) -> Call {
        match (&self.access, &self.cookie) {
            (Some(token), _) => call.bearer(token),
            (None, Some(cookie)) => call.own_cookie(cookie),
            (None, None) => call,
        }
    }

    /// A refresh call, with the token in the body if it was delivered there, else in its cookie.
    pub(crate) fn refreshing(&self) -> Call {
        let call = Call::post("/auth/refresh");
        match (&self.refresh, &self.cookie) {
            (Some(token), _) => call.json(&json!({"refresh_token": token})),
            (None, Some(cookie)) => call.own_cookie(cookie),
            (None, None) => call,
        }
    }

    /// The access token; fails the check without one, because the scheme claims to have it.
    pub(crate) fn access(&self) -> Tried<&str> {
        self.access.as_deref().ok_or_else(|| missing("an `access_token` in the body"))
    }

    /// The refresh token of a mobile client; fails the check without one.
    pub(crate) fn refresh(&self) -> Tried<&str> {
        self.refresh
            .as_deref()
            .ok_or_else(|| missing("a `refresh_token` in the body of a response to a mobile client"))
    }

    /// The cookie, `name=value`; fails the check without one.
    pub(crate) fn cookie(&self) -> Tried<&str> {
        self.cookie.as_deref().ok_or_else(|| missing("a credential in a `Set-Cookie` line"))
    }

    /// The id of the session; fails the check without one.
    pub(crate) fn session_id(&self) -> Tried<&str> {
        self.session_id.as_deref().ok_or_else(|| missing("a `session_id` in the body"))
    }
}

/// Whether the clock can be moved. A server refuses its lab controls to requests through a proxy, even if it announces
/// them, and responds as a server without controls does. So a refusal cannot be told from controls that do not work: if
/// the server is known to be reached directly, the checks that need its clock find that out.
async fn clock_in_reach(client: &Client, target: &Target) -> ClockInReach {
    if !target.descriptor().controls {
        return ClockInReach::NotAnnounced;
    }
    if target.is_direct() {
        return ClockInReach::Yes;
    }
    match client.send(Call::get("/lab/clock")).await {
        Ok(answer) if matches!(answer.status, 403 | 404) => ClockInReach::Refused(answer.status),
        _ => ClockInReach::Yes,
    }
}

fn missing(expected: &str) -> Box<Outcome> {
    Box::new(Outcome::Failed {
        sent: "a login or signup".to_owned(),
        expected: expected.to_owned(),
        received: "a response without it".to_owned(),
    })
}

fn now_in(answer: &Exchange) -> Tried<f64> {
    let now = answer.json().get("now").and_then(Value::as_f64);
    now.ok_or_else(|| answer.failed("the server's time in `now`, a number of Unix seconds"))
}

fn advance(seconds: u64) -> Call {
    Call::post("/lab/clock").json(&json!({"advance_seconds": seconds}))
}

/// A login call.
pub(crate) fn log_in(email: &str, password: &str, client: &str) -> Call {
    Call::post("/auth/login").json(&json!({"email": email, "password": password, "client": client}))
}

/// An address that has never been used; `.test` is reserved and never registered (RFC 6761 §6.2).
pub(crate) fn fresh_email() -> String {
    format!("{}@example.test", Uuid::new_v4().simple())
}

pub(crate) fn fresh_password() -> String {
    format!("correct horse {}", Uuid::new_v4().simple())
}

/// The shortest new password that any server may require, and that a server requires by default, in characters.
const SHORTEST: usize = 8;
pub(crate) const DEFAULT_SHORTEST: usize = 15;

/// A random password of `characters` characters, out of the sixteen characters from `from` on.
pub(crate) fn random_password(characters: usize, from: char) -> String {
    let digits = std::iter::repeat_with(|| Uuid::new_v4().as_u128());
    let digits = digits.flat_map(|random| (0..24).map(move |at| (random >> (4 * at)) as u32 & 15));
    let letters = digits.filter_map(|digit| char::from_u32(u32::from(from) + digit));
    letters.take(characters).collect()
}

impl Stage {
    /// The shortest new password that the server accepts, and the source of that number.
    pub(crate) fn shortest_password(&self) -> (usize, &'static str) {
        match self.descriptor().limits.password_min {
            Some(least) => (least.max(SHORTEST), "according to the server's `limits.password_min`"),
            None => (SHORTEST, "whatever minimum the server sets"),
        }
    }
}
