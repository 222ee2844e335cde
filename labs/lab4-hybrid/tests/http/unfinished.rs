//! Changes of an account that succeed although Redis refuses writes: the response says that the change is done, and the
//! server finishes it later. Meanwhile the account's row is authoritative wherever this scheme asks a store.

use std::time::{Duration, Instant};

use http::StatusCode;
use http::header::RETRY_AFTER;
use kit::config::{AccountsAt, Variables};
use kit::redis::discovery::Found;
use kit::testing::{KeptLog, private_redis};
use kit::{Config, Store};
use redis::aio::MultiplexedConnection;
use redis::cmd;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Answer, PASSWORD, Server};

const NEW_PASSWORD: &str = "another horse battery";

struct Scene {
    server: Server,
    log: KeptLog,
    redis: Found,
    folder: TempDir,
    admin: MultiplexedConnection,
}

async fn server(redis: &Found, folder: &TempDir) -> Server {
    let accounts = AccountsAt::File(folder.path().join("accounts.sqlite"));
    let access_keys = Some("1=0123456789abcdef0123456789abcdef".parse().unwrap());
    let variables = Variables::of(&[("AUTHLAB_REFRESH_KEYS", "1=fedcba9876543210fedcba9876543210")]);
    let store = Store::Redis(redis.url.clone());
    Server::configured(Config { store, accounts, access_keys, variables, ..Config::default() }).await
}

impl Scene {
    async fn set() -> Option<Self> {
        let redis = private_redis().await?;
        let (log, folder) = (KeptLog::start(), tempfile::tempdir().unwrap());
        let client = redis::Client::open(redis.url.as_str()).unwrap();
        let admin = client.get_multiplexed_async_connection().await.unwrap();
        let server = server(&redis, &folder).await;
        Some(Self { server, log, redis, folder, admin })
    }

    /// Makes the primary refuse writes, as if it had lost its replicas. Reads still work.
    async fn redis_refuses(&mut self, refuses: bool) {
        let mut config = cmd("CONFIG");
        config.arg("SET").arg("min-replicas-to-write").arg(u8::from(refuses));
        config.exec_async(&mut self.admin).await.unwrap();
    }

    async fn epoch_in_redis(&mut self, user: &str) -> Option<String> {
        let user = user.replace('-', "");
        let keys: Vec<String> = cmd("KEYS").arg("auth:*:epoch").query_async(&mut self.admin).await.unwrap();
        let key = keys.into_iter().find(|key| key.replace('-', "").contains(&user))?;
        cmd("GET").arg(key).query_async(&mut self.admin).await.unwrap()
    }

    /// Waits until Redis has this epoch. No request is sent, so the server must have done it by itself.
    async fn until_redis_knows(&mut self, user: &str, epoch: &str) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.epoch_in_redis(user).await.as_deref() != Some(epoch) {
            assert!(Instant::now() < deadline, "the ending was not finished");
            tokio::task::yield_now().await;
        }
    }

    fn events(&self) -> Vec<String> {
        let lines = KeptLog::audit_lines(&self.log.take());
        lines.iter().map(|line| line["event"].as_str().unwrap().to_owned()).collect()
    }

    async fn change_password(&self, access: &str) -> Answer {
        let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
        self.server.post("/auth/password", &[("authorization", access)], change).await
    }
}

fn assert_without_credential(answer: &Answer, status: StatusCode) {
    assert_eq!(answer.status, status, "{}", answer.json);
    assert_eq!(answer.json["log_in"], "required");
    assert_eq!((answer.json.get("access_token"), answer.set_cookie()), (None, None));
    assert_eq!(answer.headers[RETRY_AFTER], "1");
}

#[tokio::test]
async fn a_sign_up_whose_session_cannot_be_made_is_a_sign_up_and_the_person_logs_in_when_redis_writes_again()
{
    let Some(mut scene) = Scene::set().await else { return };
    scene.redis_refuses(true).await;
    let body = json!({"email": "ann@example.test", "password": PASSWORD, "client": "web"});
    let made = scene.server.post("/auth/signup", &[], body).await;
    assert_without_credential(&made, StatusCode::CREATED);
    assert_eq!(scene.events(), ["sign_up"]);
    scene.redis_refuses(false).await;
    let back = scene.server.log_in(&[], "mobile").await;
    assert_eq!(back.text("user_id"), made.text("user_id"));
    assert!(scene.server.sign_up("ben@example.test", "mobile").await.json.get("log_in").is_none());
}

#[tokio::test]
async fn a_new_password_that_redis_does_not_hear_of_ends_every_session_where_the_row_is_asked() {
    let Some(mut scene) = Scene::set().await else { return };
    let app = scene.server.sign_up("ann@example.test", "mobile").await;
    let page = scene.server.log_in(&[], "web").await;
    scene.events();
    scene.redis_refuses(true).await;
    assert_eq!(scene.server.sessions(&app.access()).await.status, StatusCode::OK, "it still answers");
    let changed = scene.change_password(&app.access()).await;
    assert_without_credential(&changed, StatusCode::OK);
    assert_eq!(scene.events(), ["ending_unfinished", "password_changed"]);
    for access in [app.access(), page.access()] {
        scene.server.sessions(&access).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    }

    // Whether or not Redis has been told by now, each refresh sends the row's epoch.
    scene.redis_refuses(false).await;
    scene.server.refresh_app(&app.refresh_token()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    scene.server.refresh_page(&page.cookie()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
    scene.until_redis_knows(&app.text("user_id"), "1").await;
    let body = json!({"email": "ann@example.test", "password": NEW_PASSWORD});
    let back = scene.server.post("/auth/login", &[], body).await;
    assert_eq!(scene.server.refresh_app(&back.refresh_token()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn logging_out_everywhere_and_deletion_are_done_although_redis_does_not_write() {
    let Some(mut scene) = Scene::set().await else { return };
    let app = scene.server.sign_up("ann@example.test", "mobile").await;
    scene.redis_refuses(true).await;
    let everywhere = json!({"scope": "global"});
    let out = scene.server.post("/auth/logout", &[("authorization", &app.access())], everywhere).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert_eq!(scene.events()[1..], ["ending_unfinished", "log_out"]);
    scene.redis_refuses(false).await;
    scene.server.refresh_app(&app.refresh_token()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");

    let back = scene.server.log_in(&[], "mobile").await;
    scene.redis_refuses(true).await;
    scene.events();
    let access = back.access();
    let deletion = json!({"password": PASSWORD});
    let gone = scene.server.post("/auth/account/delete", &[("authorization", &access)], deletion).await;
    assert_eq!((gone.status, gone.json), (StatusCode::NO_CONTENT, Value::Null));
    assert_eq!(scene.events(), ["ending_unfinished", "account_deleted"]);
    scene.server.sessions(&access).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
    scene.server.refresh_app(&back.refresh_token()).await.refused(StatusCode::UNAUTHORIZED, "refresh_ended");
}

#[tokio::test]
async fn a_server_that_starts_with_an_unfinished_ending_finishes_it() {
    let Some(mut scene) = Scene::set().await else { return };
    let app = scene.server.sign_up("ann@example.test", "mobile").await;
    scene.redis_refuses(true).await;
    assert_eq!(scene.change_password(&app.access()).await.status, StatusCode::OK);
    scene.server = server(&scene.redis, &scene.folder).await;
    assert_eq!(scene.epoch_in_redis(&app.text("user_id")).await, None);
    scene.redis_refuses(false).await;
    scene.until_redis_knows(&app.text("user_id"), "1").await;
    scene.server.sessions(&app.access()).await.refused(StatusCode::UNAUTHORIZED, "invalid_token");
}
