//! Users of the server under test, and the credentials that they hold.

use crate::{
    call::Call,
    exchange::Exchange,
    outcome::{Outcome, Verdict},
    requests,
};

/// A user with an account.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) held: Held,
}

impl Person {
    /// A login with the right password, on a `client` of type `web` or `mobile`.
    pub(crate) fn logging_in(&self, client: &str) -> Call {
        requests::log_in(&self.email, &self.password, client)
    }
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

impl Held {
    /// Reads the credentials from a response that must contain one.
    pub(crate) fn from_answer(answer: &Exchange) -> Verdict<Self> {
        let held = Held {
            user_id: answer.must_text("user_id")?,
            access: answer.text("access_token"),
            refresh: answer.text("refresh_token"),
            cookie: answer.credential_cookie(),
            session_id: answer.text("session_id"),
        };
        let some = held.access.is_some() || held.cookie.is_some();
        answer.expect(some, "a credential: an `access_token` in the body, or a cookie")?;
        Ok(held)
    }

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
        match (&self.refresh, &self.cookie) {
            (Some(token), _) => requests::refresh_with(token),
            (None, Some(cookie)) => Call::post("/auth/refresh").own_cookie(cookie),
            (None, None) => Call::post("/auth/refresh"),
        }
    }

    /// The access token; without one, the check cannot be set up, although the scheme claims to have it.
    pub(crate) fn access(&self) -> Verdict<&str> {
        given(&self.access, "an `access_token` in the body")
    }

    /// The refresh token of a mobile client; without one, the check cannot be set up.
    pub(crate) fn refresh(&self) -> Verdict<&str> {
        given(&self.refresh, "a `refresh_token` in the body of a response to a mobile client")
    }

    /// The cookie, `name=value`; without one, the check cannot be set up.
    pub(crate) fn cookie(&self) -> Verdict<&str> {
        given(&self.cookie, "a credential in a `Set-Cookie` line")
    }

    /// The value of the cookie; without one, the check cannot be set up.
    pub(crate) fn cookie_value(&self) -> Verdict<&str> {
        self.cookie().map(value)
    }

    /// The credential that a script must not read or send elsewhere: the cookie's value, if there is a cookie.
    pub(crate) fn secret_in_cookie(&self) -> Option<&str> {
        self.cookie.as_deref().map(value)
    }

    /// The id of the session; without one, the check cannot be set up.
    pub(crate) fn session_id(&self) -> Verdict<&str> {
        given(&self.session_id, "a `session_id` in the body")
    }
}

fn value(cookie: &str) -> &str {
    cookie.split_once('=').map_or("", |(_name, value)| value)
}

fn given<'a>(credential: &'a Option<String>, expected: &str) -> Verdict<&'a str> {
    let missing = || {
        let because =
            format!("the check could not be set up: a signup or login was answered without {expected}");
        let (sent, received) = ("a signup or login".to_owned(), "a response without it".to_owned());
        Box::new(Outcome::Undecided { because, sent, received })
    };
    credential.as_deref().ok_or_else(missing)
}
