//! Tests of `authlab store accept`: what it refuses to do, and that running servers believe the store afterwards.

use std::time::{Duration, Instant};

use kit::testing::DurableRedis;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::program::{Ended, Serving, run, run_with};

const PATIENCE: Duration = Duration::from_secs(20);

fn refused(ended: &Ended, says: &str) {
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains(says), "{ended:?}");
}

#[test]
fn what_cannot_be_accepted_is_refused_with_a_sentence_and_nothing_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("accounts.sqlite");
    let at = missing.to_str().unwrap();
    refused(
        &run(&["store", "accept", "--store", "redis://127.0.0.1:1"]),
        "accounts in memory end with their server",
    );
    refused(&run(&["store", "accept", "--accounts", at]), "sessions in memory have no marker");
    refused(
        &run(&["store", "accept", "--accounts", at, "--store", "redis://127.0.0.1:1"]),
        "there is no accounts' file",
    );
    assert!(!missing.exists());
    let ended = run_with(&[("AUTHLAB_STORE_LOSS", "1")], &["serve", "hybrid"]);
    refused(&ended, "AUTHLAB_STORE_LOSS");
}

#[tokio::test(flavor = "multi_thread")]
async fn running_servers_refuse_an_emptied_store_until_it_is_accepted() {
    let Some(mut redis) = DurableRedis::start().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let (accounts, url) = (folder.path().join("accounts.sqlite"), redis.url());
    let at = ["--accounts", accounts.to_str().unwrap(), "--store", &url];
    let server = Serving::start(&[], &[&["hybrid"], &at[..]].concat());
    let http = reqwest::Client::new();
    let ann = json!({ "email": "ann@example.test", "password": "correct horse battery staple" });
    let sent = |path: &str, body: &Value| http.post(format!("{}{path}", server.url)).json(body).send();
    let signed_up: Value = sent("/auth/signup", &ann).await.unwrap().json().await.unwrap();
    let refresh = json!({ "refresh_token": signed_up["refresh_token"] });
    let accept = |more: &[&str]| run(&[&["store", "accept", "--json"], &at[..], more].concat());
    refused(&accept(&[]), "nothing to accept");

    redis.lose_everything().await;
    let until_refresh_is = async |status: StatusCode| {
        let start = Instant::now();
        loop {
            let answer = sent("/auth/refresh", &refresh).await.unwrap();
            if answer.status() == status {
                return;
            }
            assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
            assert!(start.elapsed() < PATIENCE);
        }
    };
    until_refresh_is(StatusCode::SERVICE_UNAVAILABLE).await;
    let ended = accept(&[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let told: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(told, json!({ "accounts": 1, "removed": 0 }));
    until_refresh_is(StatusCode::UNAUTHORIZED).await;
    assert_eq!(sent("/auth/login", &ann).await.unwrap().status(), StatusCode::OK);
    // A second time it needs `--force`, because it would log all users out.
    refused(&accept(&[]), "nothing to accept");
    let forced: Value = serde_json::from_str(&accept(&["--force"]).stdout).unwrap();
    assert_eq!(forced["accounts"], 1);
}
