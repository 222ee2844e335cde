//! Measures the check of an access token and its parts: `cargo bench -p measure --bench access_token`.
//!
//! The parts (the MAC, base64, JSON) are the work that no check can avoid, each done in the fastest way that we know.
//! The hybrid's strict verifier must stay within 1.25 of their sum and within 0.45 of `jsonwebtoken::decode`, whose key
//! and rules are prepared here as its documentation advises. Criterion measures one operation after another for seconds
//! each, and a busy machine may change meanwhile. So the ratios at the end come from rounds in which all operations take
//! turns.
//!
//! Every iteration uses another token, of another user, so that no branch predictor learns a single one.

use std::error::Error;
use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use kit::Clock;
use kit::keyring::Keyring;
use lab3_access::access_token::{AccessTokens, Grant, Session};
use lab4_hybrid::strict::StrictVerifier;
use measure::token_check::{Library, Parts, Specimen};
use measure::turns::{Timed, Work, done, in_turn};
use uuid::Uuid;

const ISSUER: &str = "https://authlab.example";
const AUDIENCE: &str = "authlab-api";
const TTL: Duration = Duration::from_secs(86_400);
const LEEWAY: Duration = Duration::from_secs(5);
/// The number of tokens that take turns: too many to learn, few enough to stay in the CPU cache as a request's bytes
/// would.
const TOKENS: usize = 256;
/// The number of rounds for the ratios, which take about ten seconds.
const ROUNDS: usize = 2000;

/// A token, and the user for whom the next one is issued.
struct Bearer {
    user_id: Uuid,
    email: String,
    specimen: Specimen,
}

fn main() -> Result<(), Box<dyn Error>> {
    let keys = Keyring::random();
    let clock = Clock::system();
    let tokens = AccessTokens::new(&keys, ISSUER, AUDIENCE, TTL, LEEWAY, clock.clone());
    let strict = StrictVerifier::new(&keys, ISSUER, AUDIENCE, LEEWAY, clock)?;
    let secret = keys.issuing().expose_bytes();
    let (parts, library) = (Parts::new(secret), Library::new(secret, ISSUER, AUDIENCE));
    let bearers = (0..TOKENS).map(|_| bearer(&tokens)).collect::<Result<Vec<_>, _>>()?;
    // Rejecting a token is fast and would give good figures, so make sure that every token is accepted.
    for Bearer { specimen, .. } in &bearers {
        strict.check(specimen.token())?;
        tokens.check(specimen.token())?;
        library.check(specimen)?;
        parts.all(specimen)?;
    }

    let works: [Work<'_, Bearer>; 8] = [
        ("mac", &|it| done(parts.mac(&it.specimen))),
        ("base64", &|it| done(parts.base64(&it.specimen))),
        ("json", &|it| done(parts.json(&it.specimen))),
        ("parts", &|it| done(parts.all(&it.specimen))),
        ("strict", &|it| done(strict.check(it.specimen.token()))),
        ("jsonwebtoken", &|it| done(library.check(&it.specimen))),
        ("lab3", &|it| done(tokens.check(it.specimen.token()))),
        ("issue", &|it| done(issue(&tokens, it.user_id, &it.email))),
    ];
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("access_token");
    for (name, work) in works {
        group.bench_function(name, |bencher| {
            let mut turn = bearers.iter().cycle();
            bencher.iter(|| turn.next().map(|bearer| work(black_box(bearer))));
        });
    }
    group.finish();
    criterion.final_summary();
    // Cargo passes `--bench` for a benchmark run only; a test run, or a request for the list, should not wait for the
    // rounds.
    let asked = |what: &str| std::env::args().any(|argument| argument == what);
    if asked("--bench") && !asked("--list") {
        print_ratios(&in_turn(&works, &bearers, ROUNDS));
    }
    Ok(())
}

/// Prints the ratios that have a limit.
fn print_ratios(timed: &[Timed]) {
    println!("medians of {ROUNDS} rounds in turn:");
    for timed in timed {
        println!("  {:<13}{:>7.0} ns", timed.name, timed.ns.median);
    }
    let ns =
        |name: &str| timed.iter().find(|timed| timed.name == name).map_or(f64::NAN, |timed| timed.ns.median);
    let strict = ns("strict");
    for (to, of, at_most) in [
        ("the sum of its parts", ns("mac") + ns("base64") + ns("json"), 1.25),
        ("jsonwebtoken::decode", ns("jsonwebtoken"), 0.45),
    ] {
        let ratio = strict / of;
        let verdict = if ratio <= at_most { "met" } else { "missed" };
        println!("  strict : {to} = {ratio:.3}, at most {at_most}: {verdict}");
    }
}

fn bearer(tokens: &AccessTokens) -> Result<Bearer, Box<dyn Error>> {
    let user_id = Uuid::new_v4();
    let email = format!("{}@example.test", &user_id.simple().to_string()[..8]);
    let specimen = Specimen::of(issue(tokens, user_id, &email)?)?;
    Ok(Bearer { user_id, email, specimen })
}

fn issue(tokens: &AccessTokens, user_id: Uuid, email: &str) -> Result<String, kit::Error> {
    let session = Some(Session { id: Uuid::new_v4(), epoch: 3 });
    Ok(tokens.issue(&Grant { user_id, email, session })?.into_exposed())
}
