//! Tests of `/auth/sessions`: listing the sessions of an account, and logging one of them out.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::server::{Answer, Server};

#[tokio::test]
async fn the_list_of_sessions_names_each_device_and_the_presenting_one() {
    let server = Server::start().await;
    let here = server.sign_up("ann@example.test", "web").await;
    server.clock.advance(Duration::from_secs(60));
    let there = server.log_in(&[], "mobile").await;
    let listed = server.sessions(&here.access()).await.json;
    let column = |name: &str| listed.as_array().unwrap().iter().map(|l| l[name].clone()).collect::<Vec<_>>();
    assert_eq!(column("session_id"), [there.json["session_id"].clone(), here.json["session_id"].clone()]);
    assert_eq!(column("current"), [json!(false), json!(true)]);
    assert_eq!(column("client"), [json!("mobile"), json!("web")]);
    assert_eq!(column("device"), [json!("Ann's"), Value::Null]);
    let seconds = |name: &str| listed[0][name].as_u64().unwrap();
    assert_eq!(seconds("expires_at") - seconds("created_at"), 1_209_600);
    assert_eq!(seconds("last_seen_at"), seconds("created_at"));
}

#[tokio::test]
async fn a_device_is_logged_out_from_another_and_nobody_elses_is() {
    let server = Server::start().await;
    let here = server.sign_up("ann@example.test", "mobile").await;
    let there = server.log_in(&[], "mobile").await;
    let mallory = server.sign_up("mallory@example.test", "mobile").await;
    let end = async |id: &str, by: &Answer| {
        let path = format!("/auth/sessions/{id}");
        server.call(Method::DELETE, &path, &[("authorization", &by.access())], Value::Null).await
    };
    let (id, unknown) = (there.text("session_id"), uuid::Uuid::now_v7().to_string());
    for (id, by) in [(id.as_str(), &mallory), ("no-id-at-all", &here), ("%ff", &here), (&unknown, &here)] {
        end(id, by).await.refused(StatusCode::NOT_FOUND, "not_found");
    }
    assert_eq!(end(&id, &here).await.status, StatusCode::NO_CONTENT);
    end(&id, &here).await.refused(StatusCode::NOT_FOUND, "not_found");
    server.refresh_app(&there.refresh_token()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    end(&id, &there).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
}
