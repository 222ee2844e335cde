//! Tests of a page's requests to its API: with a valid token, which is renewed early or once after a 401, and only to
//! the API.

use crate::network::{Fate, What};
use crate::stage::{ACCESS, PASSWORD, Stage};
use serde_json::json;

const ANN: &str = "ann@example.test";

/// Advances the tab's own clock.
fn later(stage: &mut Stage, tab: usize, seconds: u32) {
    stage.tab(tab).eval(&format!("(now => {{ Date.now = () => now() + {seconds}e3; }})(Date.now)"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_renewed_once_and_the_request_is_sent_again() {
    let Some(mut stage) = Stage::new(1).await else { return };
    stage.sign_up(0, ANN);
    assert_eq!(stage.does(0, "me()"), ANN);
    assert_eq!(stage.network.count("/auth/refresh"), 0);
    stage.clock.advance(ACCESS);
    assert_eq!(stage.does(0, "me()"), ANN);
    assert_eq!((stage.network.count("/auth/refresh"), stage.network.count("/me")), (1, 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_that_always_answers_401_is_asked_twice_and_nobody_is_logged_out() {
    let Some(mut stage) = Stage::new(1).await else { return };
    stage.sign_up(0, ANN);
    assert_eq!(stage.does(0, "client.fetch('/refusing').then(answer => answer.status)"), 401);
    assert_eq!((stage.network.count("/auth/refresh"), stage.network.count("/refusing")), (1, 2));
    assert_eq!(stage.does(0, "me()"), ANN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_is_sent_again_as_it_was() {
    let Some(mut stage) = Stage::new(1).await else { return };
    stage.sign_up(0, ANN);
    stage.clock.advance(ACCESS);
    let body = json!({ "current_password": PASSWORD, "new_password": "another horse battery staple" });
    let change = format!(
        "client.fetch('/auth/password', {{ method: 'POST', headers: {{ 'content-type': 'application/json' }}, body: JSON.stringify({body}) }}).then(answer => answer.status)"
    );
    assert_eq!(stage.does(0, &change), 200);
    assert_eq!(stage.network.count("/auth/password"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_origin_never_gets_the_token() {
    let Some(mut stage) = Stage::new(1).await else { return };
    stage.sign_up(0, ANN);
    let foreign = "client.fetch('http://localhost:9/steal')";
    assert_eq!(stage.does(0, foreign)["error"], "TypeError");
    let own = "client.fetch(location.origin + '/me').then(answer => answer.status)";
    assert_eq!(stage.does(0, own), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_early_refresh_keeps_no_request_waiting_and_a_late_one_does() {
    let Some(mut stage) = Stage::new(1).await else { return };
    stage.sign_up(0, ANN);
    later(&mut stage, 0, 15 * 60 - 20);
    stage.network.next("/auth/refresh", &[Fate::Late]);
    assert_eq!(stage.does(0, "me()"), ANN, "the token is good for 20 s more");
    stage.network.until("/auth/refresh", What::Asked);
    later(&mut stage, 0, 60);
    stage.begin(0, "late", "me()");
    let undecided = stage.tab(0).eval("came.late === undefined");
    assert_eq!((undecided, stage.network.count("/me")), (json!(true), 1), "it waits for the refresh");
    stage.network.release();
    assert_eq!(stage.came_of(0, "late"), ANN);
    assert_eq!((stage.network.count("/auth/refresh"), stage.network.count("/me")), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_may_give_up_and_the_refresh_goes_on_for_the_others() {
    let Some(mut stage) = Stage::new(1).await else { return };
    stage.sign_up(0, ANN);
    later(&mut stage, 0, 15 * 60 + 1);
    stage.network.next("/auth/refresh", &[Fate::Late]);
    stage.begin(0, "patient", "me()");
    stage.network.until("/auth/refresh", What::Answered(200));
    let impatient = "client.fetch('/me', { signal: AbortSignal.timeout(1) })";
    assert_eq!(stage.does(0, impatient)["error"], 23, "DOMException.TIMEOUT_ERR");
    stage.network.release();
    assert_eq!(stage.came_of(0, "patient"), ANN);
    assert_eq!(stage.network.count("/auth/refresh"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_an_error_with_the_contracts_code_and_changes_nothing() {
    let Some(mut stage) = Stage::new(1).await else { return };
    stage.sign_up(0, ANN);
    let wrong = "client.logIn('ann@example.test', 'not her password at all').catch(error => { if (!(error instanceof ProblemError)) throw 0; throw error; })";
    assert_eq!(stage.does(0, wrong), json!({ "error": "invalid_credentials", "status": 401 }));
    let invalid =
        "client.signUp('no address', '').catch(error => error.errors.map(flaw => flaw.pointer).sort())";
    assert_eq!(stage.does(0, invalid), json!(["/email", "/password"]));
    assert_eq!(stage.does(0, "me()"), ANN);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_was_made_without_a_session_is_no_error_and_nobody_is_in() {
    let Some(mut stage) = Stage::new(1).await else { return };
    stage.network.next("/auth/signup", &[Fate::NoSession]);
    assert_eq!(
        stage.does(0, "client.signUp('ann@example.test', 'not seen by the server').then(s => s.status)"),
        "out"
    );
    assert_eq!(stage.network.count("/auth/refresh"), 0, "there is nothing to refresh");
    stage.sign_up(0, ANN);
    assert_eq!(stage.does(0, "me()"), ANN);
}
