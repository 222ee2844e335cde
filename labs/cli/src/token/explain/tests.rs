use super::super::parts::Form;
use super::*;

const NOW: u64 = 1_700_000_000;
const GOOD: &str = r#"{"iss":"i","aud":"a","sub":"s","iat":1699999900,"exp":1700000900}"#;

fn object(text: &str) -> Members {
    let Ok(Json::Object(members)) = Json::parse(text) else { panic!("{text}") };
    members
}

fn findings(header: &str, claims: &str) -> Vec<Finding> {
    let alg = object(header).str("alg").and_then(Algorithm::named);
    let signature = vec![0; alg.and_then(|alg| alg.signature_bytes).unwrap_or(256)];
    let parts = Parts {
        form: Form::Compact,
        header: object(header),
        unprotected: Members::default(),
        payload: Payload::Claims(object(claims)),
        signed: Vec::new(),
        signature: Ok(signature),
        flaws: Vec::new(),
    };
    token(&parts, NOW)
}

/// What each concern is about.
fn concerns(header: &str, claims: &str) -> Vec<String> {
    let concerns = findings(header, claims).into_iter().filter(|finding| finding.concern);
    concerns.map(|finding| finding.about).collect()
}

/// The concerns about the good claims with one claim added or replaced.
fn with(name: &str, value: &str) -> Vec<String> {
    let mut claims = serde_json::from_str::<serde_json::Map<_, _>>(GOOD).unwrap();
    claims.remove(name);
    let others = serde_json::to_string(&claims).unwrap();
    let claims = format!("{},\"{name}\":{value}}}", others.trim_end_matches('}'));
    let told = findings(r#"{"alg":"HS256"}"#, &claims).into_iter().filter(|finding| finding.concern);
    told.map(|finding| format!("{} {}", finding.about, finding.text)).collect()
}

const NONE: [&str; 0] = [];

#[test]
fn a_good_access_token_raises_no_concern() {
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
        let header = format!(r#"{{"alg":"HS256","typ":"{typ}"}}"#);
        assert_eq!(concerns(&header, GOOD), NONE, "{typ}");
        let told = findings(&header, GOOD);
        let said = told.iter().find(|finding| finding.about == "typ").unwrap();
        assert!(
            said.text.ends_with("an access token, and no other kind of token (RFC 9068 §2.1)"),
            "{said:?}"
        );
    }
}

#[test]
fn a_token_without_end_or_signature_or_audience_raises_each_concern() {
    assert_eq!(concerns(r#"{"alg":"nOnE"}"#, "{}"), ["alg", "exp", "iss", "aud", "sub"]);
    let month = GOOD.replace("1700000900", "1702592000");
    assert_eq!(concerns(r#"{"alg":"HS256"}"#, &month), ["exp"]);
}

#[test]
fn an_unknown_algorithm_is_a_concern_and_a_registered_one_is_not() {
    for alg in ["HS256", "RS512", "PS384", "ES256", "ES512", "ES256K", "EdDSA", "Ed25519", "Ed448"] {
        assert_eq!(concerns(&format!(r#"{{"alg":"{alg}"}}"#), GOOD), NONE, "{alg}");
    }
    for alg in ["\"hs256\"", "\"FOO\"", "\"\"", "\"A128KW\"", "1", "null"] {
        assert_eq!(concerns(&format!(r#"{{"alg":{alg}}}"#), GOOD), ["alg"], "{alg}");
    }
}

#[test]
fn a_signature_of_another_length_than_its_algorithm_makes_is_a_concern() {
    assert_eq!(concerns(r#"{"alg":"HS256"}"#, GOOD), NONE, "32 bytes");
    let cut = Parts::split("eyJhbGciOiJIUzI1NiJ9.e30.AAAA").unwrap();
    let told = token(&cut, NOW).into_iter().find(|finding| finding.about == "signature").unwrap();
    assert_eq!(
        (told.text.as_str(), told.concern),
        ("has 3 bytes, and HS256 makes 32: it may be cut off, or in another format", true)
    );
}

#[test]
fn a_claim_of_the_right_type_raises_no_concern_and_of_a_wrong_one_does() {
    for (name, right) in [
        ("sub", "\"s\""),
        ("aud", "[\"a\",\"b\"]"),
        ("jti", "\"1\""),
        ("iat", "1699999900.5"),
        ("nbf", "1.7e9"),
        ("exp", "1700000900.25"),
    ] {
        assert_eq!(with(name, right), NONE, "{name}");
    }
    for (name, wrong, told) in [
        ("sub", "1", "sub is a number: it must be a string (RFC 7519 §4.1)"),
        ("iss", "[\"i\"]", "iss is an array: it must be a string (RFC 7519 §4.1)"),
        ("jti", "null", "jti is null: it must be a string (RFC 7519 §4.1)"),
        ("aud", "1", "aud is a number: it must be a string or an array of strings (RFC 7519 §4.1.3)"),
        ("aud", "[\"a\",1]", "aud is an array with other values than strings (RFC 7519 §4.1.3)"),
        (
            "nbf",
            "\"now\"",
            "nbf is a string: it must be a number of seconds (RFC 7519 §2); a strict server refuses the token",
        ),
        (
            "iat",
            "true",
            "iat is a boolean: it must be a number of seconds (RFC 7519 §2); a strict server refuses the token",
        ),
    ] {
        assert_eq!(with(name, wrong), [told], "{name}");
    }
}

#[test]
fn the_end_of_a_token_is_told_with_its_date() {
    let told = |exp: &str| {
        let claims = GOOD.replace("1700000900", exp);
        findings("{}", &claims).into_iter().find(|finding| finding.about == "exp").unwrap().text
    };
    assert_eq!(told("1700000900"), "expires in 15 min (2023-11-14T22:28:20Z); a logout does not change that");
    assert_eq!(told("1700000000"), "expired 0 s ago (2023-11-14T22:13:20Z)");
    assert_eq!(
        told("1700000000.5"),
        "expires in less than 1 s (2023-11-14T22:13:20Z); a logout does not change that"
    );
    assert_eq!(
        told("1700000900000"),
        "1700000900000 looks like milliseconds: NumericDate counts seconds (RFC 7519 §2); in milliseconds it is \
         2023-11-14T22:28:20Z"
    );
    assert_eq!(told("1e400"), "1e400 is no date");
}

#[test]
fn what_occurs_twice_is_told_with_both_values() {
    assert_eq!(concerns(r#"{"alg":"HS256","alg":"HS256"}"#, GOOD), ["alg"]);
    assert_eq!(
        with("role", r#""user","role":"admin""#),
        [
            r#"role occurs 2 times in the claims: "user", "admin"; two servers can read different values (RFC 8725 §2.4)"#
        ]
    );
}

#[test]
fn no_finding_contains_a_character_that_a_terminal_obeys() {
    let header = r#"{"alg":"\u001b[2K","typ":"\u009b2J","kid":"\u001b]0;x\u0007","\u202e":1,"\u202e":2}"#;
    for finding in findings(header, r#"{"\u001b[1A":1,"\u001b[1A":2}"#) {
        let text = format!("{} {}", finding.about, finding.text);
        assert!(!text.contains(kit::visible::is_invisible), "{text:?}");
    }
}
