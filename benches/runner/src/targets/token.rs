//! T1: compares the check of an access token with the work that no check can avoid, and with a library.
//!
//! It runs in this process, without requests: a check takes less than a microsecond, which a load test cannot resolve.

use harness::Failure;
use kit::Clock;
use kit::keyring::Keyring;
use lab3_access::access_token::{AccessTokens, Grant, Session};
use lab4_hybrid::strict::StrictVerifier;
use measure::figures::Median;
use measure::targets::{Limit, Target};
use measure::token_check::{Library, Parts, Specimen};
use measure::turns::{Timed, done, in_turn};
use uuid::Uuid;

use crate::issuance::{AUDIENCE, ISSUER, LEEWAY, TTL};

/// The number of tokens: too many for a branch predictor to learn, few enough to stay in the CPU cache.
const TOKENS: usize = 256;

/// Times our check, its parts and the library in turn.
pub(super) fn timed(rounds: usize) -> Result<Vec<Timed>, Failure> {
    let (keys, clock) = (Keyring::random(), Clock::system());
    let tokens = AccessTokens::new(&keys, ISSUER, AUDIENCE, TTL, LEEWAY, clock.clone());
    let strict = StrictVerifier::new(&keys, ISSUER, AUDIENCE, LEEWAY, clock)?;
    let secret = keys.issuing().expose_bytes();
    let (parts, library) = (Parts::new(secret), Library::new(secret, ISSUER, AUDIENCE));
    let specimens = (0..TOKENS).map(|_| specimen(&tokens)).collect::<Result<Vec<_>, Failure>>()?;
    // Rejecting a token is fast and would give good figures, so make sure that every token is accepted.
    for specimen in &specimens {
        strict.check(specimen.token())?;
        parts.all(specimen)?;
        library.check(specimen)?;
    }
    Ok(in_turn(
        &[
            ("mac", &|it: &Specimen| done(parts.mac(it))),
            ("base64", &|it| done(parts.base64(it))),
            ("json", &|it| done(parts.json(it))),
            ("strict", &|it| done(strict.check(it.token()))),
            ("jsonwebtoken", &|it| done(library.check(it))),
        ],
        &specimens,
        rounds,
    ))
}

fn specimen(tokens: &AccessTokens) -> Result<Specimen, Failure> {
    let user_id = Uuid::new_v4();
    let email = format!("{}@example.test", &user_id.simple().to_string()[..8]);
    let session = Some(Session { id: Uuid::new_v4(), epoch: 3 });
    let token = tokens.issue(&Grant { user_id, email: &email, session })?;
    Ok(Specimen::of(token.into_exposed())?)
}

/// The time of our check, in µs.
pub(super) fn strict_us(timed: &[Timed]) -> Option<f64> {
    timed.iter().find(|timed| timed.name == "strict").map(|timed| timed.ns.median / 1e3)
}

/// The rows of both ratios. Each is the ratio of two medians: with thousands of rounds, the smallest and the largest say
/// nothing.
pub(super) fn judged(timed: &[Timed]) -> Vec<Target> {
    let ns = |name: &str| timed.iter().find(|timed| timed.name == name).map(|timed| timed.ns.median);
    let ratio = |below: Option<f64>| {
        let ratio = ns("strict").zip(below).map(|(strict, below)| strict / below);
        ratio.and_then(|ratio| Median::of([ratio])).ok_or_else(|| "No round was timed.".to_owned())
    };
    let parts = [ns("mac"), ns("base64"), ns("json")].into_iter().sum::<Option<f64>>();
    let rounds = timed.first().map_or(0, |timed| timed.rounds);
    let told = timed.iter().map(|timed| format!("{} {:.0} ns", timed.name, timed.ns.median));
    let told = told.collect::<Vec<_>>().join(", ");
    let how = format!("in one process, {rounds} rounds of {TOKENS} tokens in turn, medians: {told}");
    vec![
        Target::new(
            "T1",
            "HS256 check: strict / MAC + base64 + JSON",
            Limit::AtMost(1.25),
            ratio(parts),
            &*how,
        ),
        Target::new(
            "T1",
            "HS256 check: strict / jsonwebtoken",
            Limit::AtMost(0.45),
            ratio(ns("jsonwebtoken")),
            how,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use measure::targets::Verdict;

    use super::*;

    #[test]
    fn a_few_rounds_give_both_ratios() {
        let rows = judged(&timed(3).unwrap());
        assert_eq!(rows.len(), 2);
        assert!(rows.iter().all(|row| row.verdict() != Verdict::NotMeasured), "{rows:?}");
        assert!(judged(&[]).iter().all(|row| row.verdict() == Verdict::NotMeasured));
    }
}
