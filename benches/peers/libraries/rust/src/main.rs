//! Lets JWT libraries of Rust check one HS256 token repeatedly. The protocol is described in `benches/peers/README.md`.

use std::collections::HashSet;
use std::error::Error;
use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use josekit::jws::{HS256, JwsVerifier};
use josekit::jwt::{self, JwtPayloadValidator};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use jwt_simple::prelude::{HS256Key, MACLike, NoCustomClaims, VerificationOptions};
use serde::{Deserialize, Serialize};

/// The number of checks between two readings of the clock.
const BATCH: u64 = 50;

type Fault = Box<dyn Error>;
type Check<'a> = Box<dyn Fn(&str) -> Result<String, Fault> + 'a>;

#[derive(Deserialize)]
struct Specimen {
    token: String,
    key_hex: String,
    issuer: String,
    audience: String,
    sub: String,
}

#[derive(Deserialize)]
struct Turn {
    library: String,
    for_ms: u64,
}

#[derive(Serialize)]
struct Offer<'a> {
    library: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct Done {
    checks: u64,
}

fn main() -> Result<(), Fault> {
    let mut lines = std::io::stdin().lock().lines();
    let asked: Specimen = serde_json::from_str(&lines.next().ok_or("nothing was asked")??)?;
    let secret = hex::decode(&asked.key_hex)?;
    let simple_key = HS256Key::from_bytes(&secret);
    let simple_rules = VerificationOptions {
        allowed_issuers: Some(HashSet::from([asked.issuer.clone()])),
        allowed_audiences: Some(HashSet::from([asked.audience.clone()])),
        ..VerificationOptions::default()
    };
    let josekit_key = HS256.verifier_from_bytes(&secret)?;
    let mut josekit_rules = JwtPayloadValidator::new();
    josekit_rules.set_issuer(asked.issuer.as_str());
    josekit_rules.set_audience(asked.audience.as_str());

    let rust_crypto_key = DecodingKey::from_secret(&secret);
    let mut rust_crypto_rules = Validation::new(Algorithm::HS256);
    rust_crypto_rules.set_issuer(&[asked.issuer.as_str()]);
    rust_crypto_rules.set_audience(&[asked.audience.as_str()]);

    // The labs use jsonwebtoken with AWS-LC; a program can have only one of its two backends.
    let libraries: [(&str, &str, Check<'_>); 3] = [
        (
            "jsonwebtoken on RustCrypto",
            "jsonwebtoken",
            Box::new(|token| jsonwebtoken_check(token, &rust_crypto_key, &rust_crypto_rules)),
        ),
        (
            "jwt-simple",
            "jwt-simple",
            Box::new(|token| jwt_simple_check(token, &simple_key, &simple_rules)),
        ),
        ("josekit", "josekit", Box::new(|token| josekit_check(token, &josekit_key, &josekit_rules))),
    ];
    let forged = format!("{}AAAAAAAA", &asked.token[..asked.token.len() - 8]);
    for (name, _, check) in &libraries {
        // Rejecting a token is fast and would give good figures, and a library that accepts every token does not check
        // it.
        if check(&asked.token)? != asked.sub || check(&forged).is_ok() {
            return Err(format!("{name} does not tell a good token from a forged one").into());
        }
    }
    let offers =
        libraries.iter().map(|(library, package, _)| Offer { library, version: version(package) });
    say(&offers.collect::<Vec<_>>())?;
    for line in lines {
        let turn: Turn = serde_json::from_str(&line?)?;
        let known = libraries.iter().find(|(name, ..)| *name == turn.library);
        let (_, _, check) = known.ok_or("no library of that name")?;
        say(&repeated(check, &asked.token, Duration::from_millis(turn.for_ms))?)?;
    }
    Ok(())
}

/// The subject of the token, and no claim that is not checked.
#[derive(Deserialize)]
struct Claims {
    sub: String,
}

fn jsonwebtoken_check(token: &str, key: &DecodingKey, rules: &Validation) -> Result<String, Fault> {
    Ok(jsonwebtoken::decode::<Claims>(token, key, rules)?.claims.sub)
}

fn jwt_simple_check(token: &str, key: &HS256Key, rules: &VerificationOptions) -> Result<String, Fault> {
    // The library takes its rules by value.
    let claims = key.verify_token::<NoCustomClaims>(token, Some(rules.clone()))?;
    Ok(claims.subject.ok_or("no subject")?)
}

/// Checks with josekit: its decoder does not check the claims. Its validator does, and reads the clock if no time is
/// set.
fn josekit_check(token: &str, key: &dyn JwsVerifier, rules: &JwtPayloadValidator) -> Result<String, Fault> {
    let (payload, _) = jwt::decode_with_verifier(token, key)?;
    rules.validate(&payload)?;
    Ok(payload.subject().ok_or("no subject")?.to_owned())
}

fn repeated(check: &Check<'_>, token: &str, long: Duration) -> Result<Done, Fault> {
    let (start, mut checks) = (Instant::now(), 0);
    loop {
        for _ in 0..BATCH {
            std::hint::black_box(check(std::hint::black_box(token))?);
        }
        checks += BATCH;
        if start.elapsed() >= long {
            return Ok(Done { checks });
        }
    }
}

/// The version that the lock file pins.
fn version(package: &str) -> &'static str {
    let lock = include_str!("../Cargo.lock");
    let after = lock.split_once(&format!("name = \"{package}\"\nversion = \"")).map(|(_, after)| after);
    after.and_then(|after| after.split('"').next()).unwrap_or("unknown")
}

fn say(what: &impl Serialize) -> Result<(), Fault> {
    let mut out = std::io::stdout().lock();
    serde_json::to_writer(&mut out, what)?;
    writeln!(out)?;
    Ok(out.flush()?)
}
