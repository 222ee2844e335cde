//! The audit log: one line for each thing that happens to an account, and no line with anything in it that opens a door.

use std::time::Duration;

use http::{Method, StatusCode};
use kit::testing::KeptLog;
use serde_json::{Value, json};

use crate::server::{Answer, DAY, PASSWORD, Server, WINDOW};

const EMAIL: &str = "ann@example.test";
const WRONG: &str = "battery staple";

/// A server that somebody has signed up at, and its log.
struct Scene {
    log: KeptLog,
    server: Server,
    ann: Answer,
}

impl Scene {
    async fn set() -> Self {
        let (log, server) = (KeptLog::start(), Server::start().await);
        let ann = server.sign_up(EMAIL, "mobile").await;
        Self { log, server, ann }
    }

    /// With the lines so far thrown away.
    async fn later() -> Self {
        let scene = Self::set().await;
        scene.told(&[]);
        scene
    }

    /// The audit lines since the last call. The whole log since then is searched for what must not be there.
    fn told(&self, answers: &[&Answer]) -> Vec<Value> {
        let text = self.log.take();
        let mut secrets = vec![PASSWORD.to_owned(), WRONG.to_owned(), EMAIL.to_owned()];
        for answer in answers.iter().chain(&[&self.ann]) {
            let tokens = ["access_token", "refresh_token"].map(|name| answer.json[name].as_str());
            secrets.extend(tokens.into_iter().flatten().map(str::to_owned));
        }
        for secret in secrets {
            assert!(!text.contains(&secret), "the log holds `{secret}`: {text}");
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
    assert_eq!(scene.told(&[]), [scene.line("sign_up", json!({}))]);
    let again = scene.server.log_in(&[], "web").await;
    assert_eq!(scene.told(&[&again]), [line("log_in", &again, json!({}))]);
}

#[tokio::test]
async fn a_refused_log_in_is_told_alike_for_a_known_and_an_unknown_address() {
    let scene = Scene::later().await;
    for email in [EMAIL, "nobody@example.test"] {
        let body = json!({ "email": email, "password": WRONG });
        let refused = scene.server.post("/auth/login", &[], body).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        assert_eq!(scene.told(&[]), [json!({ "event": "log_in_refused", "address": "::" })]);
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
async fn a_refresh_after_log_out_is_told_as_ended_and_one_with_garbage_not_at_all() {
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
    assert_eq!(scene.told(&[]), Vec::<Value>::new());
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
    assert_eq!(scene.told(&[]), [scene.line("wrong_password", json!({}))]);
    let changed = scene.post("/auth/password", change(PASSWORD)).await;
    assert_eq!(changed.status, StatusCode::OK);
    assert_eq!(scene.told(&[&changed]), [line("password_changed", &changed, json!({}))]);
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
    assert_eq!(scene.told(&[]), [scene.line("password_throttled", json!({}))]);
    let refused =
        scene.server.post("/auth/login", &[], json!({ "email": EMAIL, "password": PASSWORD })).await;
    refused.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
    assert_eq!(scene.told(&[]), [json!({ "event": "log_in_throttled", "address": "::" })]);
    scene.server.clock.advance(Duration::from_secs(900));
    scene.server.log_in(&[], "mobile").await;
}

#[tokio::test]
async fn a_deletion_is_told() {
    let scene = Scene::later().await;
    let gone = scene.post("/auth/account/delete", json!({ "password": PASSWORD })).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    assert_eq!(scene.told(&[]), [scene.line("account_deleted", json!({}))]);
}
