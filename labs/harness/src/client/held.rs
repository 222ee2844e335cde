//! What a client stores after a login, and the requests that it sends with it.

use reqwest::Response;
use reqwest::header::SET_COOKIE;
use serde_json::{Value, json};
use uuid::Uuid;

use super::request::{Header, Request};

/// A token, or a cookie.
#[derive(Clone)]
pub struct Credential {
    /// The token, or the cookie as `name=value`.
    pub text: String,
    /// For how many seconds it is valid from its issue; 0 if the server does not say so.
    pub lifetime_s: u64,
}

/// What a client stores after a login. An attacker who copies it has stolen the credential; there is nothing else to steal.
#[derive(Clone, Default)]
pub struct Held {
    /// The session's cookie. A page has its refresh token in it.
    pub cookie: Option<Credential>,
    /// The access token.
    pub access_token: Option<Credential>,
    /// The refresh token of an app.
    pub refresh_token: Option<Credential>,
    /// The user's id.
    pub user_id: Option<Uuid>,
    /// The session's id.
    pub session_id: Option<Uuid>,
    /// The idempotency key of the next refresh, which its retries repeat.
    pub refresh_key: Uuid,
}

impl Held {
    /// What an answer issues, from the values of its `Set-Cookie` headers and from its body.
    pub fn issued<'a>(set_cookies: impl IntoIterator<Item = &'a str>, body: &Value) -> Self {
        let text = |name: &str| body[name].as_str();
        let token = |name: &str, lifetime: &str| {
            let lifetime_s = body[lifetime].as_u64().unwrap_or_default();
            Some(Credential { text: text(name)?.to_owned(), lifetime_s })
        };
        Self {
            cookie: set_cookies.into_iter().find_map(session_cookie),
            access_token: token("access_token", "expires_in"),
            refresh_token: token("refresh_token", "refresh_expires_in"),
            user_id: text("user_id").and_then(|id| id.parse().ok()),
            session_id: text("session_id").and_then(|id| id.parse().ok()),
            refresh_key: Uuid::new_v4(),
        }
    }

    /// Receives the rest of an answer; returns what it issues.
    ///
    /// # Errors
    /// The answer breaks off.
    pub async fn received(answer: Response) -> reqwest::Result<Self> {
        let headers = answer.headers().clone();
        let set_cookies = headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
        let body = serde_json::from_slice(&answer.bytes().await?).unwrap_or_default();
        Ok(Self::issued(set_cookies, &body))
    }

    /// Stores what another answer issued, and keeps what it did not issue again.
    pub fn take(&mut self, issued: Self) {
        self.cookie = issued.cookie.or(self.cookie.take());
        self.access_token = issued.access_token.or(self.access_token.take());
        self.refresh_token = issued.refresh_token.or(self.refresh_token.take());
        self.user_id = issued.user_id.or(self.user_id);
        self.session_id = issued.session_id.or(self.session_id);
        self.refresh_key = issued.refresh_key;
    }

    /// The header that authenticates a request: the access token, or else the cookie.
    pub fn credential(&self) -> Option<Header> {
        match (&self.access_token, &self.cookie) {
            (Some(token), _) => Some(("Authorization", format!("Bearer {}", token.text))),
            (None, Some(cookie)) => Some(("Cookie", cookie.text.clone())),
            (None, None) => None,
        }
    }

    /// The credential, or another header if there is none: requests to the baseline have as many headers as others.
    pub fn header(&self) -> Header {
        self.credential().unwrap_or(("X-Credential", "none".to_owned()))
    }

    /// Adds the credential to a request, as an app or a page of the server sends it.
    pub fn signed(&self, request: Request) -> Request {
        match self.credential() {
            Some(header @ ("Cookie", _)) => request.with(header).from_own_page(),
            Some(header) => request.with(header),
            None => request,
        }
    }

    /// A request that presents the refresh token: an app sends it in the body, a page in its cookie. A client that has
    /// neither sends its access token, which the server refuses.
    pub fn presenting(&self, path: &'static str) -> Request {
        if let Some(token) = &self.refresh_token {
            return Request::post(path, json!({ "refresh_token": token.text }));
        }
        let request = Request::post(path, json!({}));
        match &self.cookie {
            Some(cookie) => request.with(("Cookie", cookie.text.clone())).from_own_page(),
            None => self.signed(request),
        }
    }

    /// The header by which the server recognises the retry of a refresh. An attacker who copies a token from a store or a
    /// log does not have it.
    pub fn idempotency_key(&self) -> Header {
        ("Idempotency-Key", self.refresh_key.to_string())
    }
}

/// The cookie that a `Set-Cookie` header sets; `None` if it clears one, or sets the device cookie, which only identifies a
/// device at its next login.
fn session_cookie(set_cookie: &str) -> Option<Credential> {
    let mut parts = set_cookie.split(';').map(str::trim);
    let pair = parts.next()?;
    let (name, value) = pair.split_once('=')?;
    if name == "__Host-device" || value.is_empty() {
        return None;
    }
    let lifetime_s = parts.find_map(|part| part.strip_prefix("Max-Age=")?.parse().ok()).unwrap_or_default();
    Some(Credential { text: pair.to_owned(), lifetime_s })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLEARED: &str = "__Host-old=; Path=/; Max-Age=0";
    const DEVICE: &str = "__Host-device=d; Path=/; Max-Age=9";
    const SET: &str = "__Host-refresh=c; Secure; Path=/; Max-Age=100";

    #[test]
    fn an_app_presents_its_token_in_the_body_and_a_page_its_sessions_cookie() {
        let app = Held::issued([], &json!({ "access_token": "a", "refresh_token": "r" }));
        let request = app.presenting("/auth/refresh");
        assert_eq!((request.headers, request.body), (vec![], Some(json!({ "refresh_token": "r" }))));
        let page = Held::issued([CLEARED, DEVICE, SET], &json!({ "access_token": "a" }));
        assert_eq!(page.cookie.as_ref().map(|cookie| cookie.lifetime_s), Some(100));
        let request = page.presenting("/auth/refresh");
        let cookie = ("Cookie", "__Host-refresh=c".to_owned());
        let own_page = ("Sec-Fetch-Site", "same-origin".to_owned());
        assert_eq!((request.headers, request.body), (vec![cookie, own_page], Some(json!({}))));
    }

    #[test]
    fn each_answer_brings_a_new_key_and_leaves_what_it_does_not_issue() {
        let mut held = Held::issued([SET], &json!({ "refresh_token": "r" }));
        let key = held.clone().idempotency_key();
        assert_eq!(held.idempotency_key(), key);
        held.take(Held::issued([], &json!({ "access_token": "a" })));
        assert_ne!(held.idempotency_key(), key);
        assert!(held.cookie.is_some() && held.access_token.is_some() && held.refresh_token.is_some());
    }
}
