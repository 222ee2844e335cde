//! The environment of a check: users with random addresses, their credentials, and the server's clock.
//!
//! Every check signs up its own users, so that checks are independent and can run concurrently. This module also hides
//! the differences between the schemes, so that a check calls `me` and need not know which header contains the
//! credential.

mod clock;
mod throttled;

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use serde_json::json;

pub(crate) use self::clock::ClockInReach;
use crate::{
    call::Call,
    client::Client,
    descriptor::{Descriptor, Feature},
    excerpt,
    exchange::Exchange,
    fresh::{fresh_email, fresh_password},
    outcome::{Outcome, SetUp, Verdict},
    person::{Held, Person},
    requests,
    target::Target,
};

/// How many characters are shown of what a server says about a part that is not written yet.
const DETAIL_SHOWN: usize = 600;

/// The server under test, with the methods to act on it.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) client: Client,
    pub(crate) target: Target,
    pub(crate) clock: ClockInReach,
    is_interrupted: AtomicBool,
}

impl Stage {
    /// Prepares to check the target, and asks the server whether its clock can be moved.
    pub(crate) async fn new(target: Target) -> Result<Self, reqwest::Error> {
        let client = Client::new(target.base_url())?;
        let clock = ClockInReach::of(&client, &target).await;
        Ok(Self { client, target, clock, is_interrupted: AtomicBool::new(false) })
    }

    /// Makes every check end at its next request.
    pub(crate) fn interrupt(&self) {
        self.is_interrupted.store(true, Ordering::Relaxed);
    }

    /// Returns the outcome `Skipped` once the run is interrupted.
    pub(crate) fn goes_on(&self) -> Verdict {
        match self.is_interrupted.load(Ordering::Relaxed) {
            true => Err(Outcome::skipped("the run was interrupted")),
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
    pub(crate) async fn send(&self, call: Call) -> Verdict<Exchange> {
        let signs_up = call.path == "/auth/signup";
        let exchange = self.send_to_the_limit(call).await?;
        if signs_up && exchange.status == 429 {
            return Err(throttled::sign_ups(&exchange, self.descriptor().limits));
        }
        Ok(exchange)
    }

    /// Like [`send`](Self::send), for a signup that may exceed the limit: its refusal is returned like any other
    /// response.
    pub(crate) async fn send_to_the_limit(&self, call: Call) -> Verdict<Exchange> {
        self.goes_on()?;
        let signs_up = call.path == "/auth/signup";
        let exchange = self.client.send(call).await?;
        if exchange.status == 501 && exchange.has("code", "not_written") {
            let detail = exchange.text("detail").map(|detail| excerpt::cut(&detail, DETAIL_SHOWN));
            let text = detail.unwrap_or_else(|| "this part is not written yet".to_owned());
            return Err(Box::new(Outcome::NotWritten { text }));
        }
        if exchange.status == 429 && !signs_up && self.clock != ClockInReach::Yes {
            return Err(throttled::address(&exchange));
        }
        Ok(exchange)
    }

    /// Like [`send_all`](Self::send_all), for signups that may exceed the limit.
    pub(crate) async fn send_all_to_the_limit(&self, calls: Vec<Call>) -> Verdict<Vec<Exchange>> {
        join_all(calls.into_iter().map(|call| self.send_to_the_limit(call))).await.into_iter().collect()
    }

    /// Sends a call, and returns the response, which must have this status.
    pub(crate) async fn answered(&self, call: Call, status: u16) -> Verdict<Exchange> {
        let answer = self.send(call).await?;
        answer.is(status)?;
        Ok(answer)
    }

    /// Sends a call, and fails the check unless the response has this status.
    pub(crate) async fn expect_status(&self, call: Call, status: u16, reason: &str) -> Verdict {
        self.send(call).await?.is_since(status, reason)
    }

    /// Sends a call, and fails the check unless it is refused with this status and code.
    pub(crate) async fn expect_refusal(&self, call: Call, status: u16, code: &str, reason: &str) -> Verdict {
        self.send(call).await?.refused(status, code, reason)
    }

    /// Fails the check unless a call is refused without a credential, and with garbage in its place.
    pub(crate) async fn expect_credential(&self, call: Call) -> Verdict {
        self.expect_refusal(call.clone(), 401, "unauthenticated", "no credential was sent").await?;
        self.expect_refusal(call.bearer("garbage"), 401, "invalid_token", "garbage was sent").await
    }

    /// Sends calls concurrently.
    pub(crate) async fn send_all(&self, calls: Vec<Call>) -> Verdict<Vec<Exchange>> {
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
    ) -> Verdict {
        if !self.target.is_direct() && answer.is_refusal() && !answer.is_problem() {
            return Ok(());
        }
        answer.refused(status, code, reason)
    }

    /// Sends a call of the set-up, and returns the response. Unless it has this status, the check is undecided.
    pub(crate) async fn set_up(&self, call: Call, status: u16) -> Verdict<Exchange> {
        self.answered(call, status).await.in_set_up()
    }

    /// Signs up a user on a mobile device, as set-up.
    pub(crate) async fn sign_up(&self) -> Verdict<Person> {
        self.sign_up_on("mobile").await
    }

    /// Signs up a user in a browser, which receives the refresh token in a cookie, as set-up.
    pub(crate) async fn sign_up_web(&self) -> Verdict<Person> {
        self.sign_up_on("web").await
    }

    async fn sign_up_on(&self, client: &str) -> Verdict<Person> {
        self.signed_up_on(client).await.in_set_up().map(|(person, _answer)| person)
    }

    /// Signs up a user, which must succeed, and also returns the response.
    pub(crate) async fn signed_up_on(&self, client: &str) -> Verdict<(Person, Exchange)> {
        let (email, password) = (fresh_email(), fresh_password());
        let answer = self.answered(requests::sign_up_on(client, &email, &password), 201).await?;
        Ok((Person { email, password, held: Held::from_answer(&answer)? }, answer))
    }

    /// Logs in a user on another mobile device, as set-up.
    pub(crate) async fn log_in(&self, person: &Person) -> Verdict<Held> {
        self.expect_log_in(person).await.in_set_up()
    }

    /// Logs in a user on another mobile device, and fails the check unless that succeeds.
    pub(crate) async fn expect_log_in(&self, person: &Person) -> Verdict<Held> {
        self.held_after(person.logging_in("mobile"), 200).await
    }

    /// Sends a call, and returns the credentials in the response, which must have this status.
    pub(crate) async fn held_after(&self, call: Call, status: u16) -> Verdict<Held> {
        Held::from_answer(&self.answered(call, status).await?)
    }

    /// `GET /me` with these credentials.
    pub(crate) async fn me(&self, held: &Held) -> Verdict<Exchange> {
        self.send(held.on(Call::get("/me"))).await
    }

    /// `POST /auth/refresh`, with the refresh token in the place in which it was delivered.
    pub(crate) async fn refresh(&self, held: &Held) -> Verdict<Exchange> {
        self.send(held.refreshing()).await
    }

    /// Refreshes, as set-up, and returns the new credentials.
    pub(crate) async fn renewed(&self, held: &Held) -> Verdict<Held> {
        self.expect_renewed(held).await.in_set_up()
    }

    /// Refreshes, which must succeed, and returns the new credentials.
    pub(crate) async fn expect_renewed(&self, held: &Held) -> Verdict<Held> {
        let mut renewed = self.held_after(held.refreshing(), 200).await?;
        // A refresh that keeps the cookie sets none: the browser continues to use the one that it has.
        if renewed.refresh.is_none() && renewed.cookie.is_none() {
            renewed.cookie = held.cookie.clone();
        }
        Ok(renewed)
    }

    pub(crate) async fn log_out(&self, held: &Held, scope: &str) -> Verdict<Exchange> {
        self.send(held.on(requests::log_out_with(&json!({"scope": scope})))).await
    }

    /// Whether the session of these credentials still exists, asked where the scheme can tell: by refreshing if there
    /// are refresh tokens, else with `GET /me`.
    pub(crate) async fn asks_for_session(&self, held: &Held) -> Verdict<Exchange> {
        if self.claims(Feature::Refresh) { self.refresh(held).await } else { self.me(held).await }
    }

    /// Fails the check unless the session of these credentials still exists.
    pub(crate) async fn expect_session(&self, held: &Held, reason: &str) -> Verdict {
        self.asks_for_session(held).await?.is_unharmed(reason)
    }

    /// Fails the check if the session of these credentials still exists.
    pub(crate) async fn expect_no_session(&self, held: &Held, reason: &str) -> Verdict {
        self.asks_for_session(held).await?.is_since(401, reason)
    }
}
