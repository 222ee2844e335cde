//! The credentials that a client has after a login. Stealing them means copying them: there is nothing else to steal.

use harness::client::{Credential, Held, Request};
use serde::Serialize;
use uuid::Uuid;

use super::wire::Exchange;

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
    /// The idempotency key with which the next refresh is repeated until there is an answer.
    #[serde(skip)]
    refresh_key: Uuid,
}

impl Holding {
    pub(super) fn is_empty(&self) -> bool {
        self.cookie.is_none() && self.access.is_none() && self.refresh.is_none()
    }

    /// Stores the credentials that an answer issues.
    pub(super) fn take(&mut self, answer: &Exchange, now_s: u64) {
        let kept = |Credential { text, lifetime_s }| Kept {
            text,
            since: now_s,
            until: now_s.saturating_add(lifetime_s),
            refused: false,
        };
        let issued = answer.issued();
        self.cookie = issued.cookie.map(kept).or(self.cookie.take());
        self.access = issued.access_token.map(kept).or(self.access.take());
        self.refresh = issued.refresh_token.map(kept).or(self.refresh.take());
        self.refresh_key = issued.refresh_key;
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

    /// The same credentials, as a client that sends requests with them.
    pub(super) fn held(&self) -> Held {
        let credential = |Kept { text, since, until, .. }: &Kept| Credential {
            text: text.clone(),
            lifetime_s: until - since,
        };
        Held {
            cookie: self.cookie.as_ref().map(credential),
            access_token: self.access.as_ref().map(credential),
            refresh_token: self.refresh.as_ref().map(credential),
            refresh_key: self.refresh_key,
            ..Held::default()
        }
    }

    /// The request that exchanges the refresh token. For a design without one, the request is sent too, so that the
    /// server itself refuses it. A thief who copies a token from a store or a log does not have the key.
    pub(super) fn exchange(&self, with_key: bool) -> Request {
        let held = self.held();
        let request = held.presenting("/auth/refresh");
        if with_key && self.refresh.is_some() { request.with(held.idempotency_key()) } else { request }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_persons_refresh_has_a_key_and_a_thiefs_has_none() {
        let body = json!({ "refresh_token": "r", "refresh_expires_in": 100 });
        let answer =
            Exchange { request: String::new(), response: String::new(), status: 200, micros: 0, body };
        let mut person = Holding::default();
        person.take(&answer, 1_000);
        let refresh = Kept { text: "r".into(), since: 1_000, until: 1_100, refused: false };
        assert_eq!(person.refresh, Some(refresh));
        assert_eq!(person.exchange(true).headers[0].0, "Idempotency-Key");
        assert_eq!(person.exchange(false).headers, []);
    }
}
