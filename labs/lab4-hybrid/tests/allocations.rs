//! Counts the allocations of one check: it allocates only the email address that the handler gets.

use std::time::Duration;

use allocation_counter::measure;
use kit::keyring::Keyring;
use kit::{Clock, Error, Principal};
use lab3_access::access_token::{AccessTokens, Grant, Session};
use lab4_hybrid::strict::StrictVerifier;
use uuid::Uuid;

const EMAIL: &str = "ann@example.test";

/// The library as the access-only lab uses it, the strict verifier, and a token for both.
fn issued() -> Result<(AccessTokens, StrictVerifier, String), Error> {
    let (keys, clock) = (Keyring::random(), Clock::system());
    let (issuer, audience, leeway) = ("https://authlab.example", "authlab-api", Duration::from_secs(5));
    let tokens = AccessTokens::new(&keys, issuer, audience, Duration::from_secs(900), leeway, clock.clone());
    let strict = StrictVerifier::new(&keys, issuer, audience, leeway, clock)?;
    let session = Some(Session { id: Uuid::from_u128(9), epoch: 3 });
    let token = tokens.issue(&Grant { user_id: Uuid::from_u128(7), email: EMAIL, session })?.into_exposed();
    // The first use may initialize something, so it is not counted.
    strict.check(&token)?;
    tokens.check(&token)?;
    Ok((tokens, strict, token))
}

#[test]
fn a_good_token_costs_one_allocation_which_is_the_address() {
    let (tokens, strict, token) = issued().unwrap();
    let mut checked: Option<Result<Principal, Error>> = None;
    let cost = measure(|| checked = Some(strict.check(&token)));
    assert_eq!(checked.unwrap().unwrap().email, EMAIL);
    assert_eq!((cost.count_total, cost.bytes_total), (1, EMAIL.len() as u64));
    // By contrast, the same token through the library, which proves that allocations are counted.
    let library = measure(|| drop(tokens.check(&token)));
    println!("jsonwebtoken, as the access-only lab uses it: {} allocations", library.count_total);
    assert!(library.count_total > 10, "{}", library.count_total);
}

#[test]
fn a_refused_token_costs_none() {
    let (_, strict, token) = issued().unwrap();
    let other = if token.ends_with('A') { 'E' } else { 'A' };
    let forged = format!("{}{other}", &token[..token.len() - 1]);
    let cut = &token[..token.len() - 1];
    for token in ["", "garbage", &forged, cut, &"x".repeat(5000)] {
        let cost = measure(|| assert!(strict.check(token).is_err()));
        assert_eq!(cost.count_total, 0, "{token}");
    }
}
