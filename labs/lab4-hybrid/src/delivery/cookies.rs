//! One cookie for each session of a browser.
//!
//! A browser applies `Set-Cookie` when an answer arrives, and answers overtake one another. With one cookie for whatever
//! session the browser has, the late answer of a refresh overwrites the session that another tab has opened meanwhile,
//! and the person who has just logged in is logged out. So the cookie's name ends in a part of the session's id: an
//! answer can set and clear the cookie of its own session and of no other.
//!
//! A browser may then send several of them. These rules choose:
//!
//! 1. **The newest session that is alive counts.** Session ids are ordered by time (RFC 9562 §5.7), so every server and
//!    every tab chooses alike, whatever the order in the header. An ended session's cookie never stands in the way.
//! 2. **A log-in, a sign-up, a change of password and a log-out end the sessions whose cookies came along, and clear
//!    those cookies.** A session that has ended never lives again, so an answer that clears its cookie may be as late as
//!    it likes. A refresh clears those that it has found to be over on its way to the one that counts.
//! 3. **At most [`MOST`] sessions of one request are looked at**, the newest. A browser gains one stale cookie for each
//!    late answer and loses all of them at the next log-in; only a client that makes up the header has more.
//! 4. A token under the name of another session is not accepted, and a cookie whose name we would not give is not ours.
//!
//! The cookie of earlier versions, `__Host-refresh`, is still read, and a session that was opened with it keeps it: a
//! server of an earlier version, which may get the next request during a rolling upgrade, reads no other. Each of those
//! sessions goes at the next log-in, at the latest after its absolute lifetime. New sessions never get that name, so a
//! late answer can displace one old session by another, and never a new one.

use std::cmp::Reverse;
use std::convert::Infallible;

use axum::response::{IntoResponseParts, ResponseParts};
use http::HeaderMap;
use kit::ClientKind;
use kit::cookie::{self, HostCookie, SameSite, SetCookie};
use uuid::Uuid;

use crate::chain::Keys;
use crate::token::VerifiedToken;

/// The refresh cookies. Strict: a page of ours asks for it by script, and no link from elsewhere needs it. The name is
/// that of earlier versions, and the beginning of the names of today.
pub const REFRESH_COOKIE: HostCookie = HostCookie { name: "__Host-refresh", same_site: SameSite::Strict };

/// The most sessions that one request can show by cookies. See rule 3 above.
pub const MOST: usize = 8;

/// Between the family's name and the part of the session's id.
const SEPARATOR: char = '-';

/// Hexadecimal digits of the session's id in a cookie's name: the last group of its text form, which is random.
const DIGITS: usize = 12;

/// The name of the cookie of a session.
pub fn name_of(session_id: Uuid) -> String {
    let digits = session_id.as_simple().to_string();
    format!("{}{SEPARATOR}{}", REFRESH_COOKIE.name, &digits[digits.len() - DIGITS..])
}

/// The refresh cookies that came with a request.
#[derive(Debug, Default)]
pub struct Shown {
    sessions: Vec<ShownSession>,
    /// Names of ours under which there is no token of ours, or that of another session.
    worthless: Vec<String>,
    /// The number of a key that one of those is of, and that this server does not hold.
    unknown_key: Option<u16>,
}

/// A session that a request shows a token of.
#[derive(Debug)]
pub struct ShownSession {
    /// The newest token of it that came.
    pub token: VerifiedToken,
    /// The cookie that brought that token; its successor goes into the same one.
    pub name: String,
    /// Other cookies with tokens of the same session.
    others: Vec<String>,
}

impl Shown {
    /// Reads them out of a request's headers.
    pub fn read(keys: &Keys, headers: &HeaderMap) -> Self {
        let mut shown = Self::default();
        for (name, value) in cookie::starting_with(headers, REFRESH_COOKIE.name) {
            if is_ours(name) && !value.is_empty() {
                shown.add(name, keys.verify(value));
                shown.unknown_key = shown.unknown_key.or_else(|| keys.unknown_key(value));
            }
        }
        shown.sessions.sort_unstable_by_key(|session| Reverse(age_order(session.token.session_id())));
        shown.sessions.truncate(MOST);
        shown
    }

    fn add(&mut self, name: &str, token: Option<VerifiedToken>) {
        let named_rightly =
            |token: &VerifiedToken| name == REFRESH_COOKIE.name || name == name_of(token.session_id());
        let token = token.filter(|token| token.client() == ClientKind::Web && named_rightly(token));
        let Some(token) = token else {
            if self.worthless.len() < MOST {
                self.worthless.push(name.to_owned());
            }
            return;
        };
        let same = |known: &&mut ShownSession| known.token.session_id() == token.session_id();
        match self.sessions.iter_mut().find(same) {
            None => self.sessions.push(ShownSession { token, name: name.to_owned(), others: Vec::new() }),
            Some(known) if known.token.generation() < token.generation() => {
                known.others.push(std::mem::replace(&mut known.name, name.to_owned()));
                known.token = token;
            }
            Some(known) => known.others.push(name.to_owned()),
        }
    }

    /// Whether no refresh cookie came, not even a worthless one.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.worthless.is_empty()
    }

    /// The number of a key that one of the cookies is of, and that this server does not hold (any more).
    pub(crate) fn unknown_key(&self) -> Option<u16> {
        self.unknown_key
    }

    /// The sessions, the newest first: the order in which they count.
    pub fn sessions(&self) -> &[ShownSession] {
        &self.sessions
    }

    /// The same, for keeps.
    pub(crate) fn into_sessions(self) -> Vec<ShownSession> {
        self.sessions
    }

    /// Clears the cookies of the sessions that this holds for.
    pub(crate) fn cleared_where(&self, over: impl Fn(&VerifiedToken) -> bool) -> SetCookies {
        self.sessions.iter().filter(|session| over(&session.token)).flat_map(ShownSession::cleared).collect()
    }

    /// Clears all of them.
    pub(crate) fn cleared(&self) -> SetCookies {
        let worthless = self.worthless.iter().map(|name| REFRESH_COOKIE.clear_as(name));
        self.sessions.iter().flat_map(ShownSession::cleared).chain(worthless).collect()
    }
}

impl ShownSession {
    /// Clears its cookies.
    pub(crate) fn cleared(&self) -> impl Iterator<Item = SetCookie> {
        self.others.iter().chain([&self.name]).map(|name| REFRESH_COOKIE.clear_as(name))
    }
}

/// Whether this is a name that we give. Another cookie whose name happens to begin alike is none of our business.
fn is_ours(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(REFRESH_COOKIE.name) else { return false };
    let of_session = |digits: &str| {
        digits.len() == DIGITS && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    rest.is_empty() || rest.strip_prefix(SEPARATOR).is_some_and(of_session)
}

/// Greater for a newer session. Ids of earlier versions are random, and older than any that has its time in it.
fn age_order(session_id: Uuid) -> (bool, Uuid) {
    (session_id.get_version_num() == 7, session_id)
}

/// The `Set-Cookie` lines of an answer.
#[derive(Clone, Debug, Default)]
pub struct SetCookies(Vec<SetCookie>);

impl SetCookies {
    /// One more.
    pub(crate) fn push(&mut self, cookie: SetCookie) {
        self.0.push(cookie);
    }
}

impl FromIterator<SetCookie> for SetCookies {
    fn from_iter<T: IntoIterator<Item = SetCookie>>(cookies: T) -> Self {
        Self(cookies.into_iter().collect())
    }
}

impl IntoResponseParts for SetCookies {
    type Error = Infallible;

    fn into_response_parts(self, mut parts: ResponseParts) -> Result<ResponseParts, Infallible> {
        for cookie in self.0 {
            parts = cookie.into_response_parts(parts)?;
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests;
