//! A flood of logins while other users call `/me`. Each login costs a password hash, as much as thousands of `/me`
//! checks.

use std::time::Duration;

use harness::Failure;
use measure::load::{self, ClosedLoop, Load};
use reqwest::{Method, StatusCode};
use serde_json::json;

use super::person::Person;
use super::row::{Outcome, Promise};
use super::stage::hybrid_alone;
use super::watch::{CONNECTIONS, Loaded, slice};

const RPS: f64 = 200.0;
const SLICE: Duration = Duration::from_secs(1);
/// Quiet and flooded slices take turns, so that other work on the machine affects both.
const ROUNDS: usize = 3;
const CALLERS: usize = 32;
/// Limits so high that the throttle does not stop the flood, as it would by default.
const UNTHROTTLED: [(&str, &str); 3] = [
    ("AUTHLAB_FAILURES_PER_ACCOUNT_AND_ADDRESS", "1000000"),
    ("AUTHLAB_FAILURES_PER_ACCOUNT", "1000000"),
    ("AUTHLAB_FAILURES_PER_ADDRESS", "1000000"),
];

pub(crate) async fn row() -> Result<Outcome, Failure> {
    let hybrid = hybrid_alone(&UNTHROTTLED).await?;
    let person = Person::sign_up(&hybrid.url, "mobile").await?;
    let me = person.me_target()?;
    let body = json!({ "email": person.account.email, "password": "not this one" }).to_string();
    let log_in = load::Target::get(&hybrid.url, "/auth/login", load::Reach::LoopbackOnly)?
        .header("content-type", "application/json")?
        .sending(Method::POST, body)
        .expecting(StatusCode::UNAUTHORIZED);
    let flood = Load::Closed(ClosedLoop { threads: 1, ..ClosedLoop::new(CALLERS, SLICE) });
    let (mut quiet, mut flooded) = (Vec::new(), Vec::new());
    let (mut hashed, mut refused, mut waiting, mut other) = (0, 0, 0, 0);
    for _ in 0..ROUNDS {
        quiet.push(slice(&me, RPS, CONNECTIONS, SLICE).await?);
        let (beside, flood) = tokio::join!(slice(&me, RPS, CONNECTIONS, SLICE), load::run(&log_in, &flood));
        flooded.push(beside?);
        let flood = flood?;
        let overloaded = flood.errors.unexpected_status.get(&503).copied().unwrap_or_default();
        hashed += flood.answered;
        refused += overloaded;
        // A request that was still in the queue when the slice ended was neither refused nor failed.
        waiting += flood.errors.unfinished;
        other += flood.errors.total() - overloaded - flood.errors.unfinished;
    }
    let (before, during) = (p99_us(&quiet), p99_us(&flooded));
    let bad: u64 = flooded.iter().map(|load| load.errors.total()).sum();
    Ok(Outcome::Seen(vec![
        Promise::new("/me works during the flood", format!("{bad} bad"), bad == 0),
        Promise::new(
            "logins are hashed or refused with 503",
            format!("{hashed} hashed, {refused} refused, {waiting} in the queue at the end, {other} other"),
            hashed > 0 && other == 0,
        ),
        Promise::new(
            "/me's p99 ≤ 2 × its p99 without the flood",
            format!("{:.1} ms, {:.2} × {:.1} ms", during / 1e3, during / before, before / 1e3),
            during <= before * 2.0,
        )
        .of_a_ratio(),
    ]))
}

/// The median of the slices' p99, in microseconds, so that one slice that other work on the machine disturbed does not
/// count.
fn p99_us(slices: &[Loaded]) -> f64 {
    let mut all: Vec<f64> = slices.iter().map(|load| load.latency.quantile_us(0.99)).collect();
    all.sort_by(f64::total_cmp);
    (all[(all.len() - 1) / 2] + all[all.len() / 2]) / 2.0
}
