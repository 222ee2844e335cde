//! Tests that the time of a login does not reveal which addresses have an account.
//!
//! A wrong password for a known address and any password for an unknown address cost the same work: a look-up and a
//! hash of some 20 ms. Means would depend on what else the machine does, so this is a **sign test on pairs**: the two
//! logins are sent one right after the other, in an order that changes from round to round, and the only figure is in
//! how many pairs the known address was the slower one.
//!
//! If the two are alike, that is the number of heads in 200 throws of a coin: 100 expected, standard deviation √200 / 2
//! = 7.07. The alarm is set at 36 off, beyond 35.5 / 7.07 = 5.0 standard deviations: one false alarm in about 1.7
//! million runs. The two are not exactly alike, because a row that was found has to be read, which costs a few
//! microseconds; even if that made heads 53 times in 100, a false alarm would come once in some 60,000 runs ((35.5 − 6)
//! / 7.07 = 4.2). The test nearly always detects a difference that makes the known address the slower one in 3 of 4
//! pairs (150 expected, alarm from 136): about a standard deviation of the noise between two calls, some 0.3 ms of the
//! 20 on a machine at rest. On a busy machine the noise is larger. Therefore two twins of the server, which differ on
//! purpose, decide how many rounds are needed: while one of them is not detected, the number of rounds is doubled, up
//! to 800, with the alarm at 5 standard deviations each time.

use std::time::{Duration, Instant};

use measure::proxy::{Impairment, Proxy};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::program::Serving;

/// The numbers of rounds after which the twins are evaluated; after the last one the test ends.
const LOOKS: [usize; 3] = [200, 400, 800];
/// Half the time of a hash: the time that a server saves if it does half the work for an unknown address.
const HALF_A_HASH: Duration = Duration::from_millis(10);
/// Limits so high that the throttle does not affect this test.
const UNTHROTTLED: [(&str, &str); 3] = [
    ("AUTHLAB_FAILURES_PER_ACCOUNT_AND_ADDRESS", "100000"),
    ("AUTHLAB_FAILURES_PER_ACCOUNT", "100000"),
    ("AUTHLAB_FAILURES_PER_ADDRESS", "100000"),
];

/// In how many pairs the first call took longer.
fn slower(first: &[Duration], second: &[Duration]) -> usize {
    first.iter().zip(second).filter(|(first, second)| first > second).count()
}

/// By how much a count must differ from the middle so that chance cannot explain it.
fn alarm(rounds: usize) -> usize {
    (5.0 * (rounds as f64).sqrt() / 2.0 + 0.5).ceil() as usize
}

/// Whether two kinds of call can be told apart by this count.
fn told_apart(slower: usize, rounds: usize) -> bool {
    slower.abs_diff(rounds / 2) >= alarm(rounds)
}

/// In how many pairs the known address was the slower one, for three servers.
struct Counts {
    /// For the server as it is.
    alike: usize,
    /// For a server that does half the work for an unknown address.
    half: usize,
    /// For a server that does no work for an unknown address.
    none: usize,
}

impl Counts {
    fn of([known, unknown, known_and_half_a_hash, no_work]: &[Vec<Duration>; 4]) -> Self {
        Self {
            alike: slower(known, unknown),
            half: slower(known_and_half_a_hash, unknown),
            none: slower(known, no_work),
        }
    }
}

struct Caller {
    http: Client,
    url: String,
}

impl Caller {
    fn to(base: &str) -> Self {
        let http = Client::builder().no_proxy().build().expect("a client needs nothing");
        Self { http, url: format!("{base}/auth/login") }
    }

    async fn log_in(&self, email: &str, password: &str) -> (Duration, StatusCode, Value) {
        let request = self.http.post(&self.url).json(&json!({ "email": email, "password": password }));
        let start = Instant::now();
        let answer = request.send().await.expect("the server answers");
        let took = start.elapsed();
        let status = answer.status();
        (took, status, answer.json().await.expect("a problem document"))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_time_of_a_log_in_does_not_tell_who_has_an_account() {
    let server = Serving::start(&UNTHROTTLED, &["access"]);
    let direct = Caller::to(&server.url);
    // Two twins, servers that reveal which addresses exist. One does less work for an unknown address (simulated: the
    // known address is called over a slower line); the other does not hash at all.
    let address = server.url.trim_start_matches("http://").parse().unwrap();
    let line = Proxy::start(address).await.unwrap();
    line.set(Impairment::Delay { to_server: HALF_A_HASH, to_client: Duration::ZERO });
    let behind_a_slower_line = Caller::to(&format!("http://{}", line.address()));

    let known = "known@example.test";
    let sign_up = json!({ "email": known, "password": "correct horse battery" });
    let made = direct.http.post(format!("{}/auth/signup", server.url)).json(&sign_up).send().await.unwrap();
    assert_eq!(made.status(), StatusCode::CREATED);

    let mut times: [Vec<Duration>; 4] = Default::default();
    for round in 0..LOOKS[LOOKS.len() - 1] {
        let stranger = format!("s{round:04}@example.test");
        let mut refusals = Vec::new();
        for turn in 0..4 {
            // Every second round runs backwards, so that neither call of a pair is always the second.
            let place = (round / 2 + turn) % 4;
            let kind = if round % 2 == 0 { place } else { 3 - place };
            let (took, status, mut body) = match kind {
                0 => direct.log_in(known, "battery staple").await,
                1 => direct.log_in(&stranger, "battery staple").await,
                2 => behind_a_slower_line.log_in(known, "battery staple").await,
                _ => direct.log_in(&stranger, "short").await,
            };
            times[kind].push(took);
            if kind == 3 {
                assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
            } else {
                body["instance"] = Value::Null;
                refusals.push((status, body));
            }
        }
        assert_eq!(refusals[0].0, StatusCode::UNAUTHORIZED);
        assert!(refusals.windows(2).all(|two| two[0] == two[1]), "{refusals:?}");
        if LOOKS.contains(&(round + 1)) && told_apart(Counts::of(&times).half, round + 1) {
            break;
        }
    }

    let (rounds, Counts { alike, half, none }) = (times[0].len(), Counts::of(&times));
    println!(
        "slower than an unknown address, of {rounds}: known {alike}, half a hash apart {half}, no hash {none}"
    );
    assert!(!told_apart(alike, rounds), "a known address was the slower one in {alike} of {rounds} pairs");
    assert!(told_apart(half, rounds), "half a hash went unnoticed: {half} of {rounds}");
    assert!(told_apart(none, rounds), "a whole hash went unnoticed: {none} of {rounds}");
}

#[test]
fn the_alarm_is_where_the_arithmetic_says() {
    assert_eq!(LOOKS.map(alarm), [36, 51, 72]);
    assert!(!told_apart(100, 200));
    assert!(!told_apart(65, 200) && !told_apart(135, 200));
    assert!(told_apart(64, 200) && told_apart(136, 200));
}
