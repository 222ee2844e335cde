//! Tests of responses that never arrive: with the stored key, the next attempt is the same exchange, whichever tab
//! makes it.

use serde_json::json;

use crate::network::{Fate, What};
use crate::stage::{ACCESS, Stage, WINDOW};

const ANN: &str = "ann@example.test";

/// A tab is reloaded before the response to its refresh arrives, and refreshes again after the window. Returns the
/// stage and the idempotency keys of the two refreshes.
async fn reloaded_in_the_middle(without: &str) -> Option<(Stage, Vec<String>)> {
    let mut stage = Stage::with(1, without, kit::Config::default()).await?;
    stage.sign_up(0, ANN);
    stage.clock.advance(ACCESS);
    stage.network.next("/auth/refresh", &[Fate::Late]);
    stage.begin(0, "lost", "me()");
    stage.network.until("/auth/refresh", What::Answered(200));
    stage.clock.advance(WINDOW);
    stage.reload(0);
    stage.does(0, "client.restore()");
    let keys = stage.network.keys();
    Some((stage, keys))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_in_the_middle_of_a_refresh_repeats_it_by_its_key_after_the_window() {
    let Some((mut stage, keys)) = reloaded_in_the_middle("").await else { return };
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1], "the reloaded page found the key");
    assert_eq!(stage.does(0, "me()"), ANN);
    assert_eq!(stage.sessions(), 1);
}

/// This test does not check the server's response: with a key that the server has not seen, the request looks like a
/// thief's.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_stored_key_the_same_reload_asks_as_a_stranger() {
    let Some((_stage, keys)) = reloaded_in_the_middle("key").await else { return };
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0], keys[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_tab_could_not_finish_another_tab_finishes_with_the_same_key() {
    let Some(mut stage) = Stage::new(2).await else { return };
    stage.sign_up(0, ANN);
    stage.clock.advance(ACCESS);
    stage.network.next("/auth/refresh", &[Fate::LostAnswer; 4]);
    assert_eq!(stage.does(0, "me()"), json!({ "error": "no_answer", "status": 0 }));
    assert_eq!(stage.does(0, "Promise.resolve(client.state.status)"), "in", "no answer logs nobody out");
    stage.clock.advance(WINDOW);
    assert_eq!(stage.does(1, "me()"), ANN);
    let keys = stage.network.keys();
    assert_eq!((keys.len(), keys.iter().all(|key| *key == keys[0])), (5, true), "{keys:?}");
    stage.clock.advance(ACCESS);
    assert_eq!(stage.who_is_in(), [ANN, ANN]);
    assert_ne!(
        stage.network.keys().pop(),
        keys.into_iter().next(),
        "an answered exchange's key is not used again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_that_came_without_its_body_begins_a_new_exchange() {
    let Some(mut stage) = Stage::new(1).await else { return };
    stage.sign_up(0, ANN);
    stage.clock.advance(ACCESS);
    stage.network.next("/auth/refresh", &[Fate::LostBody]);
    assert_eq!(stage.does(0, "me()"), ANN);
    let keys = stage.network.keys();
    assert_eq!((keys.len(), keys[0] == keys[1]), (2, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_whose_body_is_lost_is_a_login_all_the_same() {
    let Some(mut stage) = Stage::new(2).await else { return };
    stage.network.next("/auth/signup", &[Fate::LostBody]);
    stage.sign_up(0, ANN);
    assert_eq!(stage.who_is_in(), [ANN, ANN]);
    assert_eq!(stage.sessions(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_logout_whose_answer_is_lost_is_sent_again() {
    let Some(mut stage) = Stage::new(2).await else { return };
    stage.sign_up(0, ANN);
    stage.network.next("/auth/logout", &[Fate::LostAnswer, Fate::LostRequest]);
    assert_eq!(stage.does(0, "client.logOut()"), json!(null));
    assert_eq!(stage.network.count("/auth/logout"), 3);
    stage.everywhere("client.state.status === 'out'");
}

/// A tab that crashes between the arrival of the cookie and the next line of its script leaves the key of a completed
/// exchange behind. The server knows that this exchange is done, so the key gets the current token and starts no
/// rotation that could not be repeated.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_outlived_its_answer_logs_nobody_out() {
    let Some(mut stage) = Stage::new(1).await else { return };
    stage.sign_up(0, ANN);
    stage.clock.advance(ACCESS);
    stage.tab(0).eval("Storage.prototype.removeItem = () => {}; 0");
    assert_eq!(stage.does(0, "me()"), ANN);
    stage.reload(0);
    stage.clock.advance(ACCESS);
    stage.network.next("/auth/refresh", &[Fate::Late]);
    stage.begin(0, "lost", "me()");
    stage.network.until_answers("/auth/refresh", 2);
    stage.clock.advance(WINDOW);
    stage.reload(0);
    assert_eq!(stage.does(0, "me()"), ANN);
    let keys = stage.network.keys();
    assert_eq!((keys.len(), keys.iter().all(|key| *key == keys[0])), (3, true), "{keys:?}");
}
