//! Tests of servers and stores that are down: a 503 logs no user out; only a 401 to a refresh does.

use kit::config::{AccountsAt, Variables};
use kit::testing::private_redis;
use kit::{Config, Store};
use serde_json::json;

use crate::network::Fate;
use crate::stage::{ACCESS, Stage};

const ANN: &str = "ann@example.test";

#[tokio::test(flavor = "multi_thread")]
async fn a_503_to_a_refresh_is_tried_again_when_the_server_says_and_logs_nobody_out() {
    let Some(mut stage) = Stage::new(8).await else { return };
    stage.sign_up(0, ANN);
    stage.clock.advance(ACCESS);
    stage.network.next("/auth/refresh", &[Fate::Unavailable; 4]);
    let began = std::time::Instant::now();
    assert_eq!(stage.does(0, "me()"), json!({ "error": "store_unavailable", "status": 503 }));
    assert!(began.elapsed().as_secs() >= 3, "three pauses of at least the second in Retry-After");
    stage.everywhere("client.state.status === 'in'");
    stage.network.next("/auth/refresh", &[Fate::Unavailable]);
    assert_eq!(stage.who_is_in(), [ANN; 8]);
    assert_eq!(stage.sessions(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_401_to_a_refresh_ends_the_login_in_every_tab_and_says_why() {
    let Some(mut stage) = Stage::new(2).await else { return };
    stage.sign_up(0, ANN);
    // Without cookies, as another device would send it: this browser's cookies stay as they are.
    let end = "client.fetch('/auth/sessions/' + client.state.sessionId, { method: 'DELETE', credentials: 'omit' }).then(answer => answer.status)";
    assert_eq!(stage.does(0, end), 204);
    stage.everywhere("client.state.status === 'in'");
    stage.clock.advance(ACCESS);
    assert_eq!(stage.does(1, "me()"), 401);
    stage.everywhere("client.state.status === 'out' && heard.at(-1).reason === 'refresh_ended'");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_401_of_a_gateway_logs_nobody_out() {
    let Some(mut stage) = Stage::new(2).await else { return };
    stage.sign_up(0, ANN);
    stage.clock.advance(ACCESS);
    stage.network.next("/auth/refresh", &[Fate::Gateway]);
    assert_eq!(stage.does(0, "me()"), json!({ "error": "unreadable", "status": 401 }));
    stage.everywhere("client.state.status === 'in'");
    assert_eq!(stage.who_is_in(), [ANN; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_server_logs_no_tab_out() {
    let Some(redis) = private_redis().await else { return };
    let folder = tempfile::tempdir().unwrap();
    let config = Config {
        store: Store::Redis(redis.url.clone()),
        accounts: AccountsAt::File(folder.path().join("accounts.sqlite")),
        access_keys: Some("1=an-access-key-of-more-than-thirty-two-bytes".parse().unwrap()),
        variables: Variables::of(&[(
            "AUTHLAB_REFRESH_KEYS",
            "1=a-refresh-key-of-more-than-thirty-two-bytes",
        )]),
        ..Config::default()
    };
    let Some(mut stage) = Stage::with(8, "", config).await else { return };
    stage.sign_up(0, ANN);
    stage.stop_server();
    for tab in stage.tabs() {
        stage.tab(tab).eval("(now => { Date.now = () => now() + 901e3; })(Date.now)");
        stage.begin(tab, "away", "client.token()");
    }
    for tab in stage.tabs() {
        assert_eq!(stage.came_of(tab, "away"), json!({ "error": "no_answer", "status": 0 }));
    }
    stage.start_server().await;
    stage.clock.advance(ACCESS);
    assert_eq!(stage.who_is_in(), [ANN; 8]);
    assert_eq!(stage.sessions(), 1);
}
