//! The credentials that a client has after a login. Stealing them means copying them: there is nothing else to steal.

use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::wire::{Call, Exchange};

/// One credential, as the server issued it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Kept {
    pub(super) text: String,
    /// From when to when it is valid, in seconds since the Unix epoch by the room's clock, as the server stated it.
    pub(super) since: u64,
    pub(super) until: u64,
    /// Whether a server has refused it. A client that has only the credential cannot learn this earlier.
    pub(super) refused: bool,
}

/// All credentials that a user or a thief has of one design.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Holding {
    /// The cookie, as `name=value`.
    pub(super) cookie: Option<Kept>,
    pub(super) access: Option<Kept>,
    pub(super) refresh: Option<Kept>,
    /// The idempotency key with which the next refresh is repeated until there is an answer. A thief who copies a token
    /// from a store or a log does not have this key.
    #[serde(skip)]
    attempt: Option<Uuid>,
}

impl Holding {
    pub(super) fn is_empty(&self) -> bool {
        self.cookie.is_none() && self.access.is_none() && self.refresh.is_none()
    }

    /// Stores the credentials that an answer issues, or deletes the cookie that it clears.
    pub(super) fn take(&mut self, answer: &Exchange, now_s: u64) {
        let kept = |text: &str, seconds: u64| Kept {
            text: text.to_owned(),
            since: now_s,
            until: now_s.saturating_add(seconds),
            refused: false,
        };
        // The device cookie is skipped: it only identifies a device at its next login, and grants no access.
        for cookie in answer.header("set-cookie").filter(|cookie| !cookie.starts_with("__Host-device=")) {
            self.cookie = cookie_of(cookie).map(|(pair, seconds)| kept(pair, seconds));
        }
        let text = |name: &str| answer.body.get(name).and_then(Value::as_str);
        let number = |name: &str| answer.body.get(name).and_then(Value::as_u64).unwrap_or_default();
        if let Some(token) = text("access_token") {
            self.access = Some(kept(token, number("expires_in")));
        }
        if let Some(token) = text("refresh_token") {
            self.refresh = Some(kept(token, number("refresh_expires_in")));
            self.attempt = None;
        }
    }

    /// The copy that a thief gets: all credentials, but not the idempotency key.
    pub(super) fn copied(&self) -> Self {
        Self { attempt: None, ..self.clone() }
    }

    /// Marks cookie and access token as refused.
    pub(super) fn refused_at_the_door(&mut self) {
        for kept in [&mut self.cookie, &mut self.access].into_iter().flatten() {
            kept.refused = true;
        }
    }

    /// Marks the refresh token as refused.
    pub(super) fn refused_to_refresh(&mut self) {
        if let Some(token) = &mut self.refresh {
            token.refused = true;
        }
    }

    /// The credentials that a browser sends without the app's help: the cookie only.
    pub(super) fn cookie_only(&self) -> Self {
        Self { cookie: self.cookie.clone(), ..Self::default() }
    }

    /// Adds the credentials to the request's headers.
    pub(super) fn sign(&self, call: &mut Call) {
        if let Some(token) = &self.access {
            call.headers.push(("Authorization", format!("Bearer {}", token.text)));
        }
        if let Some(cookie) = &self.cookie {
            call.headers.push(("Cookie", cookie.text.clone()));
            // A browser adds this header to a request from the server's own page. A thief can write it too.
            call.headers.push(("Sec-Fetch-Site", "same-origin".into()));
        }
    }

    /// The request that exchanges the refresh token. For a design without one, the request is sent too, so that the
    /// server itself refuses it.
    pub(super) fn exchange(&mut self, with_key: bool) -> Call {
        let Some(token) = &self.refresh else {
            let mut call = Call::post("/auth/refresh", serde_json::json!({}));
            self.sign(&mut call);
            return call;
        };
        let mut call = Call::post("/auth/refresh", serde_json::json!({ "refresh_token": token.text }));
        if with_key {
            let key = *self.attempt.get_or_insert_with(Uuid::new_v4);
            call.headers.push(("Idempotency-Key", key.to_string()));
        }
        call
    }
}

/// Name and value of a `Set-Cookie` header, as `name=value`, and its lifetime in seconds; `None` if it clears the
/// cookie.
fn cookie_of(set_cookie: &str) -> Option<(&str, u64)> {
    let mut parts = set_cookie.split(';').map(str::trim);
    let pair = parts.next().filter(|pair| !pair.ends_with('='))?;
    let seconds = parts.find_map(|part| part.strip_prefix("Max-Age=")?.parse().ok())?;
    (seconds > 0).then_some((pair, seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(response: &str) -> Exchange {
        let body = response.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        let body = serde_json::from_str(body).unwrap_or(Value::Null);
        Exchange { request: String::new(), response: response.into(), status: 200, micros: 0, body }
    }

    #[test]
    fn a_cookie_is_kept_until_it_is_cleared() {
        let mut held = Holding::default();
        held.take(
            &answer("HTTP/1.1 200 OK\r\nset-cookie: __Host-session=abc; Secure; Path=/; Max-Age=100\r\n\r\n"),
            1_000,
        );
        let cookie = Kept { text: "__Host-session=abc".into(), since: 1_000, until: 1_100, refused: false };
        assert_eq!(held.cookie, Some(cookie));
        held.take(
            &answer("HTTP/1.1 204 No Content\r\nset-cookie: __Host-session=; Path=/; Max-Age=0\r\n\r\n"),
            1_001,
        );
        assert!(held.is_empty());
    }

    #[test]
    fn a_persons_retry_has_the_same_key_and_a_thief_has_none() {
        let mut person = Holding::default();
        let pair = r#"{"access_token":"a","expires_in":900,"refresh_token":"r","refresh_expires_in":100}"#;
        person.take(&answer(&format!("HTTP/1.1 200 OK\r\n\r\n{pair}")), 0);
        let key = |call: Call| call.headers.iter().find(|(name, _)| *name == "Idempotency-Key").cloned();
        let first = key(person.exchange(true));
        assert!(first.is_some());
        assert_eq!(key(person.exchange(true)), first);
        assert_eq!(key(person.copied().exchange(false)), None);
        person.take(&answer(&format!("HTTP/1.1 200 OK\r\n\r\n{pair}")), 1);
        assert_ne!(key(person.exchange(true)), first);
    }
}
