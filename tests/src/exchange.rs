//! A request with its response, and assertions on it for the checks.

use std::borrow::Cow;

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::{
    excerpt,
    outcome::{Outcome, Verdict, request_line},
    set_cookie::SetCookie,
};

/// A request that was sent and the response that was received.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) sent: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Exchange {
    /// The failed outcome of a check, shown by what this response contains. A server that is not available, or whose proxy
    /// does not reach it (502, 503 and 504, RFC 9110 §15.6), gives an undecided outcome instead.
    pub(crate) fn failed(&self, expected: impl Into<String>) -> Box<Outcome> {
        // What a page for a wrong address contains lets no attacker in.
        self.failed_as(expected, self.status == 404)
    }

    fn failed_as(&self, expected: impl Into<String>, refused: bool) -> Box<Outcome> {
        let (sent, status) = (self.sent.clone(), self.status);
        let received = excerpt::answer(status, &self.headers, &self.body);
        Box::new(match status {
            502..=504 => {
                let because = format!(
                    "the server was not available: {} was answered with {status}",
                    request_line(&sent)
                );
                Outcome::Undecided { because, sent, received }
            }
            _ => Outcome::Failed { sent, expected: expected.into(), received, status: Some(status), refused },
        })
    }

    /// Like [`Exchange::failed`], when the status or the code is not the expected one. Where the throttle must refuse (429),
    /// a refusal of the credential is no refusal: the server has judged one more guess.
    fn failed_by_status(&self, wanted: u16, expected: String) -> Box<Outcome> {
        let guess_was_judged = wanted == 429 && matches!(self.status, 401 | 403);
        self.failed_as(expected, self.status >= 300 && !guess_was_judged)
    }

    /// The undecided outcome of a check, for this reason.
    pub(crate) fn undecided(&self, because: String) -> Box<Outcome> {
        let received = excerpt::answer(self.status, &self.headers, &self.body);
        Box::new(Outcome::Undecided { because, sent: self.sent.clone(), received })
    }

    /// Fails the check unless `holds`.
    pub(crate) fn expect(&self, holds: bool, expected: impl Into<String>) -> Verdict {
        if holds { Ok(()) } else { Err(self.failed(expected)) }
    }

    /// Like [`Exchange::expect`], for an attacker who learns from the difference between two responses, whatever their
    /// status.
    pub(crate) fn expect_alike(&self, holds: bool, expected: impl Into<String>) -> Verdict {
        if holds { Ok(()) } else { Err(self.failed_as(expected, false)) }
    }

    /// Fails the check unless the response has this status.
    pub(crate) fn is(&self, status: u16) -> Verdict {
        self.has_status(status, format!("status {status}"))
    }

    /// Like [`Exchange::is`], with the reason for the expected status.
    pub(crate) fn is_since(&self, status: u16, reason: &str) -> Verdict {
        self.has_status(status, format!("status {status}: {reason}"))
    }

    fn has_status(&self, status: u16, expected: String) -> Verdict {
        if self.status == status { Ok(()) } else { Err(self.failed_by_status(status, expected)) }
    }

    /// Fails the check unless the response has one of these statuses.
    pub(crate) fn is_one_of(&self, statuses: &[u16], expected: &str) -> Verdict {
        let wanted = statuses.first().copied().unwrap_or_default();
        if statuses.contains(&self.status) {
            return Ok(());
        }
        Err(self.failed_by_status(wanted, expected.to_owned()))
    }

    /// Fails the check unless the request was refused, with any status from 400 to 499.
    pub(crate) fn is_refused(&self, expected: &str) -> Verdict {
        if self.is_refusal() { Ok(()) } else { Err(self.failed_by_status(400, expected.to_owned())) }
    }

    /// Fails the check unless an attack on the credential of this request has left it valid. A 401 shows that the attack
    /// ended it.
    pub(crate) fn is_unharmed(&self, reason: &str) -> Verdict {
        match self.status {
            401 => Err(self.failed(format!("status 200: {reason}"))),
            _ => self.is_since(200, reason),
        }
    }

    /// Fails the check unless the request was refused with this status and code.
    pub(crate) fn refused(&self, status: u16, code: &str, reason: &str) -> Verdict {
        self.refused_as(status, &[code], reason)
    }

    /// Like [`Exchange::refused`], when the contract allows more than one code.
    pub(crate) fn refused_as(&self, status: u16, codes: &[&str], reason: &str) -> Verdict {
        let holds = self.status == status && codes.iter().any(|code| self.has("code", code));
        let expected = || format!("status {status} with code `{}`: {reason}", codes.join("` or `"));
        if holds { Ok(()) } else { Err(self.failed_by_status(status, expected())) }
    }

    /// Fails the check unless the response forbids every cache to store it.
    pub(crate) fn is_not_stored(&self) -> Verdict {
        let kept_out = self.header("cache-control").unwrap_or_default().contains("no-store");
        self.expect(kept_out, "Cache-Control: no-store")
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn is_refusal(&self) -> bool {
        (400..500).contains(&self.status)
    }

    /// Whether the body is a problem (RFC 9457), as the contract demands for every error.
    pub(crate) fn is_problem(&self) -> bool {
        self.header("content-type").unwrap_or_default().starts_with("application/problem+json")
    }

    /// Whether a header grants something to pages of another origin.
    pub(crate) fn grants_cors(&self) -> bool {
        self.headers.keys().any(|name| name.as_str().starts_with("access-control-allow"))
    }

    /// The body as JSON, or `null` if it is not JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The value of a string member of the body.
    pub(crate) fn text(&self, member: &str) -> Option<String> {
        self.json().get(member)?.as_str().map(str::to_owned)
    }

    /// Whether a member of the body is this string.
    pub(crate) fn has(&self, member: &str, text: &str) -> bool {
        self.json().get(member).and_then(Value::as_str) == Some(text)
    }

    /// Whether a member of the body is a lifetime in seconds: the claimed one, or any if none is claimed.
    pub(crate) fn lives_for(&self, member: &str, claimed: Option<u64>) -> bool {
        let lives = self.json().get(member).and_then(Value::as_u64);
        lives.is_some_and(|lives| lives > 0 && claimed.is_none_or(|claimed| claimed == lives))
    }

    /// The body as it was received.
    pub(crate) fn body_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The value of a string member that the body must have.
    pub(crate) fn must_text(&self, member: &str) -> Verdict<String> {
        self.text(member).ok_or_else(|| self.failed(format!("a body with a string `{member}`")))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The `Set-Cookie` lines.
    pub(crate) fn set_cookies(&self) -> Vec<SetCookie> {
        let lines = self.headers.get_all("set-cookie").iter();
        lines.map(|line| SetCookie::parse(&String::from_utf8_lossy(line.as_bytes()))).collect()
    }

    /// The first cookie of the response that can be a credential, `name=value`.
    pub(crate) fn credential_cookie(&self) -> Option<String> {
        self.set_cookies().into_iter().find(SetCookie::may_open).map(|cookie| cookie.pair())
    }

    /// The cookie with this name that the response sets.
    pub(crate) fn set_cookie(&self, name: &str) -> Option<SetCookie> {
        self.set_cookies().into_iter().find(|cookie| cookie.name == name)
    }

    /// The cookie with this name, or with a name that starts with it and a dash, that the response must set to a value: a
    /// server may use one cookie for each session.
    pub(crate) fn must_give_cookie(&self, name: &str) -> Verdict<SetCookie> {
        self.given_cookie(name).ok_or_else(|| self.failed(format!("a Set-Cookie line for {name}")))
    }

    /// Like [`Exchange::must_give_cookie`], when it is no failure if the response does not.
    pub(crate) fn given_cookie(&self, name: &str) -> Option<SetCookie> {
        let named = |cookie: &SetCookie| {
            let rest = cookie.name.strip_prefix(name);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        self.set_cookies()
            .into_iter()
            .find(|cookie| named(cookie) && !cookie.value.is_empty() && !cookie.clears())
    }
}
