//! Tests that failures of strangers do not lock out the owner of a live session.

use http::StatusCode;
use kit::Config;
use kit::config::LogInLimits;
use serde_json::json;

use crate::server::{Answer, PASSWORD, Server};

const WRONG: &str = "incorrect horse battery";
const NEW: &str = "correct horse battery staple";

async fn change(server: &Server, held: &Answer, current: &str) -> Answer {
    let body = json!({ "current_password": current, "new_password": NEW });
    server.post("/auth/password", &[("authorization", &held.access())], body).await
}

async fn guess(server: &Server, password: &str) -> StatusCode {
    let body = json!({ "email": "ann@example.test", "password": password });
    server.post("/auth/login", &[], body).await.status
}

#[tokio::test]
async fn a_live_session_changes_the_password_and_deletes_the_account_whatever_strangers_tried() {
    let server = Server::start().await;
    let ann = server.sign_up("ann@example.test", "mobile").await;
    for _ in 0..10 {
        assert_eq!(guess(&server, WRONG).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(guess(&server, PASSWORD).await, StatusCode::TOO_MANY_REQUESTS);
    let changed = change(&server, &ann, PASSWORD).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.json);
    for _ in 0..10 {
        guess(&server, WRONG).await;
    }
    assert_eq!(guess(&server, NEW).await, StatusCode::TOO_MANY_REQUESTS);
    let body = json!({ "password": NEW });
    let deleted = server.post("/auth/account/delete", &[("authorization", &changed.access())], body).await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT, "{}", deleted.json);
}

#[tokio::test]
async fn a_copied_session_has_few_guesses_and_another_session_of_the_owner_is_not_held_up_by_them() {
    let log_in = LogInLimits { failures_per_session: 3, ..LogInLimits::default() };
    let server = Server::configured(Config { log_in, ..Config::default() }).await;
    let copied = server.sign_up("ann@example.test", "mobile").await;
    let own = server.log_in(&[], "mobile").await;
    for _ in 0..3 {
        change(&server, &copied, WRONG).await.refused(StatusCode::FORBIDDEN, "wrong_password");
    }
    change(&server, &copied, PASSWORD).await.refused(StatusCode::TOO_MANY_REQUESTS, "throttled");
    assert_eq!(change(&server, &own, PASSWORD).await.status, StatusCode::OK);
}
