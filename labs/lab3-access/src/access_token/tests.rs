//! Tests in pairs: a token that is accepted, and a similar one that is refused. Where the library's defaults would
//! accept a token that this lab refuses, the test shows it: it passes the same token to `library_takes`.

mod published;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation, crypto};
use kit::clock::Clock;
use kit::error::Error;
use kit::keyring::Keyring;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{AccessTokens, Checked, Grant, MAX_BYTES, Session, header_segment};

const OLD: &str = "0123456789abcdef0123456789abcdef";
const NEW: &str = "fedcba9876543210fedcba9876543210";
const ISSUER: &str = "https://authlab.example";
const AUDIENCE: &str = "authlab-api";
const TTL_S: u64 = 900;
const LEEWAY_S: u64 = 5;
const USER: Uuid = Uuid::from_u128(7);

struct Bench {
    tokens: AccessTokens,
    clock: Clock,
    now_s: u64,
}

/// A verifier with the keys 2 (issuing) and 1, and the content from which the tests' tokens are varied. Its clock is a
/// day ahead of the system's, so that no test passes because of the system's time, and it starts at a whole second, as
/// far as possible from the next one.
fn bench() -> Bench {
    let keys: Keyring = format!("2={NEW},1={OLD}").parse().unwrap();
    let clock = Clock::system();
    clock.advance(Duration::from_millis(86_400_000 + 1000 - clock.now_ms() % 1000));
    let (ttl, leeway) = (Duration::from_secs(TTL_S), Duration::from_secs(LEEWAY_S));
    let now_s = clock.now_s();
    Bench { tokens: AccessTokens::new(&keys, ISSUER, AUDIENCE, ttl, leeway, clock.clone()), clock, now_s }
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
    fn header(&self) -> Value {
        json!({"typ": "at+jwt", "alg": "HS256", "kid": "2"})
    }

    fn claims(&self) -> Value {
        json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": USER, "iat": self.now_s, "exp": self.now_s + TTL_S,
            "jti": "j", "email": "ann@example.test",
        })
    }

    fn check(&self, token: &str) -> Result<Checked, &'static str> {
        match self.tokens.check(token) {
            Ok(checked) => Ok(checked),
            Err(Error::InvalidToken(reason) | Error::ForgedToken(reason)) => Err(reason),
            Err(Error::UnknownKey(_)) => Err("its kid does not name a key of this server"),
            Err(other) => panic!("{other}"),
        }
    }

    /// A correctly signed token with one header parameter changed, or removed if `value` is `null`.
    fn with_header(&self, member: &str, value: Value) -> String {
        signed(&changed(self.header(), member, value).to_string(), &self.claims().to_string())
    }

    fn with_claim(&self, claim: &str, value: Value) -> String {
        signed(&self.header().to_string(), &changed(self.claims(), claim, value).to_string())
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
    let key = EncodingKey::from_secret(secret.as_bytes());
    let signature = crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

/// Whether the library accepts the token with the settings that most programs use: algorithm, issuer and audience.
fn library_takes(token: &str) -> bool {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    jsonwebtoken::decode::<Value>(token, &DecodingKey::from_secret(NEW.as_bytes()), &validation).is_ok()
}

#[test]
fn an_issued_token_says_who_and_until_when_and_is_taken() {
    let session = Some(Session { id: Uuid::from_u128(9), epoch: 3 });
    let (checked, now_s, shown) = within_one_second(|bench| {
        let issued =
            bench.tokens.issue(&Grant { user_id: USER, email: "ann@example.test", session }).unwrap();
        (bench.check(issued.expose()), bench.now_s, format!("{issued:?}"))
    });
    let expected =
        Checked { user_id: USER, email: "ann@example.test".into(), session, expires_at_s: now_s + TTL_S };
    assert_eq!(checked, Ok(expected));
    assert_eq!(shown, "AccessToken(…)");
}

#[test]
fn a_token_ends_with_its_session_where_that_is_sooner() {
    let session = Some(Session { id: Uuid::from_u128(9), epoch: 3 });
    let grant = Grant { user_id: USER, email: "ann@example.test", session };
    for (left_ms, ttl_s) in [
        (TTL_S * 1_000 + 1, TTL_S),
        (TTL_S * 1_000, TTL_S),
        (TTL_S * 1_000 - 1, TTL_S - 1),
        (7_999, 7),
        (999, 0),
        (0, 0),
    ] {
        let (checked, told, now_s) = within_one_second(|bench| {
            let (token, told) = bench.tokens.issue_within(Duration::from_millis(left_ms), &grant).unwrap();
            (bench.tokens.dangerous_check_ignoring_expiry(token.expose()), told, bench.now_s)
        });
        let ends = checked.unwrap().expires_at_s;
        assert_eq!((ends - now_s, told.as_secs()), (ttl_s, ttl_s), "{left_ms} ms left");
    }
}

#[test]
fn a_token_without_a_session_has_neither_sid_nor_epoch() {
    let bench = bench();
    let issued = bench.tokens.issue(&Grant { user_id: USER, email: "a@b", session: None }).unwrap();
    let payload = URL_SAFE_NO_PAD.decode(issued.expose().split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    let mut names: Vec<_> = claims.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["aud", "email", "exp", "iat", "iss", "jti", "sub"]);
}

#[test]
fn two_tokens_of_one_second_differ_in_their_jti() {
    let bench = bench();
    let grant = Grant { user_id: USER, email: "a@b", session: None };
    let (first, second) = (bench.tokens.issue(&grant).unwrap(), bench.tokens.issue(&grant).unwrap());
    assert_ne!(first.expose(), second.expose());
}

#[test]
fn a_token_is_good_until_the_second_before_exp_and_refused_exactly_at_exp() {
    let (before, at) = within_one_second(|bench| {
        let token = signed(&bench.header().to_string(), &bench.claims().to_string());
        bench.clock.advance(Duration::from_secs(TTL_S - 1));
        let before = bench.check(&token);
        bench.clock.advance(Duration::from_secs(1));
        (before, bench.check(&token))
    });
    assert!(before.is_ok());
    assert_eq!(at, Err("expired"));
}

#[test]
fn the_library_takes_a_token_for_a_minute_after_exp_and_we_do_not() {
    let bench = bench();
    // By the system's clock, which the library uses.
    let system_s = Clock::system().now_s();
    let late = changed(bench.claims(), "exp", json!(system_s - 50));
    let late = signed(&bench.header().to_string(), &changed(late, "iat", json!(system_s - 950)).to_string());
    assert!(library_takes(&late));
    assert_eq!(bench.check(&late).unwrap_err(), "expired");
}

#[test]
fn an_expired_token_passes_where_the_times_are_ignored_and_a_forged_one_does_not() {
    let bench = bench();
    let token = signed(&bench.header().to_string(), &bench.claims().to_string());
    bench.clock.advance(Duration::from_secs(10 * TTL_S));
    assert!(bench.check(&token).is_err());
    assert_eq!(bench.tokens.dangerous_check_ignoring_expiry(&token).unwrap().user_id, USER);
    let forged = signed_by(OLD, &bench.header().to_string(), &bench.claims().to_string());
    assert!(bench.tokens.dangerous_check_ignoring_expiry(&forged).is_err());
    let elsewhere = bench.with_claim("aud", json!("another-api"));
    assert!(bench.tokens.dangerous_check_ignoring_expiry(&elsewhere).is_err());
}

#[test]
fn iat_and_nbf_may_lie_as_far_ahead_as_the_leeway_and_no_further() {
    for claim in ["iat", "nbf"] {
        let (soon, early, library_takes_it) = within_one_second(|bench| {
            let early = bench.with_claim(claim, json!(bench.now_s + LEEWAY_S + 1));
            let soon = bench.check(&bench.with_claim(claim, json!(bench.now_s + LEEWAY_S)));
            (soon, bench.check(&early), library_takes(&early))
        });
        assert!(soon.is_ok(), "{claim}");
        assert_eq!(early, Err("not valid yet"), "{claim}");
        assert!(library_takes_it, "{claim}");
    }
}

#[test]
fn an_nbf_that_has_passed_does_not_excuse_an_iat_that_has_not_come() {
    let bench = bench();
    let early = changed(bench.claims(), "iat", json!(bench.now_s + 100));
    let early = changed(early, "nbf", json!(bench.now_s));
    assert_eq!(bench.check(&signed(&bench.header().to_string(), &early.to_string())), Err("not valid yet"));
}

#[test]
fn a_missing_claim_is_refused_though_the_library_misses_only_exp() {
    let bench = bench();
    for claim in ["iss", "aud", "sub", "iat", "jti", "email"] {
        let token = bench.with_claim(claim, Value::Null);
        assert!(library_takes(&token), "{claim}");
        assert!(bench.check(&token).is_err(), "{claim}");
    }
    assert!(!library_takes(&bench.with_claim("exp", Value::Null)));
    assert!(bench.check(&bench.with_claim("exp", Value::Null)).is_err());
    assert!(bench.check(&bench.with_claim("unknown", json!("ignored"))).is_ok());
}

#[test]
fn iss_and_aud_are_one_exact_string_each_though_the_library_takes_lists() {
    let bench = bench();
    for (claim, right) in [("iss", ISSUER), ("aud", AUDIENCE)] {
        assert!(bench.check(&bench.with_claim(claim, json!(right))).is_ok());
        let list = bench.with_claim(claim, json!([right, "https://evil.example"]));
        assert!(library_takes(&list), "{claim}");
        assert!(bench.check(&list).is_err(), "{claim}");
        for wrong in [json!(""), json!(format!("{right}/")), json!(right.to_uppercase()), json!(7), json!({})]
        {
            assert!(bench.check(&bench.with_claim(claim, wrong.clone())).is_err(), "{claim} {wrong}");
        }
    }
}

#[test]
fn sub_is_a_uuid_and_jti_is_not_empty() {
    let bench = bench();
    for (claim, value) in
        [("sub", json!("")), ("sub", json!("ann")), ("sub", json!([USER])), ("jti", json!(""))]
    {
        assert!(bench.check(&bench.with_claim(claim, value.clone())).is_err(), "{claim} {value}");
    }
}

#[test]
fn exp_is_a_whole_number_that_is_a_date() {
    let bench = bench();
    let exp = bench.now_s + TTL_S;
    assert!(bench.check(&bench.with_claim("exp", json!(253_402_300_799_u64))).is_ok());
    for wrong in [
        json!(exp.to_string()),
        json!(exp as f64 + 0.5),
        json!(-1),
        json!(253_402_300_800_u64),
        json!(1_u64 << 63),
    ] {
        assert!(bench.check(&bench.with_claim("exp", wrong.clone())).is_err(), "{wrong}");
    }
    let payload = |exp: &str| bench.claims().to_string().replace(&(bench.now_s + TTL_S).to_string(), exp);
    for raw in ["1e400", "null", "true", "[1]", "18446744073709551616"] {
        assert!(bench.check(&signed(&bench.header().to_string(), &payload(raw))).is_err(), "{raw}");
    }
    assert!(bench.check(&signed(&bench.header().to_string(), &payload(&exp.to_string()))).is_ok());
    // A token that expires when it is issued.
    assert!(bench.check(&bench.with_claim("exp", json!(bench.now_s))).is_err());
}

#[test]
fn a_sid_needs_its_epoch() {
    let bench = bench();
    let sid = changed(bench.claims(), "sid", json!(Uuid::from_u128(9)));
    let both = changed(sid.clone(), "epoch", json!(3));
    let check = |claims: &Value| bench.check(&signed(&bench.header().to_string(), &claims.to_string()));
    assert_eq!(check(&both).unwrap().session, Some(Session { id: Uuid::from_u128(9), epoch: 3 }));
    assert!(check(&sid).is_err());
    assert!(check(&changed(bench.claims(), "epoch", json!(3))).is_err());
    assert!(check(&changed(both, "nbf", json!({}))).is_err());
}

#[test]
fn only_at_jwt_is_an_access_token_though_the_library_takes_any_typ() {
    let bench = bench();
    assert!(bench.check(&bench.with_header("typ", json!("at+jwt"))).is_ok());
    for wrong in ["JWT", "AT+JWT", "application/at+jwt", "refresh+jwt", ""] {
        let token = bench.with_header("typ", json!(wrong));
        assert!(library_takes(&token), "{wrong}");
        assert!(bench.check(&token).is_err(), "{wrong}");
    }
    assert!(bench.check(&bench.with_header("typ", Value::Null)).is_err());
}

#[test]
fn an_extension_is_refused_though_the_library_passes_over_it() {
    let bench = bench();
    for (member, value) in [("crit", json!(["x"])), ("b64", json!(false)), ("b64", json!(true))] {
        let token = bench.with_header(member, value.clone());
        assert!(library_takes(&token), "{member} {value}");
        assert_eq!(bench.check(&token).unwrap_err(), "the header asks for an extension", "{member} {value}");
    }
    let null = bench.header().to_string().replacen('{', r#"{"crit":null,"#, 1);
    assert!(bench.check(&signed(&null, &bench.claims().to_string())).is_err());
}

#[test]
fn a_key_that_a_token_brings_along_is_ignored() {
    let bench = bench();
    let brought = json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(OLD)});
    let header = changed(bench.header(), "jwk", brought).to_string();
    assert!(bench.check(&signed_by(NEW, &header, &bench.claims().to_string())).is_ok());
    assert!(bench.check(&signed_by(OLD, &header, &bench.claims().to_string())).is_err());
    for member in ["jku", "x5u"] {
        assert!(bench.check(&bench.with_header(member, json!("http://127.0.0.1:1/"))).is_ok(), "{member}");
    }
}

#[test]
fn an_alg_other_than_its_key_s_is_refused_in_any_spelling() {
    let bench = bench();
    let claims = bench.claims().to_string();
    for alg in ["none", "None", "NONE", "nOnE", "hs256", "HS384", "HS512", "RS256", "ES256", ""] {
        assert!(bench.check(&bench.with_header("alg", json!(alg))).is_err(), "{alg}");
        let header = changed(bench.header(), "alg", json!(alg)).to_string();
        let unsigned = format!("{}.{}.", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(&claims));
        assert!(bench.check(&unsigned).is_err(), "{alg}, unsigned");
    }
    // Refused even if the signature is valid under that other algorithm.
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(changed(bench.header(), "alg", json!("HS512")).to_string()),
        URL_SAFE_NO_PAD.encode(&claims)
    );
    let key = EncodingKey::from_secret(NEW.as_bytes());
    let signature = crypto::sign(message.as_bytes(), &key, Algorithm::HS512).unwrap();
    assert_eq!(bench.check(&format!("{message}.{signature}")).unwrap_err(), "its alg is not that of its key");
}

#[test]
fn a_kid_names_the_key_that_signed_and_nothing_else() {
    let bench = bench();
    let claims = bench.claims().to_string();
    let old = changed(bench.header(), "kid", json!("1")).to_string();
    assert!(bench.check(&signed_by(OLD, &old, &claims)).is_ok());
    assert_eq!(bench.check(&signed_by(NEW, &old, &claims)).unwrap_err(), "the signature does not match");
    for kid in ["", "02", "3", "2 ", "2\0", "../../dev/null", "2' OR '1'='1"] {
        let token = bench.with_header("kid", json!(kid));
        assert_eq!(bench.check(&token).unwrap_err(), "its kid does not name a key of this server", "{kid:?}");
    }
    for kid in [Value::Null, json!(2), json!(["2"]), json!("k".repeat(10_000))] {
        assert!(bench.check(&bench.with_header("kid", kid)).is_err());
    }
}

#[test]
fn a_token_that_the_key_before_signed_is_taken_until_that_key_is_gone() {
    let grant = Grant { user_id: USER, email: "a@b", session: None };
    let tokens = |keys: &str| {
        let (ttl, leeway) = (Duration::from_secs(TTL_S), Duration::from_secs(LEEWAY_S));
        AccessTokens::new(&keys.parse().unwrap(), ISSUER, AUDIENCE, ttl, leeway, Clock::system())
    };
    let before = tokens(&format!("1={OLD}")).issue(&grant).unwrap();
    assert!(tokens(&format!("2={NEW},1={OLD}")).check(before.expose()).is_ok());
    assert!(tokens(&format!("2={NEW}")).check(before.expose()).is_err());
}

#[test]
fn a_member_that_is_there_twice_is_refused() {
    let bench = bench();
    let (header, claims) = (bench.header().to_string(), bench.claims().to_string());
    assert!(bench.check(&signed(&header, &claims)).is_ok());
    for twice in [r#""alg":"HS256","#, r#""kid":"2","#, r#""typ":"at+jwt","#] {
        let token = signed(&header.replacen('{', &format!("{{{twice}"), 1), &claims);
        assert!(bench.check(&token).is_err(), "{twice}");
    }
    for twice in [format!(r#""exp":{},"#, bench.now_s + TTL_S), format!(r#""sub":"{USER}","#)] {
        let token = signed(&header, &claims.replacen('{', &format!("{{{twice}"), 1));
        assert!(bench.check(&token).is_err(), "{twice}");
    }
}

#[test]
fn a_list_in_place_of_an_object_is_refused() {
    let bench = bench();
    let values = |object: Value, names: &[&str]| {
        Value::Array(names.iter().map(|name| object[name].clone()).collect()).to_string()
    };
    let header = values(bench.header(), &["typ", "alg", "kid"]);
    assert!(bench.check(&signed(&header, &bench.claims().to_string())).is_err());
    let claims =
        values(bench.claims(), &["iss", "aud", "sub", "iat", "iat", "exp", "jti", "email", "sub", "iat"]);
    assert!(bench.check(&signed(&bench.header().to_string(), &claims)).is_err());
    // Five values in the library's own order of claims, with `iat` in the place of `nbf`.
    let five =
        signed(&bench.header().to_string(), &values(bench.claims(), &["exp", "iat", "sub", "iss", "aud"]));
    assert!(library_takes(&five));
    assert!(bench.check(&five).is_err());
}

#[test]
fn a_payload_that_is_written_otherwise_says_the_same() {
    let bench = bench();
    let claims = bench.claims().to_string();
    let spaced = claims.replacen('{', "\n{ ", 1);
    assert!(bench.check(&signed(&bench.header().to_string(), &spaced)).is_ok());
    let escaped = claims.replacen("\"iss\"", r#""\u0069ss""#, 1);
    assert_ne!(escaped, claims);
    assert!(bench.check(&signed(&bench.header().to_string(), &escaped)).is_ok());
    let twice = escaped.replacen('{', &format!(r#"{{"iss":"{ISSUER}","#), 1);
    assert!(bench.check(&signed(&bench.header().to_string(), &twice)).is_err());
}

#[test]
fn the_first_part_of_an_issued_token_is_the_one_that_is_told_beforehand() {
    let issued = bench().tokens.issue(&Grant { user_id: USER, email: "a@b", session: None }).unwrap();
    assert_eq!(issued.expose().split('.').next().unwrap(), header_segment(2).unwrap());
    let told = URL_SAFE_NO_PAD.decode(header_segment(65_535).unwrap()).unwrap();
    assert_eq!(told, br#"{"typ":"at+jwt","alg":"HS256","kid":"65535"}"#);
}

#[test]
fn a_token_is_three_parts_of_strict_base64url_and_nothing_around_them() {
    let bench = bench();
    let good = signed(&bench.header().to_string(), &bench.claims().to_string());
    assert!(bench.check(&good).is_ok());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    let wrong = [
        String::new(),
        ".".into(),
        "..".into(),
        header.into(),
        message.into(),
        format!("{message}."),
        format!("{good}."),
        format!("{good}.{payload}.{header}"),
        format!("{message}..{signature}"),
        format!(" {good}"),
        format!("{good}\n"),
        format!("{good}="),
        format!("{header}=.{payload}.{signature}"),
        format!("{message}.{}", signature.replace(['-', '_'], "+")) + "+",
        serde_json::to_string(
            &json!({"payload": payload, "signatures": [{"protected": header, "signature": signature}]}),
        )
        .unwrap(),
    ];
    for token in wrong {
        assert!(bench.check(&token).is_err(), "{token}");
    }
}

#[test]
fn stray_bits_in_the_last_character_are_another_token_and_refused() {
    let bench = bench();
    let good = signed(&bench.header().to_string(), &bench.claims().to_string());
    // 32 bytes end in a character with two unused bits, so a lax decoder would accept four characters for each value.
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = alphabet.find(good.chars().last().unwrap()).unwrap();
    let taken = (0..4).filter(|bits| {
        let character = alphabet.as_bytes()[(last & !3) | bits] as char;
        bench.check(&format!("{}{character}", &good[..good.len() - 1])).is_ok()
    });
    assert_eq!(taken.count(), 1);
}

#[test]
fn one_flipped_bit_anywhere_is_refused() {
    let bench = bench();
    let good = signed(&bench.header().to_string(), &bench.claims().to_string());
    for at in 0..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[at] ^= 1;
        let token = String::from_utf8(bytes).unwrap();
        assert!(bench.check(&token).is_err(), "byte {at}");
    }
}

#[test]
fn a_token_over_4096_bytes_is_refused_before_its_signature_is_looked_at() {
    let bench = bench();
    let padded = |pad: usize| bench.with_claim("pad", json!("x".repeat(pad)));
    let longest = (2000..4000).rev().map(padded).find(|token| token.len() <= MAX_BYTES).unwrap();
    assert!(bench.check(&longest).is_ok());
    let over = padded(4000);
    assert!(library_takes(&over));
    assert_eq!(bench.check(&over).unwrap_err(), "longer than 4096 bytes");
    let unsigned = "x".repeat(MAX_BYTES + 1);
    assert_eq!(bench.check(&unsigned).unwrap_err(), "longer than 4096 bytes");
}

#[test]
fn the_longest_token_has_exactly_4096_bytes_issued_or_checked() {
    // With this `kid`, some addresses give a token of exactly this length; base64 skips every fourth length.
    let keys: Keyring = format!("10={NEW}").parse().unwrap();
    let (ttl, leeway) = (Duration::from_secs(TTL_S), Duration::from_secs(LEEWAY_S));
    let tokens = AccessTokens::new(&keys, ISSUER, AUDIENCE, ttl, leeway, Clock::system());
    let issued =
        |email: usize| tokens.issue(&Grant { user_id: USER, email: &"a".repeat(email), session: None });
    let longest = (2000..4000).rev().find_map(|email| Some((email, issued(email).ok()?)));
    let (email, token) = longest.unwrap();
    assert_eq!(token.expose().len(), MAX_BYTES);
    assert!(tokens.check(token.expose()).is_ok());
    assert!(matches!(issued(email + 1), Err(Error::Internal(_))));
    assert!(matches!(issued(4096), Err(Error::Internal(_))));
}

#[test]
fn the_log_is_told_which_check_refused_a_token() {
    let bench = bench();
    let header = bench.header().to_string();
    let good = signed(&header, &bench.claims().to_string());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let cut = message.split_once('.').unwrap().0;
    for (token, reason) in [
        ("no dot".to_owned(), "it does not have three parts"),
        (format!("{cut}.{signature}"), "it does not have three parts"),
        (format!("{good}.{signature}"), "a part is not base64url"),
        (format!("{message}.{signature}="), "a part is not base64url"),
        (format!("={good}"), "the header is not base64url"),
        (signed_by(OLD, &header, &bench.claims().to_string()), "the signature does not match"),
        (bench.with_claim("sub", Value::Null), "a member is missing, repeated, or of the wrong type"),
        (bench.with_claim("iss", json!("https://evil.example")), "the issuer is another one"),
        (bench.with_claim("aud", json!("another-api")), "the audience is another one"),
        (bench.with_claim("exp", json!(bench.now_s)), "its times contradict each other or are not dates"),
        (bench.with_claim("jti", json!("")), "the jti is empty"),
        (bench.with_claim("epoch", json!(1)), "one of sid and epoch without the other"),
        (bench.with_header("alg", json!("HS512")), "its alg is not that of its key"),
        (bench.with_header("typ", json!("JWT")), "its typ is not that of an access token"),
    ] {
        assert_eq!(bench.check(&token).unwrap_err(), reason, "{token}");
    }
}

#[test]
fn a_key_of_31_bytes_never_signs_though_the_library_takes_an_empty_one() {
    assert!(crypto::sign(b"x", &EncodingKey::from_secret(b""), Algorithm::HS256).is_ok());
    assert!(format!("1={}", &OLD[1..]).parse::<Keyring>().is_err());
    assert!(format!("1={OLD}").parse::<Keyring>().is_ok());
}

#[test]
fn nothing_that_holds_a_key_shows_it() {
    let shown = format!("{:?}", bench().tokens);
    assert_eq!(shown, r#"AccessTokens { kids: ["2", "1"], .. }"#);
}
