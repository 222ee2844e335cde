//! Races over two server processes, through HTTP only: a session that was ended does not come back at either server.
//!
//! By default each race runs a few rounds; with `AUTHLAB_NIGHTLY=1` it runs as many as the protocol is promised to
//! withstand.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use harness::client::{Held, Request};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::two_servers::Fleet;

const RACERS: usize = 16;
const PASSWORD: &str = "correct horse battery";
const NEW_PASSWORD: &str = "battery staple horse";
/// A refresh window that no slow machine exceeds, and limits that logins and sign-ups never reach.
const PATIENT: [(&str, &str); 3] = [
    ("AUTHLAB_REFRESH_WINDOW", "600"),
    ("AUTHLAB_FAILURES_PER_ADDRESS", "1000000"),
    ("AUTHLAB_SIGN_UPS_PER_ADDRESS", "1000000"),
];

fn rounds(usual: usize, nightly: usize) -> usize {
    if std::env::var_os("AUTHLAB_NIGHTLY").is_some() { nightly } else { usual }
}

fn text(issued: &Value, field: &str) -> String {
    issued[field].as_str().unwrap_or_else(|| panic!("no {field} in {issued}")).to_owned()
}

/// The account's epoch that a login read, taken from the access token that it issued.
fn epoch(issued: &Value) -> u64 {
    let access = text(issued, "access_token");
    let claims = URL_SAFE_NO_PAD.decode(access.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Value>(&claims).unwrap()["epoch"].as_u64().unwrap()
}

async fn sign_up(fleet: &Fleet, email: &str) -> Value {
    let (status, issued) =
        fleet.post(0, "/auth/signup", &json!({ "email": email, "password": PASSWORD })).await;
    assert_eq!(status, StatusCode::CREATED, "{issued}");
    issued
}

/// Sends a request until there is a verdict. A 503 (the store does not answer) is no verdict, and sending again is
/// harmless.
async fn verdict(fleet: &Fleet, server: usize, path: &'static str, body: &Value) -> (StatusCode, Value) {
    for _ in 0..100 {
        let answer = fleet.post(server % 2, path, body).await;
        if answer.0 != StatusCode::SERVICE_UNAVAILABLE {
            return answer;
        }
    }
    panic!("{path} has no store for good");
}

/// Sends a refresh token. Returns its successor, or `None` if the session is over.
async fn refresh(fleet: &Fleet, server: usize, token: &str) -> Option<String> {
    let (status, answer) = verdict(fleet, server, "/auth/refresh", &json!({ "refresh_token": token })).await;
    if status == StatusCode::OK {
        return Some(text(&answer, "refresh_token"));
    }
    assert_eq!((status, answer["code"].as_str()), (StatusCode::UNAUTHORIZED, Some("refresh_ended")));
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn sixteen_racers_over_two_servers_never_fork_a_session() {
    let Some(fleet) = Fleet::with(&[], &["--lab-controls"]).await.map(Arc::new) else { return };
    let (rounds, start) = (rounds(60, 10_000), Instant::now());
    let mut token = text(&sign_up(&fleet, "ann@example.test").await, "refresh_token");
    let mut before = String::new();
    for round in 0..rounds {
        let mut racers = JoinSet::new();
        for racer in 0..RACERS {
            let (fleet, token) = (fleet.clone(), token.clone());
            racers.spawn(async move { refresh(&fleet, racer, &token).await.unwrap() });
        }
        let mut successors = racers.join_all().await;
        successors.dedup();
        assert_eq!(successors.len(), 1, "round {round}");
        let successor = successors.swap_remove(0);
        assert_ne!(successor, token, "round {round}");
        before = std::mem::replace(&mut token, successor);
        // Moves the clocks beyond the window, so that the next round rotates.
        for server in 0..2 {
            let (status, _now) = fleet.post(server, "/lab/clock", &json!({ "advance_seconds": 11 })).await;
            assert_eq!(status, StatusCode::OK);
        }
    }
    // A copy of the earlier token, sent after the window: the token family is revoked, and both servers say so.
    for (server, token) in [(0, &before), (1, &token), (0, &token)] {
        let (status, answer) =
            verdict(&fleet, server, "/auth/refresh", &json!({ "refresh_token": token })).await;
        assert_eq!((status, answer["code"].as_str()), (StatusCode::UNAUTHORIZED, Some("refresh_reused")));
    }
    println!(
        "{rounds} rounds of {RACERS} racers over two processes in {:.1?}: one successor each",
        start.elapsed()
    );
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    LogOut,
    LogOutEverywhere,
    NewPassword,
}

/// Ends the session of a token pair at the first server.
async fn end(fleet: &Fleet, ending: Ending, pair: &Value) {
    let (path, body, expected) = match ending {
        Ending::LogOut => ("/auth/logout", json!({ "scope": "local" }), StatusCode::NO_CONTENT),
        Ending::LogOutEverywhere => ("/auth/logout", json!({ "scope": "global" }), StatusCode::NO_CONTENT),
        Ending::NewPassword => {
            let change = json!({ "current_password": PASSWORD, "new_password": NEW_PASSWORD });
            ("/auth/password", change, StatusCode::OK)
        }
    };
    let (status, answer) = fleet.send(0, &Held::issued([], pair).signed(Request::post(path, body))).await;
    assert_eq!(status, expected, "{answer}");
    if ending == Ending::NewPassword {
        assert!(refresh(fleet, 1, &text(&answer, "refresh_token")).await.is_some());
    }
}

/// Refreshes until a server says that the session is over. Returns how many refreshes succeeded; none may succeed once
/// the ending has returned.
async fn refresh_until_over(
    fleet: Arc<Fleet>,
    racer: usize,
    first: String,
    returned: Arc<AtomicBool>,
) -> usize {
    let mut newest = first.clone();
    for exchange in 0.. {
        let too_late = returned.load(Ordering::SeqCst);
        // Replaying the first token writes to the store, refreshing the newest one only reads; both take turns, so that
        // the ending races against both.
        let token = if exchange % 2 == 0 { &first } else { &newest };
        let Some(successor) = refresh(&fleet, racer, token).await else { return exchange };
        assert!(!too_late, "let in after the ending had returned");
        newest = successor;
    }
    unreachable!("a usize has run out")
}

async fn race_refreshes_against(ending: Ending) {
    let Some(fleet) = Fleet::with(&PATIENT, &[]).await.map(Arc::new) else { return };
    let (rounds, start, mut let_in) = (rounds(8, 1000), Instant::now(), 0);
    for round in 0..rounds {
        let pair = sign_up(&fleet, &format!("ann{round}@example.test")).await;
        let returned = Arc::new(AtomicBool::new(false));
        let mut racers = JoinSet::new();
        for racer in 0..4 {
            let token = text(&pair, "refresh_token");
            racers.spawn(refresh_until_over(fleet.clone(), racer, token, returned.clone()));
        }
        end(&fleet, ending, &pair).await;
        returned.store(true, Ordering::SeqCst);
        let_in += racers.join_all().await.into_iter().sum::<usize>();
    }
    println!(
        "{ending:?} over two processes: {rounds} rounds in {:.1?}, {let_in} refreshes before, none after",
        start.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_refresh_outlives_a_log_out_at_the_other_server() {
    race_refreshes_against(Ending::LogOut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_refresh_outlives_a_log_out_everywhere_at_the_other_server() {
    race_refreshes_against(Ending::LogOutEverywhere).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_refresh_outlives_a_new_password_at_the_other_server() {
    race_refreshes_against(Ending::NewPassword).await;
}

/// Waits for the time of this many calls, a different number in each round, so that the ending meets every part of a
/// login.
async fn pass_some_time(fleet: &Fleet, calls: usize, pair: &Value) {
    for _ in 0..calls {
        fleet.me(1, pair).await;
    }
}

async fn race_log_ins_against(ending: Ending) {
    let Some(fleet) = Fleet::with(&PATIENT, &[]).await.map(Arc::new) else { return };
    let (rounds, start) = (rounds(8, 1000), Instant::now());
    let (mut refused, mut ended, mut fresh) = (0, 0, 0);
    for round in 0..rounds {
        let email = format!("ann{round}@example.test");
        let pair = sign_up(&fleet, &email).await;
        let mut racers = JoinSet::new();
        for racer in 0..4 {
            let (fleet, body) = (fleet.clone(), json!({ "email": email, "password": PASSWORD }));
            let pause = (round + 1) * racer % 8;
            let pair = pair.clone();
            racers.spawn(async move {
                pass_some_time(&fleet, 4 * pause, &pair).await;
                verdict(&fleet, racer, "/auth/login", &body).await
            });
        }
        pass_some_time(&fleet, round % 8, &pair).await;
        end(&fleet, ending, &pair).await;
        for (status, issued) in racers.join_all().await {
            if status != StatusCode::OK {
                assert_eq!(status, StatusCode::UNAUTHORIZED, "{issued}");
                refused += 1;
                continue;
            }
            let began_before = epoch(&issued) == 0;
            assert!(began_before || ending != Ending::NewPassword, "the old password opened a session");
            let lives = refresh(&fleet, round, &text(&issued, "refresh_token")).await.is_some();
            assert_eq!(lives, !began_before, "{ending:?}, round {round}");
            *(if lives { &mut fresh } else { &mut ended }) += 1;
        }
    }
    println!(
        "{ending:?} over two processes: {rounds} rounds of 4 log-ins in {:.1?}, {ended} were ended, {refused} \
         refused, {fresh} had begun afterwards",
        start.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_in_slips_past_a_log_out_everywhere() {
    race_log_ins_against(Ending::LogOutEverywhere).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_in_with_the_old_password_slips_past_the_new_one() {
    race_log_ins_against(Ending::NewPassword).await;
}
