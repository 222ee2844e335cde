//! Compares the strict verifier with the library as the access-only lab uses it, on tokens with many kinds of changes.
//! For a run over millions of tokens: `cargo run --release -p lab4-hybrid --example differential`.

mod claims;
mod pair;
mod random;
mod text;
mod token;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::Principal;
use pair::{Pair, Verifier, principal};
use serde_json::Value;
use token::Stage;

/// As many tokens as an unoptimised build tests in about ten seconds.
const TOKENS: u64 = 100_000;

#[test]
fn whatever_the_library_refuses_the_strict_verifier_refuses() {
    let pair = Pair::new().unwrap();
    let tally = pair.run_on_every_core(0..TOKENS).unwrap_or_else(|found| panic!("{found}"));
    println!("{tally}");
    // The test is only useful if, at each stage, both verifiers accept some tokens and both refuse some.
    for stage in Stage::ALL {
        let [both_refuse, _, both_accept] = tally.of(stage);
        assert!(both_accept > 0, "{stage:?}");
        assert_eq!(both_refuse > 0, stage != Stage::Plain, "{stage:?}");
    }
    assert_eq!(tally.of(Stage::Plain)[1], 0);
    assert!(tally.of(Stage::Header)[1] > 0);
}

#[test]
fn a_verifier_that_is_lax_in_one_way_is_found_out() {
    let pair = Pair::new().unwrap();
    let (strict, forgetful) = (pair.strict(), Pair::new().unwrap().reference);
    let found_out = |verifier: &Verifier<'_>| pair.run(verifier, 0..TOKENS).is_err();
    assert!(pair.run(&strict, 0..1000).is_ok());
    assert!(found_out(&|token| strict(token).or_else(|| strict(token.trim()))), "white space around it");
    assert!(found_out(&|token| strict(token).or_else(|| strict(token.strip_suffix('=')?))), "padding");
    assert!(found_out(&|token| strict(token).or_else(|| said(token))), "no signature");
    assert!(
        found_out(&|token| strict(token)
            .or_else(|| forgetful.dangerous_check_ignoring_expiry(token).ok().map(principal))),
        "no exp"
    );
    assert!(found_out(&|token| strict(token).filter(|who| !who.email.starts_with('ä'))), "too strict");
    assert!(found_out(&|token| Some(Principal { session_id: None, ..strict(token)? })), "another answer");
}

/// The user that an unverified token names.
fn said(token: &str) -> Option<Principal> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let text = |claim: &str| claims[claim].as_str();
    Some(Principal {
        user_id: text("sub")?.parse().ok()?,
        email: text("email")?.into(),
        session_id: Some(text("sid")?.parse().ok()?),
        epoch: None,
    })
}
