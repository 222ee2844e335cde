//! Tests of a page at one origin with its API at a sibling domain. They are the same site, so the browser sends the
//! cookie, and CORS decides.

use kit::Config;
use serde_json::{Value, json};

use crate::stage::{ACCESS, PASSWORD, Stage};

const ANN: &str = "ann@example.test";

/// Two tabs of a page at `host`, whose API allows `app.lab.localhost`.
async fn page_at(host: &str) -> Option<Stage> {
    let mut stage = Stage::empty(Config::default(), &["api.lab.localhost", "app.lab.localhost"]).await?;
    let api = stage.origins[0].clone();
    let page = format!("{}/page?api={api}", api.replace("api.lab.localhost", host));
    stage.open_tab(&page);
    stage.open_tab(&page);
    Some(stage)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listed_sibling_stays_logged_in_in_all_its_tabs() {
    let Some(mut stage) = page_at("app.lab.localhost").await else { return };
    stage.sign_up(0, ANN);
    assert_eq!(stage.who_is_in(), [ANN; 2]);
    stage.clock.advance(ACCESS);
    for tab in stage.tabs() {
        stage.begin(tab, "me", "me()");
    }
    for tab in stage.tabs() {
        assert_eq!(stage.came_of(tab, "me"), ANN);
    }
    stage.reload(1);
    assert_eq!(stage.does(1, "client.restore()")["status"], "in");
    assert_eq!(stage.sessions(), 1);
    assert_eq!(stage.does(1, "client.logOut()"), Value::Null);
    stage.everywhere("client.state.status === 'out'");
    assert_eq!(stage.who_is_in(), [401; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unlisted_sibling_gets_no_answer_and_logs_nobody_in() {
    let Some(mut stage) = page_at("blog.lab.localhost").await else { return };
    let sign_up = format!("client.signUp('ann@example.test', {})", json!(PASSWORD));
    assert_eq!(stage.does(0, &sign_up), json!({ "error": "no_answer", "status": 0 }));
    assert_eq!(stage.does(0, "Promise.resolve(client.state.status)"), "unknown");
}
