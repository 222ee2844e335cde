//! What it costs to check an access token, and where that goes: `cargo bench -p measure --bench access_token`.
//!
//! The parts (the MAC, base64, JSON) are what no check can do without. `parts` does them one after the other and nothing
//! else; the hybrid's strict verifier is to stay within 1.25 of that and within 0.45 of `jsonwebtoken::decode`, whose key
//! and rules are prepared here as its documentation advises. Only figures of one run compare.
//!
//! Every iteration takes another token, of another user, so that no branch predictor learns one by heart.

use std::borrow::Cow;
use std::error::Error;
use std::hint::black_box;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use criterion::{BenchmarkGroup, Criterion, measurement::WallTime};
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

    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("access_token");
    let all = &specimens;
    each(&mut group, all, "mac", |it| mac(&mac_key, it));
    each(&mut group, all, "base64", base64);
    each(&mut group, all, "json", |it| json(&it.json));
    each(&mut group, all, "parts", |it| parts(&mac_key, it));
    each(&mut group, all, "strict", |it| strict.check(&it.token));
    each(&mut group, all, "jsonwebtoken", |it| library(&it.token));
    each(&mut group, all, "lab3", |it| tokens.check(&it.token));
    each(&mut group, all, "issue", |it| issue(&tokens, it.user_id, &it.email));
    group.finish();
    criterion.final_summary();
    Ok(())
}

/// One piece of work, on each specimen in turn. What it gives goes through a black box, and is dropped within the time, as a
/// handler drops its principal.
fn each<'s, T>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    specimens: &'s [Specimen],
    name: &str,
    work: impl Fn(&'s Specimen) -> T,
) {
    group.bench_function(name, |bencher| {
        let mut turn = specimens.iter().cycle();
        bencher.iter(|| turn.next().map(|specimen| work(black_box(specimen))));
    });
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

fn json(json: &[u8]) -> Result<Parsed<'_>, serde_json::Error> {
    serde_json::from_slice(json)
}

fn parts(key: &hmac::Key, specimen: &Specimen) -> Result<(), Box<dyn Error>> {
    mac(key, specimen)?;
    base64(specimen)?;
    black_box(json(&specimen.json)?);
    Ok(())
}
