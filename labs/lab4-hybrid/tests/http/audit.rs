//! Tests of the audit log: one line for each event of an account, and no line contains a secret.

use std::time::Duration;

use http::{Method, StatusCode};
use kit::config::{Limits, Variables};
use kit::testing::{KeptLog, private_redis};
use kit::{Config, Store};
use serde_json::{Value, json};

use crate::server::{Answer, DAY, PASSWORD, Server, WINDOW};

const EMAIL: &str = "ann@example.test";
const WRONG: &str = "battery staple";
const DEVICE_KEY: &str = "1=0123456789abcdef0123456789abcdef";
/// The names of the two addresses in the audit log, computed with that key.
const ANN: &str = "0f106ddec9022feca4ac0964";
const NOBODY: &str = "b25f04af19dd5320fe1e10ee";

/// A server with one account, and its log.
struct Scene {
    log: KeptLog,
    server: Server,
    ann: Answer,
}

impl Scene {
    async fn set() -> Self {
        Self::on(Store::Memory).await
    }

    async fn on(store: Store) -> Self {
        let limits = Limits { sessions_per_user: 3, ..Limits::default() };
        let device_keys = Some(DEVICE_KEY.parse().unwrap());
        let config = Config { store, device_keys, limits, ..Config::default() };
        let (log, server) = (KeptLog::start(), Server::configured(config).await);
        let ann = server.sign_up(EMAIL, "mobile").await;
        Self { log, server, ann }
    }

    /// A scene whose log is empty.
    async fn later() -> Self {
        let scene = Self::set().await;
        scene.told(&[]);
        scene
    }

    /// The audit lines since the last call. The whole log since then must not contain any secret.
    fn told(&self, answers: &[&Answer]) -> Vec<Value> {
        let text = self.log.take();
        let mut secrets = vec![PASSWORD.to_owned(), WRONG.to_owned(), EMAIL.to_owned()];
        for answer in answers.iter().chain(&[&self.ann]) {
            let tokens = ["access_token", "refresh_token"].map(|name| answer.json[name].as_str());
            secrets.extend(tokens.into_iter().flatten().map(str::to_owned));
        }
        for secret in secrets {
            assert!(!text.contains(&secret), "the log contains `{secret}`: {text}");
        }
        KeptLog::audit_lines(&text)
    }

    /// A line about Ann's first session.
    fn line(&self, event: &str, more: Value) -> Value {
        line(event, &self.ann, more)
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.server.post(path, &[("authorization", &self.ann.access())], body).await
    }
}

fn line(event: &str, session: &Answer, more: Value) -> Value {
    let mut line = json!({
        "event": event,
        "user": session.text("user_id"),
        "session": session.text("session_id"),
        "address": "::",
    });
    for (name, value) in more.as_object().unwrap() {
        line[name] = value.clone();
    }
    line
}

#[tokio::test]
async fn a_sign_up_and_a_log_in_are_told_with_the_sessions_that_they_open() {
    let scene = Scene::set().await;
    assert_eq!(scene.told(&[]), [scene.line("sign_up", json!({ "account": ANN }))]);
    let again = scene.server.log_in(&[], "web").await;
    assert_eq!(scene.told(&[&again]), [line("log_in", &again, json!({ "account": ANN }))]);
}

#[tokio::test]
async fn a_refused_log_in_is_told_alike_for_a_known_and_an_unknown_address() {
    let scene = Scene::later().await;
    for (email, account) in [(EMAIL, ANN), ("nobody@example.test", NOBODY)] {
        let body = json!({ "email": email, "password": WRONG });
        let refused = scene.server.post("/auth/login", &[], body).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        assert_eq!(
            scene.told(&[]),
            [json!({ "event": "log_in_refused", "account": account, "address": "::" })]
        );
    }
}

#[tokio::test]
async fn a_refresh_is_told_with_what_came_of_it() {
    let scene = Scene::later().await;
    let first = scene.ann.refresh_token();
    let refresh = |outcome: &str, generation: u32| {
        scene.line("refresh", json!({ "outcome": outcome, "generation": generation }))
    };
    let rotated = scene.server.refresh_app(&first).await;
    assert_eq!(scene.told(&[&rotated]), [refresh("rotated", 1)]);
    let replayed = scene.server.refresh_app(&first).await;
    assert_eq!(scene.told(&[&replayed]), [refresh("replayed", 1)]);
    let kept = scene.server.refresh_app(&rotated.refresh_token()).await;
    assert_eq!(scene.told(&[&kept]), [refresh("kept", 2)]);
    scene.server.clock.advance(14 * DAY);
    let expired = scene.server.refresh_app(&rotated.refresh_token()).await;
    expired.refused(StatusCode::UNAUTHORIZED, "refresh_expired");
    assert_eq!(scene.told(&[&rotated]), [refresh("expired", 2)]);
}

#[tokio::test]
async fn a_refresh_after_log_out_is_told_as_ended_and_one_with_garbage_as_nobodys() {
    let scene = Scene::later().await;
    scene.post("/auth/logout", Value::Null).await;
    assert_eq!(scene.told(&[]), [scene.line("log_out", json!({ "scope": "local" }))]);
    scene
        .server
        .refresh_app(&scene.ann.refresh_token())
        .await
        .refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    assert_eq!(scene.told(&[]), [scene.line("refresh", json!({ "outcome": "ended", "generation": 1 }))]);
    scene.server.refresh_app("garbage").await.refused(StatusCode::UNAUTHORIZED, "refresh_invalid");
    let reason = "not a refresh token of this server";
    assert_eq!(scene.told(&[]), [json!({ "event": "forged_token", "address": "::", "reason": reason })]);
}

#[tokio::test]
async fn a_reuse_is_told_once_with_user_and_session() {
    let scene = Scene::later().await;
    scene.server.clock.advance(WINDOW);
    let rotated = scene.server.refresh_app(&scene.ann.refresh_token()).await;
    scene.server.clock.advance(WINDOW);
    scene.told(&[&rotated]);
    let reused = scene.server.refresh_app(&scene.ann.refresh_token()).await;
    reused.refused(StatusCode::UNAUTHORIZED, "refresh_reused");
    assert_eq!(scene.told(&[&rotated]), [scene.line("refresh_reused", json!({ "generation": 1 }))]);
}

#[tokio::test]
async fn a_log_out_everywhere_is_told_with_its_scope() {
    let scene = Scene::later().await;
    let out = scene.post("/auth/logout", json!({ "scope": "global" })).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert_eq!(scene.told(&[]), [scene.line("log_out", json!({ "scope": "global" }))]);
}

#[tokio::test]
async fn a_log_out_that_shows_nothing_is_nobodys() {
    let scene = Scene::later().await;
    assert_eq!(scene.server.post("/auth/logout", &[], Value::Null).await.status, StatusCode::NO_CONTENT);
    assert_eq!(scene.told(&[]), [json!({ "event": "log_out", "address": "::", "scope": "local" })]);
}

#[tokio::test]
async fn the_end_of_another_session_is_told_with_that_sessions_name() {
    let scene = Scene::later().await;
    let other = scene.server.log_in(&[], "mobile").await;
    scene.told(&[&other]);
    let path = format!("/auth/sessions/{}", other.text("session_id"));
    let ended = scene
        .server
        .call(Method::DELETE, &path, &[("authorization", &scene.ann.access())], Value::Null)
        .await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    assert_eq!(scene.told(&[&other]), [line("session_ended", &other, json!({}))]);
}

#[tokio::test]
async fn a_new_password_is_told_with_the_session_that_it_opens_and_a_wrong_one_with_the_session_that_it_came_from()
 {
    let scene = Scene::later().await;
    let change =
        |current: &str| json!({ "current_password": current, "new_password": "another one of mine" });
    let refused = scene.post("/auth/password", change(WRONG)).await;
    refused.refused(StatusCode::FORBIDDEN, "wrong_password");
    assert_eq!(scene.told(&[]), [scene.line("wrong_password", json!({ "account": ANN }))]);
    let changed = scene.post("/auth/password", change(PASSWORD)).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert_eq!(scene.told(&[&changed]), [line("password_changed", &changed, json!({ "account": ANN }))]);
}

#[tokio::test]
async fn too_many_wrong_passwords_are_told_as_such_and_after_a_while_it_is_looked_at_again() {
    let scene = Scene::later().await;
    let wrong = json!({ "password": WRONG });
    for _ in 0..10 {
        scene
            .post("/auth/account/delete", wrong.clone())
            .await
            .refused(StatusCode::FORBIDDEN, "wrong_password");
    }
    scene.told(&[]);
    scene.post("/auth/account/delete", wrong).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
    assert_eq!(scene.told(&[]), [scene.line("password_throttled", json!({ "account": ANN }))]);
    let refused =
        scene.server.post("/auth/login", &[], json!({ "email": EMAIL, "password": PASSWORD })).await;
    refused.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
    assert_eq!(scene.told(&[]), [json!({ "event": "log_in_throttled", "account": ANN, "address": "::" })]);
    scene.server.clock.advance(Duration::from_secs(900));
    scene.server.log_in(&[], "mobile").await;
}

#[tokio::test]
async fn a_deletion_is_told() {
    let scene = Scene::later().await;
    let gone = scene.post("/auth/account/delete", json!({ "password": PASSWORD })).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(scene.told(&[]), [scene.line("account_deleted", json!({ "account": ANN }))]);
}

#[tokio::test]
async fn a_forged_access_token_is_told_and_one_that_has_expired_is_not() {
    let scene = Scene::later().await;
    let access = scene.ann.access();
    let (signed, signature) = access.rsplit_once('.').unwrap();
    let first = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{signed}.{first}{}", &signature[1..]);
    scene.server.me(&forged).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    let line = |reason: &str| json!({ "event": "forged_token", "address": "::", "reason": reason });
    assert_eq!(scene.told(&[]), [line("the signature does not match")]);
    scene.server.me("Bearer undefined").await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    assert_eq!(scene.told(&[]), [line("the header does not match any that this server issues")]);
    scene.server.clock.advance(DAY);
    scene.server.me(&access).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    assert_eq!(scene.told(&[]), Vec::<Value>::new());
}

#[tokio::test]
async fn tokens_of_a_removed_key_are_told_with_its_number() {
    const OLD: &str = "1=0123456789abcdefghijklmnopqrstuv";
    const NEW: &str = "2=vutsrqponmlkjihgfedcba9876543210";
    let server = async |keys: &str| {
        let access_keys = Some(keys.parse().unwrap());
        let variables = Variables::of(&[("AUTHLAB_REFRESH_KEYS", &keys.replace('=', "=refresh-"))]);
        Server::configured(Config { access_keys, variables, ..Config::default() }).await
    };
    let (log, ann) = (KeptLog::start(), server(OLD).await.sign_up(EMAIL, "mobile").await);
    let line = json!({ "event": "unknown_key", "address": "::", "key": 1 });
    for (keys, expected) in [(NEW.to_owned(), vec![line]), (format!("{NEW},{OLD}"), vec![])] {
        let server = server(&keys).await;
        log.take();
        server.me(&ann.access()).await;
        assert_eq!(KeptLog::audit_lines(&log.take()), expected);
        server.refresh_app(&ann.refresh_token()).await;
        let told = KeptLog::audit_lines(&log.take());
        let of_keys: Vec<_> = told.into_iter().filter(|line| line["event"] == "unknown_key").collect();
        assert_eq!(of_keys, expected);
    }
}

/// An outage must not hide that the password was right: the attacker may have used it.
#[tokio::test]
async fn a_right_password_while_the_store_is_away_is_told_with_the_account() {
    let Some(redis) = private_redis().await else { return };
    let scene = Scene::on(Store::Redis(redis.url.clone())).await;
    scene.told(&[]);
    drop(redis);
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let answer = scene.server.post("/auth/login", &[], body).await;
    answer.refused(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable");
    let user = scene.ann.text("user_id");
    let line = json!({ "event": "log_in_unserved", "user": user, "account": ANN, "address": "::" });
    assert_eq!(scene.told(&[]), [line]);
}

#[tokio::test]
async fn a_session_that_has_to_make_room_for_a_new_one_is_told_in_memory_and_in_redis() {
    let redis = private_redis().await;
    let on_redis = redis.as_ref().map(|redis| Store::Redis(redis.url.clone()));
    for store in [Some(Store::Memory), on_redis].into_iter().flatten() {
        let scene = Scene::on(store).await;
        for _ in 0..2 {
            scene.server.log_in(&[], "mobile").await;
        }
        scene.told(&[]);
        let fourth = scene.server.log_in(&[], "mobile").await;
        let (user, session) = (scene.ann.text("user_id"), scene.ann.text("session_id"));
        let evicted = json!({ "event": "session_evicted", "user": user, "session": session });
        let opened = line("log_in", &fourth, json!({ "account": ANN }));
        assert_eq!(scene.told(&[&fourth]), [evicted, opened]);
    }
}
