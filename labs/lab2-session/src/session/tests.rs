//! Tests of the scheme over HTTP: the cookie, which requests may send it, and the effect of a logout.

mod time_travel;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, ORIGIN, RETRY_AFTER, SET_COOKIE};
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use kit::config::{Limits, RedisTimes};
use kit::redis::discovery::Found;
use kit::testing::{KeptLog, private_redis};
use kit::{Clock, Config, Origins, Redis, Store};
use serde_json::{Value, json};
use tower::ServiceExt;

const OWN: &str = "http://session.localhost:8080";
const IDLE: Duration = Duration::from_secs(1_000);
const ABSOLUTE: Duration = Duration::from_secs(2_500);
const PER_USER: usize = 4;

struct Lab {
    router: Router,
    clock: Clock,
    redis: Option<Found>,
}

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

    async fn to(self, lab: &Lab) -> Answer {
        let request = self.0.body(Body::from(self.1.to_string())).unwrap();
        let (parts, body) = lab.router.clone().oneshot(request).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, body }
    }
}

impl Answer {
    fn set_cookie(&self) -> Option<&str> {
        self.headers.get(SET_COOKIE).map(|value| value.to_str().unwrap())
    }

    /// The cookie that the browser sends from now on, as `name=value`.
    fn cookie(&self) -> String {
        self.set_cookie().unwrap().split(';').next().unwrap().to_owned()
    }

    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

async fn lab_on(redis: Option<Found>) -> Lab {
    let store = redis.as_ref().map_or(Store::Memory, |found| Store::Redis(found.url.clone()));
    let limits = Limits { sessions_per_user: PER_USER, ..Limits::default() };
    let config = Config { store, limits, idle_ttl: IDLE, refresh_ttl: ABSOLUTE, ..Config::default() };
    let origins = Origins::new(&[OWN.parse().unwrap()], SocketAddr::from(([127, 0, 0, 1], 0)), "");
    let clock = Clock::system();
    Lab { router: super::router(&config, clock.clone(), origins).await.unwrap(), clock, redis }
}

async fn lab() -> Lab {
    lab_on(None).await
}

/// One lab with its sessions in memory and, if a `redis-server` is installed, one with its sessions in Redis.
async fn labs() -> Vec<Lab> {
    let mut labs = vec![lab().await];
    if let Some(found) = private_redis().await {
        labs.push(lab_on(Some(found)).await);
    }
    labs
}

fn ann() -> Value {
    json!({"email": "ann@example.test", "password": "correct horse battery", "client": "web"})
}

async fn sign_up(lab: &Lab) -> Answer {
    let answer = call("POST", "/auth/signup").body(ann()).to(lab).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    answer
}

async fn log_in(lab: &Lab) -> Answer {
    let answer = call("POST", "/auth/login").body(ann()).to(lab).await;
    assert_eq!(answer.status, StatusCode::OK);
    answer
}

async fn me(lab: &Lab, cookie: &str) -> StatusCode {
    call("GET", "/me").header(COOKIE.as_str(), cookie).to(lab).await.status
}

#[tokio::test]
async fn a_log_in_sets_the_cookie_and_tells_no_secret_in_the_body() {
    let lab = lab().await;
    let answer = sign_up(&lab).await;
    let (pair, attributes) = answer.set_cookie().unwrap().split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Max-Age=2500; HttpOnly; Secure; SameSite=Lax");
    let id = pair.strip_prefix("__Host-session=").unwrap();
    assert_eq!(id.len(), 22);
    let names: Vec<_> = answer.body.as_object().unwrap().keys().cloned().collect();
    assert_eq!(names, ["email", "user_id"]);
    let me = call("GET", "/me").header(COOKIE.as_str(), pair).to(&lab).await;
    assert_eq!((me.status, &me.body["user_id"]), (StatusCode::OK, &answer.body["user_id"]));
    assert_eq!(me.body["email"], "ann@example.test");
    assert_ne!(me.body["session_id"], Value::Null);
    assert!(!me.body.to_string().contains(id));
    assert!(me.set_cookie().is_none());
}

#[tokio::test]
async fn using_a_session_sets_no_cookie_so_that_no_late_answer_can_displace_a_newer_log_in() {
    for lab in labs().await {
        let first = sign_up(&lab).await.cookie();
        for _ in 0..3 {
            lab.clock.advance(Duration::from_secs(100));
            let me = call("GET", "/me").header(COOKIE.as_str(), &first).to(&lab).await;
            assert_eq!((me.status, me.set_cookie()), (StatusCode::OK, None));
            let others = call("POST", "/auth/logout").body(json!({"scope": "others"}));
            let others = others.by_page(&first).to(&lab).await;
            assert_eq!((others.status, others.set_cookie()), (StatusCode::NO_CONTENT, None));
        }
    }
}

#[tokio::test]
async fn a_log_out_ends_the_copy_too_and_clears_the_cookie_as_it_was_set() {
    for lab in labs().await {
        let set = sign_up(&lab).await;
        let answer = call("POST", "/auth/logout").by_page(&set.cookie()).to(&lab).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
        assert_eq!(
            answer.set_cookie(),
            Some("__Host-session=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax")
        );
        assert_eq!(me(&lab, &set.cookie()).await, StatusCode::UNAUTHORIZED);
        let again = call("POST", "/auth/logout").by_page(&set.cookie()).to(&lab).await;
        assert_eq!(again.status, StatusCode::NO_CONTENT);
        let garbage = call("POST", "/auth/logout").by_page("__Host-session=x").to(&lab).await;
        assert_eq!((garbage.status, garbage.set_cookie().is_some()), (StatusCode::NO_CONTENT, true));
        let nothing = call("POST", "/auth/logout").to(&lab).await;
        assert_eq!((nothing.status, nothing.set_cookie()), (StatusCode::NO_CONTENT, None));
    }
}

#[tokio::test]
async fn a_log_in_never_takes_an_id_that_it_is_given_and_ends_the_session_that_came_along() {
    for lab in labs().await {
        let first = sign_up(&lab).await.cookie();
        let planted = "__Host-session=AAAAAAAAAAAAAAAAAAAAAA";
        let after_planting = call("POST", "/auth/login").body(ann()).by_page(planted).to(&lab).await;
        assert_ne!(after_planting.cookie(), planted);
        assert_eq!(me(&lab, planted).await, StatusCode::UNAUTHORIZED);
        assert_eq!(me(&lab, &first).await, StatusCode::OK);
        let second = call("POST", "/auth/login").body(ann()).by_page(&first).to(&lab).await.cookie();
        assert_eq!(me(&lab, &first).await, StatusCode::UNAUTHORIZED);
        assert_eq!(me(&lab, &second).await, StatusCode::OK);
    }
}

/// In memory the log line also contains the evicted session's public id. In Redis the id is lost when its record is
/// deleted.
#[tokio::test]
async fn a_session_that_has_to_make_room_for_a_new_one_is_told_in_the_audit_log() {
    for lab in labs().await {
        let log = KeptLog::start();
        let user = sign_up(&lab).await.body["user_id"].clone();
        for _ in 1..PER_USER {
            log_in(&lab).await;
        }
        let evicted = || {
            let lines = KeptLog::audit_lines(&log.take()).into_iter();
            lines.filter(|line| line["event"] == "session_evicted").collect::<Vec<_>>()
        };
        assert_eq!(evicted(), Vec::<Value>::new());
        log_in(&lab).await;
        let lines = evicted();
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert_eq!(lines[0]["user"], user);
        assert_eq!(lines[0]["session"].is_string(), lab.redis.is_none(), "{lines:?}");
    }
}

#[tokio::test]
async fn a_refused_log_in_ends_no_session_and_clears_no_cookie() {
    let lab = lab().await;
    let cookie = sign_up(&lab).await.cookie();
    let wrong = json!({"email": "ann@example.test", "password": "wrong horse"});
    let refused = call("POST", "/auth/login").body(wrong).by_page(&cookie).to(&lab).await;
    assert_eq!((refused.status, refused.set_cookie()), (StatusCode::UNAUTHORIZED, None));
    assert_eq!(me(&lab, &cookie).await, StatusCode::OK);
}

#[tokio::test]
async fn a_request_with_an_authorization_header_is_judged_by_that_alone() {
    let lab = lab().await;
    let cookie = sign_up(&lab).await.cookie();
    for value in ["Bearer abc", "Basic abc", ""] {
        let request =
            call("GET", "/me").header(COOKIE.as_str(), &cookie).header(AUTHORIZATION.as_str(), value);
        assert_eq!(request.to(&lab).await.code(), "invalid_token", "{value:?}");
    }
    let two = call("GET", "/me")
        .header(AUTHORIZATION.as_str(), "Bearer a")
        .header(AUTHORIZATION.as_str(), "Bearer b");
    assert_eq!(two.to(&lab).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(me(&lab, &cookie).await, StatusCode::OK);
}

/// `Authorization` headers that authenticate no request, as faulty clients send them: an empty variable, another
/// scheme, or a credential of another design.
const USELESS: [&str; 8] = [
    "Bearer undefined",
    "Bearer null",
    "Bearer ",
    "Bearer",
    "",
    "Basic YW5uOmhvcnNl",
    "Bearer eyJhbGciOiJub25lIn0.e30.",
    "José",
];

#[tokio::test]
async fn a_log_out_by_cookie_ends_the_session_whatever_stands_in_authorization() {
    let lab = lab().await;
    sign_up(&lab).await;
    for value in USELESS {
        let cookie = log_in(&lab).await.cookie();
        let request = call("POST", "/auth/logout").by_page(&cookie).header(AUTHORIZATION.as_str(), value);
        let log_out = request.to(&lab).await;
        assert_eq!(
            (log_out.status, log_out.set_cookie().is_some()),
            (StatusCode::NO_CONTENT, true),
            "{value:?}"
        );
        assert_eq!(me(&lab, &cookie).await, StatusCode::UNAUTHORIZED, "{value:?}");
    }
}

#[tokio::test]
async fn the_audit_log_names_who_logged_out_whatever_stands_in_authorization() {
    let (log, lab) = (KeptLog::start(), lab().await);
    let ann = sign_up(&lab).await;
    log.take();
    let request = call("POST", "/auth/logout").by_page(&ann.cookie());
    request.header(AUTHORIZATION.as_str(), "Bearer undefined").to(&lab).await;
    let lines = KeptLog::audit_lines(&log.take());
    assert_eq!(
        (lines.len(), &lines[0]["event"], &lines[0]["user"]),
        (1, &json!("log_out"), &ann.body["user_id"])
    );
}

#[tokio::test]
async fn a_foreign_page_does_not_log_out_by_adding_an_authorization_header() {
    let lab = lab().await;
    let cookie = sign_up(&lab).await.cookie();
    for value in USELESS {
        let request = call("POST", "/auth/logout").header(COOKIE.as_str(), &cookie);
        let request = request.header("sec-fetch-site", "cross-site").header(AUTHORIZATION.as_str(), value);
        let answer = request.to(&lab).await;
        assert_eq!((answer.code(), answer.set_cookie()), ("csrf", None), "{value:?}");
    }
    let alone =
        call("POST", "/auth/logout").header(AUTHORIZATION.as_str(), "Bearer undefined").to(&lab).await;
    assert_eq!((alone.status, alone.set_cookie()), (StatusCode::NO_CONTENT, None));
    assert_eq!(me(&lab, &cookie).await, StatusCode::OK);
}

#[tokio::test]
async fn logging_out_the_others_or_everywhere_is_asked_by_cookie_whatever_stands_in_authorization() {
    let lab = lab().await;
    let (phone, laptop) = (sign_up(&lab).await.cookie(), log_in(&lab).await.cookie());
    let wide = |scope: &str, cookie: &str| {
        let request = call("POST", "/auth/logout").body(json!({ "scope": scope })).by_page(cookie);
        request.header(AUTHORIZATION.as_str(), "Bearer undefined")
    };
    assert_eq!(wide("others", &laptop).to(&lab).await.status, StatusCode::NO_CONTENT);
    assert_eq!((me(&lab, &phone).await, me(&lab, &laptop).await), (StatusCode::UNAUTHORIZED, StatusCode::OK));
    assert_eq!(wide("global", &laptop).to(&lab).await.status, StatusCode::NO_CONTENT);
    assert_eq!(me(&lab, &laptop).await, StatusCode::UNAUTHORIZED);
    assert_eq!(wide("global", &laptop).to(&lab).await.code(), "invalid_token");
    assert_eq!(wide("global", "other=cookie").to(&lab).await.code(), "invalid_token");
}

#[tokio::test]
async fn a_log_in_ends_the_session_of_its_cookie_whatever_stands_in_authorization() {
    let lab = lab().await;
    let before = sign_up(&lab).await.cookie();
    let request = call("POST", "/auth/login").body(ann()).by_page(&before);
    let after = request.header(AUTHORIZATION.as_str(), "Bearer undefined").to(&lab).await.cookie();
    assert_eq!((me(&lab, &before).await, me(&lab, &after).await), (StatusCode::UNAUTHORIZED, StatusCode::OK));
}

#[tokio::test]
async fn a_cookie_of_another_program_hides_neither_the_session_nor_its_log_out() {
    let lab = lab().await;
    let cookie = sign_up(&lab).await.cookie();
    let among = format!("visitor=José; {cookie}; ;=;x");
    assert_eq!(me(&lab, &among).await, StatusCode::OK);
    let split = call("GET", "/me").header(COOKIE.as_str(), "visitor=José").header(COOKIE.as_str(), &cookie);
    assert_eq!(split.to(&lab).await.status, StatusCode::OK);
    let log_out = call("POST", "/auth/logout").by_page(&among).to(&lab).await;
    assert_eq!((log_out.status, log_out.set_cookie().is_some()), (StatusCode::NO_CONTENT, true));
    assert_eq!(me(&lab, &cookie).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn without_a_cookie_or_with_a_broken_one_nobody_is_let_in() {
    let lab = lab().await;
    assert_eq!(call("GET", "/me").to(&lab).await.code(), "unauthenticated");
    for value in ["", "x", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAB", &"A".repeat(1000)] {
        let answer =
            call("GET", "/me").header(COOKIE.as_str(), &format!("__Host-session={value}")).to(&lab).await;
        assert_eq!(answer.code(), "invalid_token", "{value:?}");
        assert_eq!(answer.set_cookie(), None, "{value:?}");
    }
}

#[tokio::test]
async fn a_request_that_changes_something_must_come_from_our_own_pages() {
    let lab = lab().await;
    let cookie = sign_up(&lab).await.cookie();
    let foreign: [&[(&str, &str)]; 5] = [
        &[],
        &[("origin", "null")],
        &[("origin", "http://evil.localhost:8080")],
        &[("sec-fetch-site", "cross-site"), ("origin", OWN)],
        &[("sec-fetch-site", "same-site")],
    ];
    for path in ["/auth/logout", "/auth/account/delete"] {
        for headers in foreign {
            let request = call("POST", path).header(COOKIE.as_str(), &cookie);
            let request = request.body(json!({"password": "correct horse battery"}));
            let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
            let answer = request.to(&lab).await;
            assert_eq!((answer.code(), answer.set_cookie()), ("csrf", None), "{path} {headers:?}");
        }
    }
    assert_eq!(me(&lab, &cookie).await, StatusCode::OK);
    let own =
        call("POST", "/auth/logout").header(COOKIE.as_str(), &cookie).header("sec-fetch-site", "same-origin");
    assert_eq!(own.to(&lab).await.status, StatusCode::NO_CONTENT);
    assert_eq!(me(&lab, &cookie).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_log_out_elsewhere_leaves_this_session_and_one_everywhere_leaves_none() {
    for lab in labs().await {
        let (phone, laptop) = (sign_up(&lab).await.cookie(), log_in(&lab).await.cookie());
        let others =
            call("POST", "/auth/logout").body(json!({"scope": "others"})).by_page(&laptop).to(&lab).await;
        assert_eq!((others.status, others.set_cookie()), (StatusCode::NO_CONTENT, None));
        assert_eq!(me(&lab, &phone).await, StatusCode::UNAUTHORIZED);
        assert_eq!(me(&lab, &laptop).await, StatusCode::OK);
        let tablet = log_in(&lab).await.cookie();
        let global =
            call("POST", "/auth/logout").body(json!({"scope": "global"})).by_page(&laptop).to(&lab).await;
        assert_eq!((global.status, global.set_cookie().is_some()), (StatusCode::NO_CONTENT, true));
        assert_eq!(me(&lab, &laptop).await, StatusCode::UNAUTHORIZED);
        assert_eq!(me(&lab, &tablet).await, StatusCode::UNAUTHORIZED);
        let after = log_in(&lab).await.cookie();
        assert_eq!(me(&lab, &after).await, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_new_password_ends_every_session_and_hands_out_a_new_one() {
    for lab in labs().await {
        let (phone, laptop) = (sign_up(&lab).await.cookie(), log_in(&lab).await.cookie());
        let change =
            json!({"current_password": "correct horse battery", "new_password": "battery staple horse"});
        let changed = call("POST", "/auth/password").body(change).by_page(&laptop).to(&lab).await;
        assert_eq!(changed.status, StatusCode::OK);
        assert_eq!(me(&lab, &phone).await, StatusCode::UNAUTHORIZED);
        assert_eq!(me(&lab, &laptop).await, StatusCode::UNAUTHORIZED);
        assert_eq!(me(&lab, &changed.cookie()).await, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_deleted_account_has_no_session_left() {
    for lab in labs().await {
        let (phone, laptop) = (sign_up(&lab).await.cookie(), log_in(&lab).await.cookie());
        let request = call("DELETE", "/auth/account")
            .body(json!({"password": "correct horse battery"}))
            .by_page(&laptop);
        let deleted = request.to(&lab).await;
        assert_eq!((deleted.status, deleted.set_cookie().is_some()), (StatusCode::NO_CONTENT, true));
        assert_eq!(me(&lab, &phone).await, StatusCode::UNAUTHORIZED);
        assert_eq!(me(&lab, &laptop).await, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn use_moves_the_idle_limit_and_nothing_moves_the_absolute_one() {
    // In Redis too, whose own time does not advance with the lab's clock.
    for lab in labs().await {
        let (busy, idle) = (sign_up(&lab).await.cookie(), log_in(&lab).await.cookie());
        // The session is used one step (10 s) before its idle limit. The test itself takes less time than that.
        lab.clock.advance(IDLE - Duration::from_secs(10));
        assert_eq!(me(&lab, &busy).await, StatusCode::OK);
        lab.clock.advance(Duration::from_secs(10));
        assert_eq!(me(&lab, &busy).await, StatusCode::OK);
        assert_eq!(me(&lab, &idle).await, StatusCode::UNAUTHORIZED);
        lab.clock.advance(IDLE - Duration::from_secs(20));
        assert_eq!(me(&lab, &busy).await, StatusCode::OK);
        // 1,980 s of 2,500 s have passed. One more use extends the idle limit, and the absolute limit stays.
        lab.clock.advance(Duration::from_secs(510));
        assert_eq!(me(&lab, &busy).await, StatusCode::OK);
        lab.clock.advance(Duration::from_secs(10));
        assert_eq!(me(&lab, &busy).await, StatusCode::UNAUTHORIZED);
    }
}

#[tokio::test]
async fn while_redis_is_away_nobody_is_told_that_their_cookie_is_wrong() {
    let Some(found) = private_redis().await else { return };
    let mut lab = lab_on(Some(found)).await;
    let cookie = sign_up(&lab).await.cookie();
    assert_eq!(me(&lab, &cookie).await, StatusCode::OK);
    assert_eq!(call("GET", "/health/ready").to(&lab).await.status, StatusCode::OK);
    drop(lab.redis.take());
    for request in
        [call("GET", "/me").header(COOKIE.as_str(), &cookie), call("POST", "/auth/logout").by_page(&cookie)]
    {
        let start = Instant::now();
        let answer = request.to(&lab).await;
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
        assert_eq!((answer.status, answer.code()), (StatusCode::SERVICE_UNAVAILABLE, "store_unavailable"));
        assert_eq!(answer.headers[RETRY_AFTER], "1");
        assert_eq!(answer.set_cookie(), None);
        assert!(!answer.body.to_string().contains("127.0.0.1"));
    }
    assert_eq!(call("POST", "/auth/login").body(ann()).to(&lab).await.code(), "store_unavailable");
    let ready = call("GET", "/health/ready").to(&lab).await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_log_in_is_answered_though_the_session_that_came_along_cannot_be_ended_yet() {
    let Some(found) = private_redis().await else { return };
    let hand = Redis::connect_as_it_is(&found.url, RedisTimes::default()).await.unwrap();
    let lab = lab_on(Some(found)).await;
    let first = sign_up(&lab).await.cookie();
    let allow = async |rule: &str| {
        let command = redis::cmd("ACL").arg("SETUSER").arg("default").arg(rule).take();
        hand.query::<()>(&command).await.unwrap();
    };
    allow("-unlink").await;
    // By contrast, a logout fails: the user asked for the session to end, and must not be told that it ended when it
    // did not.
    let logout = call("POST", "/auth/logout").by_page(&first).to(&lab).await;
    assert_eq!((logout.status, logout.code()), (StatusCode::SERVICE_UNAVAILABLE, "store_unavailable"));
    let second = call("POST", "/auth/login").body(ann()).by_page(&first).to(&lab).await;
    assert_eq!(second.status, StatusCode::OK);
    assert_eq!(me(&lab, &second.cookie()).await, StatusCode::OK);

    allow("+unlink").await;
    let ended = tokio::time::timeout(Duration::from_secs(60), async {
        while me(&lab, &first).await != StatusCode::UNAUTHORIZED {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    ended.await.expect("the ending is finished later");
    assert_eq!(me(&lab, &second.cookie()).await, StatusCode::OK);
}

#[tokio::test]
async fn a_redis_cluster_is_refused_before_anything_is_asked_of_it() {
    let store: Store = "redis+cluster://ann:hunter2@127.0.0.1:1,127.0.0.1:2".parse().unwrap();
    let config = Config { store, ..Config::default() };
    let clock = Clock::system();
    let origins = Origins::new(&[], SocketAddr::from(([127, 0, 0, 1], 8080)), "session");
    let error = super::router(&config, clock, origins).await.unwrap_err().to_string();
    assert!(error.starts_with("the session lab cannot keep its sessions in a Redis Cluster"), "{error}");
    assert!(
        error.contains("(redis+cluster://127.0.0.1:1,127.0.0.1:2)") && !error.contains("hunter2"),
        "{error}"
    );
}
