//! What it costs to check an access token, and where that goes: `cargo bench -p measure --bench access_token`.
//!
//! The parts (the MAC, base64, JSON) are what no check can do without, each done the quickest way that we know. The
//! hybrid's strict verifier is to stay within 1.25 of their sum and within 0.45 of `jsonwebtoken::decode`, whose key and
//! rules are prepared here as its documentation advises. Criterion measures one after the other for seconds, and a busy
//! machine may do something else meanwhile; so the ratios at the end are of rounds in which all take turns.
//!
//! Every iteration takes another token, of another user, so that no branch predictor learns one by heart.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use criterion::Criterion;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use kit::Clock;
use kit::keyring::Keyring;
use lab3_access::access_token::{AccessTokens, Grant, Session};
use lab4_hybrid::strict::StrictVerifier;
use serde::Deserialize;
use uuid::Uuid;

const ISSUER: &str = "https://authlab.example";
const AUDIENCE: &str = "authlab-api";
const TTL: Duration = Duration::from_secs(86_400);
const LEEWAY: Duration = Duration::from_secs(5);
/// How many tokens take turns: too many to learn, few enough to stay in the cache as a request's own bytes would.
const TOKENS: usize = 256;
/// Rounds for the ratios: about ten seconds.
const ROUNDS: usize = 2000;

/// What any check has to get out of the JSON, read in place and into no type of ours.
#[derive(Deserialize)]
#[expect(dead_code, reason = "reading them is what is measured")]
struct Parsed<'a> {
    #[serde(borrow)]
    iss: Cow<'a, str>,
    #[serde(borrow)]
    aud: Cow<'a, str>,
    sub: &'a str,
    iat: u64,
    exp: u64,
    jti: &'a str,
    #[serde(borrow)]
    email: Cow<'a, str>,
    sid: &'a str,
    epoch: u64,
}

/// What a program asks the library for: who it is, and in which session. The library reads `iss`, `aud` and `exp` itself.
#[derive(Deserialize)]
#[expect(dead_code, reason = "reading them is what is measured")]
struct Asked {
    sub: Uuid,
    email: String,
    sid: Uuid,
    epoch: u64,
}

/// A token and what its parts are worked on, each prepared so that a part costs only itself.
struct Specimen {
    user_id: Uuid,
    email: String,
    token: String,
    message: String,
    payload: String,
    signature: String,
    json: Vec<u8>,
    mac: Vec<u8>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let keys = Keyring::random();
    let clock = Clock::system();
    let tokens = AccessTokens::new(&keys, ISSUER, AUDIENCE, TTL, LEEWAY, clock.clone());
    let strict = StrictVerifier::new(&keys, ISSUER, AUDIENCE, LEEWAY, clock)?;
    let mac_key = hmac::Key::new(hmac::HMAC_SHA256, keys.issuing().expose_bytes());
    let library_key = DecodingKey::from_secret(keys.issuing().expose_bytes());
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    validation.leeway = 0;
    let library = |token: &str| jsonwebtoken::decode::<Asked>(token, &library_key, &validation);
    let specimens = (0..TOKENS).map(|_| specimen(&tokens)).collect::<Result<Vec<_>, _>>()?;
    // A refusal would be quick, and the figures fine.
    for specimen in &specimens {
        strict.check(&specimen.token)?;
        tokens.check(&specimen.token)?;
        library(&specimen.token)?;
        parts(&mac_key, specimen)?;
    }

    let works: [(&str, Work<'_>); 8] = [
        ("mac", &|it| done(mac(&mac_key, it))),
        ("base64", &|it| done(base64(it))),
        ("json", &|it| done(json(&it.json))),
        ("parts", &|it| done(parts(&mac_key, it))),
        ("strict", &|it| done(strict.check(&it.token))),
        ("jsonwebtoken", &|it| done(library(&it.token))),
        ("lab3", &|it| done(tokens.check(&it.token))),
        ("issue", &|it| done(issue(&tokens, it.user_id, &it.email))),
    ];
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("access_token");
    for (name, work) in works {
        group.bench_function(name, |bencher| {
            let mut turn = specimens.iter().cycle();
            bencher.iter(|| turn.next().map(|specimen| work(black_box(specimen))));
        });
    }
    group.finish();
    criterion.final_summary();
    // Cargo says `--bench`; a test run, or somebody who asks for the list, does not want to wait.
    let asked = |what: &str| std::env::args().any(|argument| argument == what);
    if asked("--bench") && !asked("--list") {
        print_ratios(&works, &specimens);
    }
    Ok(())
}

type Work<'a> = &'a dyn Fn(&Specimen);

/// What a piece of work gives goes through a black box, and is dropped within the time, as a handler drops its principal.
fn done<T>(given: T) {
    drop(black_box(given));
}

/// The ratios that are to hold, of the medians of rounds in which all work takes turns.
fn print_ratios(works: &[(&str, Work<'_>)], specimens: &[Specimen]) {
    let mut rounds: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for _ in 0..ROUNDS {
        for (name, work) in works {
            let start = Instant::now();
            specimens.iter().for_each(|specimen| work(black_box(specimen)));
            rounds
                .entry(name)
                .or_default()
                .push(start.elapsed().as_secs_f64() * 1e9 / specimens.len() as f64);
        }
    }
    for times in rounds.values_mut() {
        times.sort_by(f64::total_cmp);
    }
    let ns = |name: &str| rounds.get(name).map_or(f64::NAN, |times| times[times.len() / 2]);
    println!("medians of {ROUNDS} rounds in turn:");
    for (name, _) in works {
        println!("  {name:<13}{:>7.0} ns", ns(name));
    }
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

fn specimen(tokens: &AccessTokens) -> Result<Specimen, Box<dyn Error>> {
    let user_id = Uuid::new_v4();
    let email = format!("{}@example.test", &user_id.simple().to_string()[..8]);
    let token = issue(tokens, user_id, &email)?;
    let (message, signature) = token.rsplit_once('.').ok_or("an issued token has three parts")?;
    let (_, payload) = message.split_once('.').ok_or("an issued token has three parts")?;
    Ok(Specimen {
        user_id,
        email,
        message: message.into(),
        payload: payload.into(),
        signature: signature.into(),
        json: URL_SAFE_NO_PAD.decode(payload)?,
        mac: URL_SAFE_NO_PAD.decode(signature)?,
        token,
    })
}

fn issue(tokens: &AccessTokens, user_id: Uuid, email: &str) -> Result<String, kit::Error> {
    let session = Some(Session { id: Uuid::new_v4(), epoch: 3 });
    Ok(tokens.issue(&Grant { user_id, email, session })?.into_exposed())
}

fn mac(key: &hmac::Key, specimen: &Specimen) -> Result<(), aws_lc_rs::error::Unspecified> {
    hmac::verify(key, specimen.message.as_bytes(), &specimen.mac)
}

fn base64(specimen: &Specimen) -> Result<(), base64::DecodeSliceError> {
    let (mut payload, mut signature) = ([0; 512], [0; 33]);
    black_box(URL_SAFE_NO_PAD.decode_slice(&specimen.payload, &mut payload)?);
    black_box(URL_SAFE_NO_PAD.decode_slice(&specimen.signature, &mut signature)?);
    black_box((&payload, &signature));
    Ok(())
}

/// One look for UTF-8 and then as text, which is a quarter quicker than `from_slice`.
fn json(json: &[u8]) -> Result<Parsed<'_>, Box<dyn Error>> {
    Ok(serde_json::from_str(str::from_utf8(json)?)?)
}

fn parts(key: &hmac::Key, specimen: &Specimen) -> Result<(), Box<dyn Error>> {
    mac(key, specimen)?;
    base64(specimen)?;
    black_box(json(&specimen.json)?);
    Ok(())
}
