//! Tests of what `cargo lab token` reads, and of what it prints of a token that wants to deceive its reader.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::program::{run, run_reading};
use crate::token_keys::{Files, fails, holds, made_by_jose};

/// The example of RFC 7515, appendix A.1.
const SIGNED: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn token(header: &str, payload: &str) -> String {
    let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.AAAA", part(header), part(payload))
}

fn report(arguments: &[&str]) -> Value {
    let ended = run(&[&["token", "--json"], arguments].concat());
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap()
}

#[test]
fn the_words_of_a_header_need_no_quotes() {
    let report = report(&["Authorization:", "Bearer", SIGNED]);
    assert_eq!((&report["found_in"], &report["claims"]["iss"]), (&json!("Authorization"), &json!("joe")));
}

#[test]
fn a_servers_answer_is_explained_token_by_token() {
    let answer = json!({"access_token": SIGNED, "refresh_token": "rt1.AAAA", "expires_in": 900}).to_string();
    let ended = run_reading(answer.as_bytes(), &["token", "-"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    for says in [
        "Token 1 of 2, found in access_token\n",
        "Token 2 of 2, found in refresh_token\n",
        "\"iss\": \"joe\"",
    ] {
        assert!(ended.stdout.contains(says), "{says}: {ended:?}");
    }
    let ended = run_reading(answer.as_bytes(), &["token", "-", "--json"]);
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["tokens"][0]["header"]["alg"], "HS256");
    assert_eq!(report["tokens"][1]["kind"], "opaque");
    assert!(!ended.stdout.contains("rt1.AAAA"), "an opaque token is a credential, and is not repeated");
}

#[test]
fn a_token_cannot_write_on_the_terminal() {
    let escapes = "\u{1b}[2K\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}\u{2066}\r\u{8}\u{7f}";
    let quoted = |text: &str| serde_json::to_string(text).unwrap();
    let header = format!(r#"{{"alg":{0},"typ":{0},"kid":{0},{0}:1}}"#, quoted(escapes));
    let claims = format!(r#"{{"sub":{0},{0}:{0},{0}:2,"exp":"{1}"}}"#, quoted(escapes), "x");
    let texts = [
        token(&header, &claims),
        token(&header, escapes),
        token(&header, &format!("[{}]", quoted(escapes))),
        format!("{{{}: \"{SIGNED}\"}}", quoted(escapes)),
        format!("Cookie: {escapes}={SIGNED}"),
        format!("e{escapes}"),
        format!("e{escapes}.{escapes}.{escapes}"),
    ];
    for text in &texts {
        for json in [&[][..], &["--json"]] {
            let ended = run_reading(text.as_bytes(), &[&["token", "-"], json].concat());
            for told in [&ended.stdout, &ended.stderr] {
                let seen = told
                    .chars()
                    .find(|character| *character != '\n' && kit::visible::is_invisible(*character));
                assert_eq!(seen, None, "{text:?}: {told:?}");
            }
        }
    }
    let report = report(&[&texts[0]]);
    assert_eq!(report["claims"]["sub"], escapes, "the JSON has the same value");
}

#[test]
fn numbers_and_duplicates_are_reported_as_they_are_written() {
    let token = token(r#"{"alg":"HS256"}"#, r#"{"id":12345678901234567890123,"role":"user","role":"admin"}"#);
    let ended = run(&["token", &token, "--json"]);
    assert!(ended.stdout.contains("\"id\": 12345678901234567890123"), "{ended:?}");
    let report = report(&[&token]);
    assert_eq!(report["claims"]["role"], "admin", "the last one, as most parsers read it");
    assert_eq!(report["duplicates"], json!({"claims": {"role": ["user", "admin"]}}));
    let shown = run(&["token", &token]).stdout;
    assert!(shown.contains("  \"role\": \"user\",\n  \"role\": \"admin\"\n"), "{shown}");
}

#[test]
fn dates_are_told_in_utc() {
    let report = report(&[&token(r#"{"alg":"HS256"}"#, r#"{"exp":1300819380.5,"iat":1300819380}"#)]);
    let dates = json!({"exp": "2011-03-22T18:43:00Z", "iat": "2011-03-22T18:43:00Z"});
    assert_eq!(report["dates"], dates);
}

#[test]
fn an_input_of_64_kib_is_read_and_a_longer_one_is_refused() {
    let fits = format!("{SIGNED}{}", " ".repeat(64 * 1024 - SIGNED.len()));
    assert_eq!(run_reading(fits.as_bytes(), &["token", "-"]).code, Some(0));
    for longer in [format!("{fits} "), format!("{}\u{e9}", " ".repeat(64 * 1024))] {
        let ended = run_reading(longer.as_bytes(), &["token", "-"]);
        assert_eq!(ended.code, Some(2), "{ended:?}");
        assert!(
            ended.stderr.starts_with("error: the input is longer than 64 KiB, and is not read;"),
            "{ended:?}"
        );
    }
}

#[test]
fn input_that_is_no_token_is_answered_with_what_it_is_and_code_2() {
    for (input, says) in [
        (&b""[..], "there is no token in the input, which is empty"),
        (b"\xff\xfe", "stdin is not UTF-8 text"),
        (b"rt1.AAAA", "this is a refresh token of the hybrid design"),
        (b"2YotnFZFEjr1zCsicMWpAA", "this is no JWT but an opaque value"),
        (b"e30", "this is no JWT but an opaque value"),
        (b"e30.e30", "a JWT has three parts separated by dots; this has 2"),
        (b"e30.!.x", "the token's payload is not base64url (it contains `!`)"),
        (b"eyJ.e30.", "the token's header is not a JSON object"),
    ] {
        let ended = run_reading(input, &["token", "-", "--json"]);
        assert_eq!(ended.code, Some(2), "{input:?}: {ended:?}");
        assert!(ended.stderr.starts_with(&format!("error: {says}")), "{input:?}: {ended:?}");
        assert_eq!(ended.stdout, "", "{input:?}");
    }
    assert_eq!(run_reading(b"e30.e30.", &["token", "-", "--json"]).code, Some(0));
}

#[test]
fn each_signature_of_a_json_serialization_is_checked() {
    let (files, made) = (Files::new(), made_by_jose());
    let set = files.with("set", made["jwks"].to_string());
    let (general, other) = (made["other"]["general"].to_string(), &made["other"]);
    let ended = run(&["token", &general, "--key", &set, "--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    for (token, alg) in report["tokens"].as_array().unwrap().iter().zip(["ES256", "HS256"]) {
        assert_eq!((&token["signature_holds"], &token["header"]["alg"]), (&json!(true), &json!(alg)));
        assert_eq!(token["payload"], "not JSON: $.02", "{token}");
    }
    for form in ["flattened", "unencoded"] {
        let report = holds(&other[form].to_string(), &set, form);
        assert_eq!(report["form"], "flattened JSON");
    }
    assert_eq!(holds(other["signed"].as_str().unwrap(), &set, "an array")["payload"], json!([1, 2]));
    let forged = general.replace(r#""payload":"b"#, r#""payload":"c"#);
    assert_ne!(forged, general);
    assert_eq!(run(&["token", &forged, "--key", &set]).code, Some(1));
}

#[test]
fn what_cannot_be_checked_is_told_and_is_no_success() {
    let (files, made) = (Files::new(), made_by_jose());
    let set = files.with("set", made["jwks"].to_string());
    let token = |name: &str| made["other"][name].as_str().unwrap().to_owned();
    let sentence = fails(&token("detached"), &set, "detached");
    assert_eq!(
        sentence,
        "not checked: the signature covers a payload that is not in the token; give it with --payload FILE"
    );
    let sentence = fails(&token("encrypted"), &set, "encrypted");
    assert_eq!(sentence, "not checked: the token is encrypted, and has no signature");
    let sentence = fails("eyJhbGciOiJub25lIn0.e30.", &set, "none");
    assert_eq!(sentence, "not valid: `alg` says that there is no signature to check");
}

#[test]
fn a_detached_payload_is_taken_from_its_file() {
    let (files, made) = (Files::new(), made_by_jose());
    let set = files.with("set", made["jwks"].to_string());
    let mut unencoded = made["other"]["unencoded"].clone();
    unencoded.as_object_mut().unwrap().remove("payload");
    for (token, right) in
        [(made["other"]["detached"].as_str().unwrap(), "[1,2]"), (&unencoded.to_string(), "not JSON: $.02")]
    {
        for (payload, code) in [(right, 0), ("[1,3]", 1)] {
            let file = files.with("payload", payload);
            let ended = run(&["token", token, "--key", &set, "--payload", &file, "--json"]);
            assert_eq!(ended.code, Some(code), "{token}, {payload}: {ended:?}");
            let report: Value = serde_json::from_str(&ended.stdout).unwrap();
            assert_eq!(report["signature_holds"], code == 0, "{token}, {payload}");
        }
    }
}
