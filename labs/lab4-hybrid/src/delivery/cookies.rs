//! One cookie for each session of a browser.
//!
//! A browser applies `Set-Cookie` when a response arrives, and responses overtake one another. If a browser had only
//! one cookie for all sessions, the late response to a refresh would overwrite the session that another tab has opened
//! meanwhile, and the user who has just logged in would be logged out. So the name of the cookie ends in a part of the
//! session's id: a response can set and clear only the cookie of its own session.
//!
//! A browser may therefore send several of these cookies. These rules choose between them:
//!
//! 1. **The newest session that is alive is used.** Session ids are ordered by time (RFC 9562 §5.7), so every server
//!    and every tab makes the same choice, whatever the order in the header. The cookie of an ended session never
//!    blocks a newer one.
//! 2. **Login, sign-up, a change of password and logout end the sessions whose cookies came with the request, and clear
//!    those cookies.** An ended session never comes back to life, so a response that clears its cookie may be
//!    arbitrarily late. A refresh clears the cookies of the sessions that it has found to be over.
//! 3. **At most [`MOST`] sessions of one request are considered**, the newest. A browser gains one stale cookie for
//!    each late response and loses all of them at the next login; only a client with a forged header sends more.
//! 4. A token under the cookie name of another session is refused. A cookie whose name this server would not assign is
//!    ignored.
//!
//! The cookie of earlier versions, `__Host-refresh`, is still read, and a session that was opened with it keeps it: a
//! server of an earlier version, which may get the next request during a rolling upgrade, reads no other cookie. Each
//! of those sessions ends at the next login, or at the latest after its absolute lifetime. New sessions never get that
//! name, so a late response can replace one old session by another, but never a new one.

use std::cmp::Reverse;
use std::convert::Infallible;

use axum::response::{IntoResponseParts, ResponseParts};
use http::HeaderMap;
use kit::ClientKind;
use kit::cookie::{self, HostCookie, SameSite, SetCookie};
use uuid::Uuid;

use crate::chain::Keys;
use crate::token::VerifiedToken;

/// The refresh cookies. `SameSite=Strict`: a script of this server's own page sends the request, and no link from
/// another site needs the cookie. The name is that of earlier versions, and the prefix of today's names.
pub const REFRESH_COOKIE: HostCookie = HostCookie { name: "__Host-refresh", same_site: SameSite::Strict };

/// The most sessions that are read from the cookies of one request. See rule 3 in the module's documentation.
pub const MOST: usize = 8;

/// The character between the common prefix of the names and the part of the session's id.
const SEPARATOR: char = '-';

/// How many hexadecimal digits of the session's id are in a cookie's name: the last group of the id's text form, which
/// is random.
const DIGITS: usize = 12;

/// The name of a session's cookie.
pub fn name_of(session_id: Uuid) -> String {
    let digits = session_id.as_simple().to_string();
    format!("{}{SEPARATOR}{}", REFRESH_COOKIE.name, &digits[digits.len() - DIGITS..])
}

/// The refresh cookies of a request.
#[derive(Debug, Default)]
pub struct Shown {
    sessions: Vec<ShownSession>,
    /// Names of refresh cookies whose value is not a valid token, or is the token of another session.
    worthless: Vec<String>,
    /// The number of a key that one of the tokens names and that this server does not have.
    unknown_key: Option<u16>,
}

/// A session that a request presents a token of.
#[derive(Debug)]
pub struct ShownSession {
    /// The newest token of the session in the request.
    pub token: VerifiedToken,
    /// The name of the cookie with that token. The token's successor goes into the same cookie.
    pub name: String,
    /// The names of other cookies with tokens of the same session.
    others: Vec<String>,
}

impl Shown {
    /// Reads the refresh cookies from a request's headers.
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

    /// Whether the request has no refresh cookie, not even an invalid one.
    pub fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.worthless.is_empty()
    }

    /// The number of a key that one of the tokens names and that this server does not have (any longer).
    pub(crate) fn unknown_key(&self) -> Option<u16> {
        self.unknown_key
    }

    /// The sessions, in the order in which they are used: the newest first.
    pub fn sessions(&self) -> &[ShownSession] {
        &self.sessions
    }

    /// Returns the sessions, the newest first, and consumes the rest.
    pub(crate) fn into_sessions(self) -> Vec<ShownSession> {
        self.sessions
    }

    /// The headers that clear the cookies of every session for whose token `over` returns true.
    pub(crate) fn cleared_where(&self, over: impl Fn(&VerifiedToken) -> bool) -> SetCookies {
        self.sessions.iter().filter(|session| over(&session.token)).flat_map(ShownSession::cleared).collect()
    }

    /// The headers that clear all refresh cookies of the request.
    pub(crate) fn cleared(&self) -> SetCookies {
        let worthless = self.worthless.iter().map(|name| REFRESH_COOKIE.clear_as(name));
        self.sessions.iter().flat_map(ShownSession::cleared).chain(worthless).collect()
    }
}

impl ShownSession {
    /// The headers that clear all cookies of this session.
    pub(crate) fn cleared(&self) -> impl Iterator<Item = SetCookie> {
        self.others.iter().chain([&self.name]).map(|name| REFRESH_COOKIE.clear_as(name))
    }
}

/// Whether this server assigns cookie names of this form. Another cookie whose name happens to begin with the same
/// prefix is ignored.
fn is_ours(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(REFRESH_COOKIE.name) else { return false };
    let of_session = |digits: &str| {
        digits.len() == DIGITS && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    rest.is_empty() || rest.strip_prefix(SEPARATOR).is_some_and(of_session)
}

/// A sort key that is greater for a newer session. Session ids of earlier versions are random, and count as older than
/// any id that contains its time.
fn age_order(session_id: Uuid) -> (bool, Uuid) {
    (session_id.get_version_num() == 7, session_id)
}

/// The `Set-Cookie` headers of a response.
#[derive(Clone, Debug, Default)]
pub struct SetCookies(Vec<SetCookie>);

impl SetCookies {
    /// Adds a cookie.
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
