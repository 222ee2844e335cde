//! Tests in pairs: a token that is accepted, and a similar one that is refused. The tokens are issued by the library,
//! or written here and correctly signed. `other` is the access-only lab's check of the same token, for tokens that it
//! accepts and the strict verifier refuses.

mod published;

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::keyring::Keyring;
use kit::{Clock, Error, Principal};
use lab3_access::access_token::{AccessTokens, Grant, MAX_BYTES, Session, header_segment};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{StrictVerifier, USUAL_PAYLOAD_BYTES};

const OLD: &str = "0123456789abcdef0123456789abcdef";
const NEW: &str = "fedcba9876543210fedcba9876543210";
const ISSUER: &str = "https://authlab.example";
const AUDIENCE: &str = "authlab-api";
const TTL_S: u64 = 900;
const LEEWAY_S: u64 = 5;
const USER: Uuid = Uuid::from_u128(7);
const SESSION: Session = Session { id: Uuid::from_u128(9), epoch: 3 };
const HEADER: &str = r#"{"typ":"at+jwt","alg":"HS256","kid":"2"}"#;

struct Bench {
    strict: StrictVerifier,
    library: AccessTokens,
    clock: Clock,
    now_s: u64,
}

/// A verifier with the keys 2 (issuing) and 1, and a clock at the very beginning of a second.
fn bench() -> Bench {
    let keys: Keyring = format!("2={NEW},1={OLD}").parse().unwrap();
    let clock = Clock::system();
    clock.advance(Duration::from_millis(86_400_000 + 1000 - clock.now_ms() % 1000));
    let (ttl, leeway) = (Duration::from_secs(TTL_S), Duration::from_secs(LEEWAY_S));
    Bench {
        strict: StrictVerifier::new(&keys, ISSUER, AUDIENCE, leeway, clock.clone()).unwrap(),
        library: AccessTokens::new(&keys, ISSUER, AUDIENCE, ttl, leeway, clock.clone()),
        now_s: clock.now_s(),
        clock,
    }
}

/// The result of `look` within one second of the bench's clock. If the machine was too slow, it looks again with a new
/// bench.
fn within_one_second<T>(look: impl Fn(&Bench) -> T) -> T {
    loop {
        let start = std::time::Instant::now();
        let seen = look(&bench());
        if start.elapsed() < Duration::from_millis(900) {
            return seen;
        }
    }
}

impl Bench {
    fn claims(&self) -> Value {
        json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": USER, "iat": self.now_s, "exp": self.now_s + TTL_S, "jti": "j",
            "email": "ann@example.test", "sid": SESSION.id, "epoch": SESSION.epoch,
        })
    }

    fn good(&self) -> String {
        signed(HEADER, &self.claims().to_string())
    }

    /// A correctly signed token with one claim changed, or removed if `value` is `null`.
    fn with_claim(&self, claim: &str, value: Value) -> String {
        signed(HEADER, &changed(self.claims(), claim, value).to_string())
    }

    fn check(&self, token: &str) -> Result<Principal, &'static str> {
        match self.strict.check(token) {
            Ok(principal) => Ok(principal),
            Err(Error::InvalidToken(reason) | Error::ForgedToken(reason)) => Err(reason),
            Err(Error::UnknownKey(_)) => Err("a number of no key of ours"),
            Err(other) => panic!("{other}"),
        }
    }

    fn other(&self, token: &str) -> bool {
        self.library.check(token).is_ok()
    }
}

fn changed(mut object: Value, member: &str, value: Value) -> Value {
    let members = object.as_object_mut().unwrap();
    match value {
        Value::Null => members.remove(member),
        value => members.insert(member.into(), value),
    };
    object
}

fn signed(header: &str, payload: &str) -> String {
    signed_by(NEW, header, payload)
}

fn signed_by(secret: &str, header: &str, payload: &str) -> String {
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let mac = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), message.as_bytes());
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac))
}

#[test]
fn an_issued_token_is_taken_and_says_who() {
    let bench = bench();
    let grant = Grant { user_id: USER, email: "ann@example.test", session: Some(SESSION) };
    let issued = bench.library.issue(&grant).unwrap();
    let expected = Principal {
        user_id: USER,
        email: "ann@example.test".into(),
        session_id: Some(SESSION.id),
        epoch: None,
    };
    assert_eq!(bench.check(issued.expose()), Ok(expected));
    assert_eq!(issued.expose().split('.').next(), Some(&*header_segment(2).unwrap()));
}

#[test]
fn a_token_without_a_session_is_refused() {
    let bench = bench();
    let issued =
        bench.library.issue(&Grant { user_id: USER, email: "ann@example.test", session: None }).unwrap();
    assert!(bench.other(issued.expose()));
    assert!(bench.check(issued.expose()).is_err());
}

#[test]
fn a_token_of_exactly_4096_bytes_is_taken_and_a_longer_one_is_not() {
    // With this `kid` a token can have exactly this length; base64 skips every fourth length.
    let (bench, leeway) = (bench(), Duration::from_secs(LEEWAY_S));
    let keys: Keyring = format!("10={NEW}").parse().unwrap();
    let strict = StrictVerifier::new(&keys, ISSUER, AUDIENCE, leeway, bench.clock.clone()).unwrap();
    let padded = |pad: usize| {
        let claims = changed(bench.claims(), "pad", json!("x".repeat(pad)));
        signed(&HEADER.replace("\"2\"", "\"10\""), &claims.to_string())
    };
    let longest = (2500..3000).rev().find(|pad| padded(*pad).len() <= MAX_BYTES).unwrap();
    assert_eq!(padded(longest).len(), MAX_BYTES);
    assert!(strict.check(&padded(longest)).is_ok());
    let refused = strict.check(&padded(longest + 1)).unwrap_err();
    assert!(matches!(refused, Error::InvalidToken("longer than 4096 bytes")), "{refused}");
}

#[test]
fn an_address_may_hold_what_json_escapes() {
    let bench = bench();
    for email in [r#""ann\"o"@example.test"#, "änn@example.test", "ann\u{7f}@example.test"] {
        let issued = bench.library.issue(&Grant { user_id: USER, email, session: Some(SESSION) }).unwrap();
        assert_eq!(bench.check(issued.expose()).unwrap().email, email);
    }
}

#[test]
fn an_equivalent_header_in_another_spelling_is_refused_though_it_need_not_be() {
    let bench = bench();
    let claims = bench.claims().to_string();
    assert!(bench.check(&signed(HEADER, &claims)).is_ok());
    for header in [
        r#"{"alg":"HS256","typ":"at+jwt","kid":"2"}"#,
        r#"{"typ":"at+jwt", "alg":"HS256","kid":"2"}"#,
        r#"{"typ":"at+jwt","alg":"HS256","kid":"\u0032"}"#,
        r#"{"typ":"at+jwt","alg":"HS256","kid":"2","x":1}"#,
    ] {
        let token = signed(header, &claims);
        assert!(bench.other(&token), "{header}");
        assert_eq!(
            bench.check(&token),
            Err("the header does not match any that this server issues"),
            "{header}"
        );
    }
}

#[test]
fn a_header_belongs_to_its_own_key() {
    let bench = bench();
    let (claims, old) = (bench.claims().to_string(), HEADER.replace(r#""2""#, r#""1""#));
    assert!(bench.check(&signed_by(OLD, &old, &claims)).is_ok());
    assert_eq!(bench.check(&signed_by(NEW, &old, &claims)), Err("the signature does not match"));
    assert_eq!(bench.check(&signed_by(OLD, HEADER, &claims)), Err("the signature does not match"));
    let unknown = old.replace("\"1\"", "\"3\"");
    assert_eq!(bench.check(&signed_by(OLD, &unknown, &claims)), Err("a number of no key of ours"));
}

#[test]
fn a_token_is_good_until_the_second_before_exp_and_refused_exactly_at_exp() {
    let (before, at) = within_one_second(|bench| {
        let token = bench.good();
        bench.clock.advance(Duration::from_secs(TTL_S - 1));
        let before = bench.check(&token);
        bench.clock.advance(Duration::from_secs(1));
        (before, bench.check(&token))
    });
    assert!(before.is_ok());
    assert_eq!(at, Err("expired"));
}

#[test]
fn iat_and_nbf_may_lie_as_far_ahead_as_the_leeway_and_no_further() {
    for claim in ["iat", "nbf"] {
        let (soon, early) = within_one_second(|bench| {
            let at = |s: u64| bench.check(&bench.with_claim(claim, json!(bench.now_s + s)));
            (at(LEEWAY_S), at(LEEWAY_S + 1))
        });
        assert!(soon.is_ok(), "{claim}");
        assert_eq!(early, Err("not valid yet"), "{claim}");
    }
    let bench = bench();
    let past = changed(bench.claims(), "nbf", json!(bench.now_s));
    let early = changed(past, "iat", json!(bench.now_s + 100)).to_string();
    assert_eq!(bench.check(&signed(HEADER, &early)), Err("not valid yet"));
}

#[test]
fn exp_is_a_date_that_comes_after_iat() {
    let bench = bench();
    assert!(bench.check(&bench.with_claim("exp", json!(253_402_300_799_u64))).is_ok());
    for exp in [253_402_300_800, bench.now_s] {
        let token = bench.with_claim("exp", json!(exp));
        assert_eq!(bench.check(&token), Err("its times contradict each other or are not dates"), "{exp}");
    }
    let raw = |exp: &str| {
        let claims = bench.claims().to_string();
        bench.check(&signed(HEADER, &claims.replace(&(bench.now_s + TTL_S).to_string(), exp)))
    };
    assert!(raw(&(bench.now_s + TTL_S).to_string()).is_ok());
    for exp in ["1e400", "4e9", "4000000000.0", "-1", "null", "\"4000000000\"", "[4000000000]"] {
        assert!(raw(exp).is_err(), "{exp}");
    }
}

#[test]
fn every_claim_must_be_there_once_and_nbf_may_be() {
    let bench = bench();
    assert!(bench.check(&bench.good()).is_ok());
    let claims = bench.claims();
    for (name, value) in claims.as_object().unwrap() {
        assert!(bench.check(&bench.with_claim(name, Value::Null)).is_err(), "without {name}");
        let twice = claims.to_string().replacen('{', &format!("{{\"{name}\":{value},"), 1);
        assert!(bench.check(&signed(HEADER, &twice)).is_err(), "{name} twice");
    }
    assert!(bench.check(&bench.with_claim("unknown", json!({"n": [1]}))).is_ok());
    let null = claims.to_string().replacen('{', "{\"nbf\":null,", 1);
    assert!(bench.check(&signed(HEADER, &null)).is_err());
}

#[test]
fn iss_and_aud_are_one_exact_string_each() {
    let bench = bench();
    for (claim, right, refusal) in
        [("iss", ISSUER, "the issuer is another one"), ("aud", AUDIENCE, "the audience is another one")]
    {
        let escaped = bench.claims().to_string().replacen(right, &right.replacen('a', "\\u0061", 1), 1);
        assert!(bench.check(&signed(HEADER, &escaped)).is_ok());
        for wrong in [String::new(), format!("{right}/"), right.to_uppercase()] {
            assert_eq!(bench.check(&bench.with_claim(claim, json!(wrong))), Err(refusal), "{wrong}");
        }
        assert!(bench.check(&bench.with_claim(claim, json!([right]))).is_err());
    }
}

#[test]
fn sub_and_sid_are_uuids_as_we_write_them_and_jti_is_not_empty() {
    let bench = bench();
    for claim in ["sub", "sid"] {
        let simple = bench.with_claim(claim, json!(USER.simple()));
        assert!(bench.other(&simple));
        assert!(bench.check(&simple).is_err());
        let no_uuid = json!(USER.to_string().replacen('0', "x", 1));
        assert_eq!(bench.check(&bench.with_claim(claim, no_uuid)), Err("sub or sid is not a UUID"));
        let escaped = bench.claims().to_string().replacen("\"0000", "\"\\u0030000", 2);
        assert!(bench.other(&signed(HEADER, &escaped)));
        assert!(bench.check(&signed(HEADER, &escaped)).is_err());
    }
    assert_eq!(bench.check(&bench.with_claim("jti", json!(""))), Err("the jti is empty"));
}

#[test]
fn a_list_in_place_of_the_claims_is_refused() {
    let bench = bench();
    let names = ["iss", "aud", "sub", "iat", "iat", "exp", "jti", "email", "sid", "epoch"];
    let list: Vec<_> = names.iter().map(|name| bench.claims()[name].clone()).collect();
    assert_eq!(bench.check(&signed(HEADER, &json!(list).to_string())), Err("the payload is not an object"));
}

#[test]
fn a_token_is_three_parts_of_strict_base64url_and_nothing_around_them() {
    let bench = bench();
    let good = bench.good();
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    assert!(bench.check(&good).is_ok());
    for token in [
        String::new(),
        format!("{header}."),
        message.into(),
        format!("{message}."),
        format!("{message}.."),
        format!("{message}.{}", &signature[..42]),
        format!("{good}A"),
        format!("{good}="),
        format!("{good}.{signature}"),
        format!("{header}..{signature}"),
        format!(" {good}"),
        format!("{good}\n"),
        format!("{header}.{payload}.{}", "é".repeat(21) + "A"),
    ] {
        assert!(bench.check(&token).is_err(), "{token}");
    }
    // These are correctly signed, but have a fourth part, padding, or a character of another alphabet.
    let key = hmac::Key::new(hmac::HMAC_SHA256, NEW.as_bytes());
    for message in [format!("{message}.{payload}"), format!("{message}="), format!("{message}+")] {
        let mac = URL_SAFE_NO_PAD.encode(hmac::sign(&key, message.as_bytes()));
        assert_eq!(
            bench.check(&format!("{message}.{mac}")),
            Err("the payload is not base64url"),
            "{message}"
        );
    }
}

#[test]
fn one_flipped_bit_anywhere_is_refused() {
    let bench = bench();
    let good = bench.good();
    for at in 0..good.len() {
        for bit in 0..7 {
            let mut bytes = good.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let token = String::from_utf8(bytes).unwrap();
            assert!(bench.check(&token).is_err(), "byte {at}, bit {bit}");
        }
    }
}

#[test]
fn a_payload_of_any_length_is_read_until_the_token_is_over_4096_bytes() {
    let bench = bench();
    let padded = |pad: usize| bench.with_claim("pad", json!("x".repeat(pad)));
    let shortest = URL_SAFE_NO_PAD.decode(padded(0).split('.').nth(1).unwrap()).unwrap().len();
    for length in USUAL_PAYLOAD_BYTES - 4..USUAL_PAYLOAD_BYTES + 4 {
        assert!(bench.check(&padded(length - shortest)).is_ok(), "{length} bytes");
    }
    let longest = (2000..4000).rev().map(padded).find(|token| token.len() <= MAX_BYTES).unwrap();
    assert!(longest.len() > MAX_BYTES - 2);
    assert!(bench.check(&longest).is_ok());
    let over = (2000..4000).map(padded).find(|token| token.len() > MAX_BYTES).unwrap();
    assert_eq!(bench.check(&over), Err("longer than 4096 bytes"));
}

#[test]
fn nothing_that_holds_a_key_shows_it() {
    assert_eq!(format!("{:?}", bench().strict), "StrictVerifier { keys: 2, .. }");
}
