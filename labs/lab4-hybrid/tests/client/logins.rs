//! Tests of logins, logouts and password changes in one tab while other tabs do something else.

use serde_json::{Value, json};

use crate::network::{Fate, What};
use crate::stage::{ACCESS, PASSWORD, Stage};

const ANN: &str = "ann@example.test";
const BOB: &str = "bob@example.test";

fn logs_in(email: &str) -> String {
    format!("client.logIn({}, {})", json!(email), json!(PASSWORD))
}

/// The response to a tab's refresh is late, and meanwhile a user logs in in the other tab.
async fn a_login_meets_a_late_refresh(without: &str) -> Option<Stage> {
    let mut stage = Stage::with(2, without, kit::Config::default()).await?;
    stage.sign_up(0, ANN);
    stage.clock.advance(ACCESS);
    stage.network.next("/auth/refresh", &[Fate::Late]);
    stage.begin(0, "late", "me()");
    stage.network.until("/auth/refresh", What::Answered(200));
    stage.begin(1, "login", &logs_in(ANN));
    if without.is_empty() {
        while stage.does(1, "navigator.locks.query().then(({ pending }) => pending.length)") != 1 {}
    } else {
        stage.network.until("/auth/login", What::Over);
    }
    stage.network.release();
    assert_eq!(stage.came_of(1, "login")["status"], "in");
    stage.came_of(0, "late");
    Some(stage)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_waits_for_another_tabs_late_refresh_so_that_its_cookie_is_the_last() {
    let Some(mut stage) = a_login_meets_a_late_refresh("").await else { return };
    assert!(!stage.network.raced(), "{:#?}", stage.network.seen());
    stage.clock.advance(ACCESS);
    assert_eq!(stage.who_is_in(), [ANN, ANN]);
    assert_eq!(stage.sessions(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_web_locks_the_same_login_overtakes_the_refresh() {
    let Some(stage) = a_login_meets_a_late_refresh("locks").await else { return };
    assert!(stage.network.raced());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_gets_no_answer_holds_up_a_login_only_until_its_time_is_over() {
    let Some(mut stage) = Stage::new(2).await else { return };
    stage.sign_up(0, ANN);
    stage.tab(0).eval("window.client = new AuthClient({ timeoutMs: 500, attempts: 1 })");
    stage.network.next("/auth/refresh", &[Fate::Late]);
    stage.begin(0, "late", "client.token()");
    stage.network.until("/auth/refresh", What::Answered(200));
    assert_eq!(stage.does(1, &logs_in(ANN))["status"], "in");
    assert_eq!(stage.came_of(0, "late")["error"], "no_answer");
    stage.network.release(); // the client ignores this late response
    stage.clock.advance(ACCESS);
    assert_eq!(stage.who_is_in(), [ANN, ANN]);
    assert_eq!(stage.sessions(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_as_somebody_else_is_one_in_every_tab_and_no_request_changes_hands() {
    let Some(mut stage) = Stage::new(2).await else { return };
    stage.sign_up(1, BOB);
    stage.sign_up(0, ANN);
    stage.clock.advance(ACCESS);
    stage.network.next("/me", &[Fate::Late]);
    stage.begin(0, "ann's", "me()");
    stage.network.until("/me", What::Answered(401));
    assert_eq!(stage.does(1, &logs_in(BOB))["status"], "in");
    let bob = stage.does(1, "Promise.resolve(client.state)");
    stage.everywhere(&format!("client.state.userId === {}", bob["userId"]));
    stage.network.release();
    assert_eq!(stage.came_of(0, "ann's"), 401, "Ann's request was not sent again as Bob");
    assert_eq!(stage.network.count("/me"), 1);
    let heard = stage.tab(0).eval("heard.at(-1)");
    assert_eq!(
        heard,
        json!({ "status": "in", "userId": bob["userId"], "sessionId": bob["sessionId"], "reason": "login" })
    );
    assert_eq!(stage.who_is_in(), [BOB, BOB]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_in_one_tab_is_one_in_all_and_the_session_is_over() {
    let Some(mut stage) = Stage::new(8).await else { return };
    stage.sign_up(0, ANN);
    assert_eq!(stage.who_is_in(), [ANN; 8]);
    assert_eq!(stage.does(3, "client.logOut()"), Value::Null);
    stage.everywhere("client.state.status === 'out' && heard.at(-1).reason === 'logout'");
    assert_eq!(stage.who_is_in(), [401; 8]);
    stage.reload(0);
    assert_eq!(stage.does(0, "client.restore()")["status"], "out");
    assert_eq!(stage.does(5, &logs_in(ANN))["status"], "in");
    stage.everywhere("client.state.status === 'in'");
    assert_eq!(stage.who_is_in(), [ANN; 8]);
    assert_eq!(stage.sessions(), 1, "the session of before was ended on the server, too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_of_the_others_leaves_this_browser_in_and_one_of_all_does_not() {
    let Some(mut stage) = Stage::new(2).await else { return };
    stage.sign_up(0, ANN);
    stage.clock.advance(ACCESS);
    assert_eq!(stage.does(0, "client.logOut({ scope: 'others' })"), Value::Null);
    assert_eq!(stage.who_is_in(), [ANN; 2]);
    assert_eq!(stage.does(1, "client.logOut({ scope: 'global' })"), Value::Null);
    stage.everywhere("client.state.status === 'out'");
    assert_eq!(stage.who_is_in(), [401; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_gives_every_tab_the_new_session() {
    let Some(mut stage) = Stage::new(2).await else { return };
    stage.sign_up(0, ANN);
    stage.clock.advance(ACCESS); // the access token for the change has expired, too
    stage.network.next("/auth/refresh", &[Fate::Late]);
    stage.begin(0, "late", "me()");
    stage.network.until("/auth/refresh", What::Answered(200));
    let change = format!("client.changePassword({}, 'another horse battery staple')", json!(PASSWORD));
    stage.begin(1, "change", &change);
    stage.network.release();
    let changed = stage.came_of(1, "change");
    assert_eq!(changed["status"], "in", "{changed}");
    stage.everywhere(&format!("client.state.sessionId === {}", changed["sessionId"]));
    assert!(!stage.network.raced());
    stage.clock.advance(ACCESS);
    assert_eq!(stage.who_is_in(), [ANN; 2]);
    assert_eq!(stage.sessions(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_account_is_out_in_every_tab() {
    let Some(mut stage) = Stage::new(2).await else { return };
    stage.sign_up(0, ANN);
    assert_eq!(stage.does(0, "client.deleteAccount('not her password')")["error"], "wrong_password");
    assert_eq!(stage.who_is_in(), [ANN; 2]);
    assert_eq!(stage.does(0, &format!("client.deleteAccount({})", json!(PASSWORD))), Value::Null);
    stage.everywhere("client.state.status === 'out' && heard.at(-1).reason === 'deleted'");
}
