//! A request with its response, and assertions on it for the checks.

use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::{excerpt, outcome::Outcome};

/// A request that was sent and the response that was received.
#[derive(Debug, Clone)]
pub(crate) struct Exchange {
    pub(crate) sent: String,
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

type Asked<'a> = Result<&'a Exchange, Box<Outcome>>;

impl Exchange {
    /// The failed outcome of a check, shown by this exchange. A server that is temporarily unavailable (503, RFC 9110
    /// §15.6.4) gives an undecided outcome instead.
    pub(crate) fn failed(&self, expected: impl Into<String>) -> Box<Outcome> {
        let sent = self.sent.clone();
        let received = excerpt::answer(self.status, &self.headers, &self.body);
        Box::new(match self.status {
            503 => Outcome::Undecided { sent, received },
            _ => Outcome::Failed { sent, expected: expected.into(), received },
        })
    }

    /// Fails the check unless `holds`.
    pub(crate) fn expect(&self, holds: bool, expected: impl Into<String>) -> Asked<'_> {
        if holds { Ok(self) } else { Err(self.failed(expected)) }
    }

    /// Fails the check unless the response has this status.
    pub(crate) fn is(&self, status: u16) -> Asked<'_> {
        self.expect(self.status == status, format!("status {status}"))
    }

    /// Like [`Exchange::is`], with the reason for the expected status.
    pub(crate) fn is_since(&self, status: u16, reason: &str) -> Asked<'_> {
        self.expect(self.status == status, format!("status {status}: {reason}"))
    }

    /// Fails the check unless the request was refused with this status and code.
    pub(crate) fn refused(&self, status: u16, code: &str, reason: &str) -> Asked<'_> {
        self.refused_as(status, &[code], reason)
    }

    /// Like [`Exchange::refused`], when the contract allows more than one code.
    pub(crate) fn refused_as(&self, status: u16, codes: &[&str], reason: &str) -> Asked<'_> {
        let holds = self.status == status && codes.contains(&self.text("code").unwrap_or_default().as_str());
        self.expect(holds, format!("status {status} with code `{}`: {reason}", codes.join("` or `")))
    }

    /// Whether the response is a refusal (4xx) in another format than the contract's, such as from a proxy that refuses
    /// a request before the server receives it.
    pub(crate) fn is_foreign_refusal(&self) -> bool {
        let problem = self.header("content-type").unwrap_or_default().starts_with("application/problem+json");
        (400..500).contains(&self.status) && !problem
    }

    /// The body as JSON, or `null` if it is not JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The value of a string member of the body.
    pub(crate) fn text(&self, member: &str) -> Option<String> {
        self.json().get(member)?.as_str().map(str::to_owned)
    }

    /// The value of a string member that the body must have.
    pub(crate) fn must_text(&self, member: &str) -> Result<String, Box<Outcome>> {
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

    /// The cookie with this name that the response sets.
    pub(crate) fn set_cookie(&self, name: &str) -> Option<SetCookie> {
        self.set_cookies().into_iter().find(|cookie| cookie.name == name)
    }

    /// The cookie with this name, or with a name that starts with it and a dash, that the response sets to a value: a
    /// server may use one cookie for each session.
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

/// A parsed `Set-Cookie` line (RFC 6265 §4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SetCookie {
    pub(crate) name: String,
    pub(crate) value: String,
    attributes: Vec<(String, String)>,
}

impl SetCookie {
    fn parse(line: &str) -> Self {
        let mut pieces = line.split(';').map(|piece| {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            (name.trim().to_owned(), value.trim().to_owned())
        });
        let (name, value) = pieces.next().unwrap_or_default();
        let attributes = pieces.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        SetCookie { name, value, attributes }
    }

    /// The value of an attribute (empty for a flag); `name` is in lower case.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The attributes that decide to which requests the cookie is sent; a line that clears the cookie must repeat them.
    pub(crate) fn scope(&self) -> (bool, bool, Option<String>, Option<&str>, Option<&str>) {
        (
            self.attribute("secure").is_some(),
            self.attribute("httponly").is_some(),
            self.attribute("samesite").map(str::to_ascii_lowercase),
            self.attribute("path"),
            self.attribute("domain"),
        )
    }

    /// Whether the cookie can be a credential: it has a value, and is not the one that only identifies a known device.
    pub(crate) fn may_open(&self) -> bool {
        !self.value.is_empty() && !self.clears() && self.name != "__Host-device"
    }

    /// Whether a browser deletes the cookie when it reads this line.
    pub(crate) fn clears(&self) -> bool {
        self.attribute("max-age").is_some_and(|age| age.parse::<i64>().is_ok_and(|age| age <= 0))
            || (self.attribute("max-age").is_none()
                && self.attribute("expires").is_some_and(|date| date.contains("1970")))
    }

    /// The cookie as a `Cookie` header contains it: `name=value`.
    pub(crate) fn pair(&self) -> String {
        format!("{}={}", self.name, self.value)
    }
}
