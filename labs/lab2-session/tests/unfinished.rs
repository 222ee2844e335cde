//! Changes of an account that succeed although Redis refuses to end its sessions: the response says that the change is
//! done, the audit log records it, and this server or the next one ends the sessions later.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use http::header::{CONTENT_TYPE, COOKIE, ORIGIN, RETRY_AFTER, SET_COOKIE};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use kit::config::AccountsAt;
use kit::redis::discovery::Found;
use kit::testing::{KeptLog, private_redis};
use kit::{Clock, Config, Origins};
use lab2_session::Sessions;
use lab2_session::store::redis::RedisStore;
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, cmd};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

const OWN: &str = "http://session.localhost:8080";
const PASSWORD: &str = "correct horse battery";
const NEW_PASSWORD: &str = "battery staple horse";

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

/// A request under construction, and its JSON body.
struct Call(http::request::Builder, Value);

fn call(method: &str, path: &str) -> Call {
    Call(Request::builder().method(method).uri(path).header(CONTENT_TYPE, "application/json"), json!({}))
}

impl Call {
    fn body(self, body: Value) -> Self {
        Self(self.0, body)
    }

    fn header(self, name: impl Into<String>, value: &str) -> Self {
        Self(self.0.header(name.into(), value), self.1)
    }

    /// Adds this cookie and the lab's own origin, as a browser does for a request from one of the lab's pages.
    fn by_page(self, cookie: &str) -> Self {
        self.header(COOKIE.as_str(), cookie).header(ORIGIN.as_str(), OWN)
    }

    async fn to(self, router: &Router) -> Answer {
        let request = self.0.body(Body::from(self.1.to_string())).unwrap();
        let (parts, body) = router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

impl Answer {
    /// The session's `Set-Cookie` header. The response may also set the device's cookie.
    fn set_cookie(&self) -> Option<&str> {
        let mut cookies = self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap());
        cookies.find(|cookie| cookie.starts_with("__Host-session="))
    }

    /// The cookie that the browser sends from now on, as `name=value`.
    fn cookie(&self) -> String {
        self.set_cookie().unwrap().split(';').next().unwrap().to_owned()
    }

    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

fn ann() -> Value {
    json!({"email": "ann@example.test", "password": PASSWORD, "client": "web"})
}

/// A lab with a Redis that can be made to refuse all scripts, and with accounts in a file that the next server opens.
struct Scene {
    router: Router,
    redis: Found,
    log: KeptLog,
    folder: TempDir,
    admin: MultiplexedConnection,
}

async fn store(found: &Found) -> RedisStore {
    let config = Config::default();
    RedisStore::connect(&found.url, config.redis, (&config).into(), Clock::system()).await.unwrap()
}

async fn server(store: RedisStore, folder: &TempDir) -> Router {
    let accounts = AccountsAt::File(folder.path().join("accounts.sqlite"));
    let config = Config { accounts, ..Config::default() };
    let origins = Origins::new(&[OWN.parse().unwrap()], SocketAddr::from(([127, 0, 0, 1], 0)), "");
    let scheme = Sessions::new(store, (&config).into(), Clock::system(), origins);
    lab2_session::router_over(scheme, &config).await.unwrap()
}

impl Scene {
    async fn set() -> Option<Self> {
        let redis = private_redis().await?;
        let (log, folder) = (KeptLog::start(), tempfile::tempdir().unwrap());
        let client = redis::Client::open(redis.url.as_str()).unwrap();
        let admin = client.get_multiplexed_async_connection().await.unwrap();
        let router = server(store(&redis).await, &folder).await;
        Some(Self { router, redis, log, folder, admin })
    }

    /// Makes Redis refuse every script, or run them again. Real causes are an operator who takes a right away, a full
    /// memory, or lost replicas. Reads still work.
    async fn redis_refuses(&mut self, refuses: bool) {
        let sign = if refuses { '-' } else { '+' };
        let mut acl = cmd("ACL");
        acl.arg("SETUSER").arg("default").arg(format!("{sign}eval")).arg(format!("{sign}evalsha"));
        acl.exec_async(&mut self.admin).await.unwrap();
    }

    /// Stops the server, whatever it is doing, and starts another one on the same accounts and the same Redis.
    async fn restart(&mut self) {
        self.router = Router::new();
        self.router = server(store(&self.redis).await, &self.folder).await;
    }

    /// Restarts the server while Redis refuses scripts. A server does not connect without its rights, so Redis allows
    /// them while the server connects, and refuses them again before the server reads its unfinished work.
    async fn restart_refused(&mut self) {
        self.router = Router::new();
        self.redis_refuses(false).await;
        let store = store(&self.redis).await;
        self.redis_refuses(true).await;
        self.router = server(store, &self.folder).await;
    }

    async fn sessions_in_redis(&mut self) -> usize {
        let keys: Vec<String> = self.admin.keys("session:*").await.unwrap();
        let others = ["session:user:", "session:epoch:", "session:marker"];
        let is_session = |key: &&String| !others.iter().any(|other| key.starts_with(other));
        keys.iter().filter(is_session).count()
    }

    /// Waits until Redis has this many sessions. No request is sent, so the server must have ended the others by
    /// itself.
    async fn until_redis_holds(&mut self, sessions: usize) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.sessions_in_redis().await != sessions {
            assert!(Instant::now() < deadline, "the ending was not finished");
            tokio::task::yield_now().await;
        }
    }

    fn events(&self) -> Vec<String> {
        let lines = KeptLog::audit_lines(&self.log.take());
        lines.iter().map(|line| line["event"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until the audit log has this event, which the server writes by itself, and returns all events.
    async fn until(&self, event: &str) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.events().iter().any(|happened| happened == event) {
            assert!(Instant::now() < deadline, "no {event}");
            tokio::task::yield_now().await;
        }
    }

    async fn log_in(&self, password: &str) -> Answer {
        let body = json!({"email": "ann@example.test", "password": password, "client": "web"});
        call("POST", "/auth/login").body(body).to(&self.router).await
    }

    async fn sign_up(&self) -> Answer {
        let answer = call("POST", "/auth/signup").body(ann()).to(&self.router).await;
        assert_eq!((answer.status, answer.body.get("log_in")), (StatusCode::CREATED, None));
        answer
    }

    async fn me(&self, cookie: &str) -> StatusCode {
        call("GET", "/me").header(COOKIE.as_str(), cookie).to(&self.router).await.status
    }

    async fn change_password(&self, cookie: &str) -> Answer {
        let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
        call("POST", "/auth/password").body(change).by_page(cookie).to(&self.router).await
    }
}

fn assert_without_credential(answer: &Answer, status: StatusCode) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!((answer.body["log_in"].as_str(), answer.set_cookie()), (Some("required"), None));
    assert_eq!(answer.headers[RETRY_AFTER], "1");
    assert_eq!(answer.body["email"], "ann@example.test");
}

#[tokio::test]
async fn a_sign_up_whose_session_cannot_be_made_is_a_sign_up_and_the_person_logs_in_when_redis_is_back() {
    let Some(mut scene) = Scene::set().await else { return };
    scene.redis_refuses(true).await;
    let made = call("POST", "/auth/signup").body(ann()).to(&scene.router).await;
    assert_without_credential(&made, StatusCode::CREATED);
    assert_eq!(scene.events(), ["sign_up"]);
    assert_eq!(scene.log_in(PASSWORD).await.code(), "store_unavailable");
    scene.redis_refuses(false).await;
    let in_again = scene.log_in(PASSWORD).await;
    assert_eq!((in_again.status, &in_again.body["user_id"]), (StatusCode::OK, &made.body["user_id"]));
    // By contrast, while Redis answers, the same call returns the credential.
    let other = json!({"email": "ben@example.test", "password": PASSWORD});
    let usual = call("POST", "/auth/signup").body(other).to(&scene.router).await;
    assert_eq!((usual.status, usual.body.get("log_in")), (StatusCode::CREATED, None));
    assert!(usual.set_cookie().is_some());
}

#[tokio::test]
async fn a_new_password_that_redis_does_not_hear_of_is_a_new_password_and_no_earlier_session_opens_anything()
{
    let Some(mut scene) = Scene::set().await else { return };
    let (phone, laptop) = (scene.sign_up().await.cookie(), scene.log_in(PASSWORD).await.cookie());
    scene.events();
    scene.redis_refuses(true).await;
    assert_eq!(scene.me(&phone).await, StatusCode::OK, "Redis refuses changes, not questions");
    let changed = scene.change_password(&laptop).await;
    assert_without_credential(&changed, StatusCode::OK);
    assert_eq!(scene.events(), ["ending_unfinished", "password_changed"]);
    assert_eq!(scene.sessions_in_redis().await, 2, "Redis would let both in");
    for cookie in [&phone, &laptop] {
        assert_eq!(scene.me(cookie).await, StatusCode::UNAUTHORIZED);
        let again = scene.change_password(cookie).await;
        assert_eq!((again.status, again.code()), (StatusCode::UNAUTHORIZED, "invalid_token"));
    }
    assert_eq!(scene.log_in(PASSWORD).await.code(), "invalid_credentials");

    scene.redis_refuses(false).await;
    scene.until("ending_finished").await;
    assert_eq!(scene.sessions_in_redis().await, 0);
    assert_eq!(scene.me(&phone).await, StatusCode::UNAUTHORIZED);
    let back = scene.log_in(NEW_PASSWORD).await;
    assert_eq!((back.status, scene.me(&back.cookie()).await), (StatusCode::OK, StatusCode::OK));
}

#[tokio::test]
async fn who_logs_in_before_the_ending_is_finished_stays_in_when_it_is() {
    let Some(mut scene) = Scene::set().await else { return };
    let phone = scene.sign_up().await.cookie();
    scene.redis_refuses(true).await;
    assert_eq!(scene.change_password(&phone).await.status, StatusCode::OK);
    scene.redis_refuses(false).await;
    let back = scene.log_in(NEW_PASSWORD).await.cookie();
    assert_eq!(scene.me(&back).await, StatusCode::OK);
    scene.until_redis_holds(1).await;
    scene.restart().await;
    assert_eq!(scene.me(&back).await, StatusCode::OK);
    assert_eq!(scene.me(&phone).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn logging_out_everywhere_and_deletion_are_done_although_redis_does_not_hear_of_them() {
    let Some(mut scene) = Scene::set().await else { return };
    let (phone, laptop) = (scene.sign_up().await.cookie(), scene.log_in(PASSWORD).await.cookie());
    scene.redis_refuses(true).await;
    let everywhere = json!({"scope": "global"});
    let out = call("POST", "/auth/logout").body(everywhere).by_page(&laptop).to(&scene.router).await;
    assert_eq!((out.status, out.set_cookie().is_some()), (StatusCode::NO_CONTENT, true));
    assert_eq!(scene.events()[2..], ["ending_unfinished", "log_out"]);
    assert_eq!(scene.me(&phone).await, StatusCode::UNAUTHORIZED);

    scene.redis_refuses(false).await;
    let back = scene.log_in(PASSWORD).await.cookie();
    scene.redis_refuses(true).await;
    scene.events();
    let deletion = json!({"password": PASSWORD});
    let gone = call("DELETE", "/auth/account").body(deletion).by_page(&back).to(&scene.router).await;
    assert_eq!((gone.status, gone.set_cookie().is_some()), (StatusCode::NO_CONTENT, true));
    assert_eq!(scene.events(), ["ending_unfinished", "account_deleted"]);
    assert_eq!(scene.me(&back).await, StatusCode::UNAUTHORIZED);
    assert_eq!(scene.sessions_in_redis().await, 1);
    scene.redis_refuses(false).await;
    scene.until_redis_holds(0).await;
}

#[tokio::test]
async fn a_server_that_starts_with_an_unfinished_ending_refuses_from_its_first_request_and_finishes_it() {
    let Some(mut scene) = Scene::set().await else { return };
    let (phone, laptop) = (scene.sign_up().await.cookie(), scene.log_in(PASSWORD).await.cookie());
    scene.redis_refuses(true).await;
    assert_eq!(scene.change_password(&laptop).await.status, StatusCode::OK);
    scene.restart_refused().await;
    assert_eq!(scene.sessions_in_redis().await, 2);
    assert_eq!(scene.me(&phone).await, StatusCode::UNAUTHORIZED);
    scene.redis_refuses(false).await;
    scene.until_redis_holds(0).await;
}
