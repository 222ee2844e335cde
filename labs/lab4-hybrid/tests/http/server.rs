//! The lab without a socket, and a client that reads its responses.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE, SET_COOKIE};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use kit::{Clock, Config, Origins, Store};
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) const PASSWORD: &str = "correct horse battery";
pub(crate) const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");
pub(crate) const WINDOW: Duration = Duration::from_secs(11);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(crate) struct Server {
    pub(crate) router: Router,
    pub(crate) clock: Clock,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) json: Value,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(Store::Memory).await
    }

    pub(crate) async fn with(store: Store) -> Self {
        Self::configured(Config { store, ..Config::default() }).await
    }

    pub(crate) async fn configured(config: Config) -> Self {
        let clock = Clock::system();
        let origins = Origins::new(&[], SocketAddr::from(([127, 0, 0, 1], 8080)), "hybrid");
        let router = lab4_hybrid::router(&config, clock.clone(), origins).await.unwrap();
        Self { router, clock }
    }

    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Value::Null => Body::empty(),
            body => {
                request = request.header(CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
        };
        let response = self.router.clone().oneshot(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, json }
    }

    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], body: Value) -> Answer {
        self.call(Method::POST, path, headers, body).await
    }

    pub(crate) async fn sign_up(&self, email: &str, client: &str) -> Answer {
        let answer = self
            .post("/auth/signup", &[], json!({"email": email, "password": PASSWORD, "client": client}))
            .await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.json);
        answer
    }

    pub(crate) async fn log_in(&self, headers: &[(&str, &str)], client: &str) -> Answer {
        let body =
            json!({"email": "ann@example.test", "password": PASSWORD, "client": client, "device": "Ann's"});
        let answer = self.post("/auth/login", headers, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.json);
        answer
    }

    pub(crate) async fn refresh_app(&self, token: &str) -> Answer {
        self.post("/auth/refresh", &[], json!({"refresh_token": token})).await
    }

    pub(crate) async fn refresh_page(&self, cookie: &str) -> Answer {
        self.post("/auth/refresh", &[("cookie", cookie), OWN], Value::Null).await
    }

    pub(crate) async fn me(&self, access: &str) -> Answer {
        self.call(Method::GET, "/me", &[(AUTHORIZATION.as_str(), access)], Value::Null).await
    }

    pub(crate) async fn sessions(&self, access: &str) -> Answer {
        self.call(Method::GET, "/auth/sessions", &[(AUTHORIZATION.as_str(), access)], Value::Null).await
    }
}

impl Answer {
    pub(crate) fn text(&self, field: &str) -> String {
        self.json[field].as_str().unwrap_or_else(|| panic!("no {field} in {}", self.json)).to_owned()
    }

    pub(crate) fn refresh_token(&self) -> String {
        self.text("refresh_token")
    }

    pub(crate) fn access(&self) -> String {
        format!("Bearer {}", self.text("access_token"))
    }

    pub(crate) fn set_cookie(&self) -> Option<&str> {
        let cookies = self.set_cookies();
        assert!(cookies.len() <= 1, "{cookies:?}");
        cookies.first().copied()
    }

    /// All cookies that the response sets or clears, except the one that identifies a device.
    pub(crate) fn set_cookies(&self) -> Vec<&str> {
        let cookies = self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap());
        cookies.filter(|cookie| !cookie.starts_with("__Host-device=")).collect()
    }

    /// The cookie that a browser would send back: the only one that is not cleared.
    pub(crate) fn cookie(&self) -> String {
        let pairs = self.set_cookies().into_iter().map(|line| line.split(';').next().unwrap());
        let given: Vec<&str> = pairs.filter(|pair| !pair.ends_with('=')).collect();
        assert_eq!(given.len(), 1, "{given:?}");
        given[0].to_owned()
    }

    pub(crate) fn refused(&self, status: StatusCode, code: &str) {
        assert_eq!((self.status, self.json["code"].as_str()), (status, Some(code)), "{}", self.json);
        assert_eq!(self.set_cookie(), None, "a refusal leaves the cookie alone");
        assert_eq!(self.headers[CONTENT_TYPE], "application/problem+json");
    }
}

/// `Authorization` headers that authenticate no request, as faulty clients send them: an empty variable, another
/// scheme, a forgery.
pub(crate) const USELESS: [&str; 8] = [
    "Bearer undefined",
    "Bearer null",
    "Bearer ",
    "Bearer",
    "",
    "Basic YW5uOmhvcnNl",
    "Bearer eyJhbGciOiJub25lIn0.e30.",
    "José",
];

/// The `Set-Cookie` header that clears a cookie.
pub(crate) fn clearing(cookie: &str) -> String {
    let name = cookie.split_once('=').map_or(cookie, |(name, _)| name);
    format!("{name}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict")
}
