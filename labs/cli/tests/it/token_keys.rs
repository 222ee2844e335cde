//! Tests of `cargo lab token --key` with tokens and keys that PyJWT and jose made. The programs that made them
//! are beside the files.

use std::path::PathBuf;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::program::run;

fn made_by_pyjwt() -> Value {
    serde_json::from_str(include_str!("token/made_by_pyjwt.json")).unwrap()
}

pub(crate) fn made_by_jose() -> Value {
    serde_json::from_str(include_str!("token/made_by_jose.json")).unwrap()
}

/// A folder with files of keys, deleted at the end of the test.
pub(crate) struct Files(tempfile::TempDir);

impl Files {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn with(&self, name: &str, contents: impl AsRef<[u8]>) -> String {
        let path: PathBuf = self.0.path().join(name);
        std::fs::write(&path, contents).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

/// Asserts that the key makes the token valid.
pub(crate) fn holds(token: &str, key: &str, what: &str) -> Value {
    let ended = run(&["token", token, "--key", key, "--json"]);
    assert_eq!(ended.code, Some(0), "{what}: {ended:?}");
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(report["signature_holds"], true, "{what}: {report}");
    report
}

/// Asserts that the check fails; returns its sentence.
pub(crate) fn fails(token: &str, key: &str, what: &str) -> String {
    let ended = run(&["token", token, "--key", key, "--json"]);
    assert_eq!(ended.code, Some(1), "{what}: {ended:?}");
    let report: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_ne!(report["signature_holds"], true, "{what}: {report}");
    report["check"]["sentence"].as_str().unwrap().to_owned()
}

/// The token with one byte of its signature changed.
fn changed(token: &str, at: usize) -> String {
    let mut bytes = token.as_bytes().to_vec();
    let at = token.rfind('.').unwrap() + 1 + at;
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_token_of_each_algorithm_is_valid_with_its_jwk_set_and_not_with_a_changed_byte() {
    let files = Files::new();
    for (maker, made) in [("pyjwt", made_by_pyjwt()), ("jose", made_by_jose())] {
        let set = files.with(maker, made["jwks"].to_string());
        let tokens = made["tokens"].as_object().unwrap();
        assert!(tokens.len() >= 13, "{maker}");
        for (alg, token) in tokens {
            let (token, what) = (token.as_str().unwrap(), format!("{alg} of {maker}"));
            let report = holds(token, &set, &what);
            assert_eq!(report["claims"], made["claims"], "{what}");
            assert_eq!(report["header"]["alg"], alg.as_str(), "{what}");
            let last = token.len() - token.rfind('.').unwrap() - 2;
            for at in [0, 20, last] {
                let sentence = fails(&changed(token, at), &set, &what);
                assert!(sentence.starts_with("not valid: "), "{what}, byte {at}: {sentence}");
            }
        }
    }
}

#[test]
fn a_token_is_valid_with_its_key_in_every_form_and_not_with_the_key_of_another() {
    let (files, made) = (Files::new(), made_by_pyjwt());
    let forms = made["forms"].as_object().unwrap();
    assert_eq!(forms.len(), 6, "a key of each kind");
    let token = |alg: &str| made["tokens"][alg].as_str().unwrap();
    for (alg, forms) in forms {
        for (form, text) in forms.as_object().unwrap() {
            let (text, what) = (text.as_str().unwrap(), format!("{alg}, {form}"));
            let file = match form.as_str() {
                "der" => files.with("key.der", BASE64_STANDARD.decode(text).unwrap()),
                _ => files.with("key.pem", text),
            };
            holds(token(alg), &file, &what);
            let other = if alg == "ES256" { "ES384" } else { "ES256" };
            let sentence = fails(token(other), &file, &what);
            assert!(sentence.starts_with("not checked: "), "{what}: {sentence}");
        }
    }
}

#[test]
fn a_secret_is_taken_as_bytes_and_in_base64() {
    let (files, made) = (Files::new(), made_by_pyjwt());
    let token = made["tokens"]["HS512"].as_str().unwrap();
    let secret: Vec<u8> = (1..65).collect();
    holds(token, &files.with("bytes", &secret), "bytes");
    let text = BASE64_STANDARD.encode(&secret);
    for text in [text.clone(), format!("{text}\n"), text.replace('+', "-").replace('/', "_").replace('=', "")]
    {
        holds(token, &files.with("base64", &text), &text);
    }
    fails(token, &files.with("another", [7; 64]), "another secret");
}

/// The attack of RFC 8725 §2.1: a public key's text is the secret of an HMAC.
#[test]
fn a_public_key_is_never_a_secret() {
    let (files, made) = (Files::new(), made_by_pyjwt());
    for name in ["HS256", "HS384", "HS512"] {
        let token = made["tokens"][name].as_str().unwrap();
        for form in ["spki", "pkcs8", "certificate"] {
            let file = files.with("key.pem", made["forms"]["RS256"][form].as_str().unwrap());
            let sentence = fails(token, &file, form);
            assert!(sentence.contains("algorithm confusion (RFC 8725 §2.1)"), "{form}: {sentence}");
        }
    }
    // A token that an attacker signed with the text of a public key (HS256, made with PyJWT's HMAC and the text `spki`).
    let confused = made["confused"].as_str().unwrap();
    let file = files.with("key.pem", made["forms"]["RS256"]["spki"].as_str().unwrap());
    assert!(fails(confused, &file, "confused").contains("algorithm confusion"));
}

#[test]
fn of_a_set_the_key_with_the_kid_is_used_or_all_keys_if_none_has_it() {
    let (files, made) = (Files::new(), made_by_jose());
    let token = made["tokens"]["ES256"].as_str().unwrap();
    let keys = made["jwks"]["keys"].as_array().unwrap();
    let tried = |keys: &[Value]| {
        let file = files.with("set", json!({"keys": keys}).to_string());
        let ended = run(&["token", token, "--key", &file, "--json"]);
        let report: Value = serde_json::from_str(&ended.stdout).unwrap();
        (ended.code.unwrap(), report["check"]["tried"].as_array().unwrap().len())
    };
    assert_eq!(tried(keys), (0, 1), "the key that the `kid` names");
    let at = keys.iter().position(|key| key["kid"] == "key-ES256").unwrap();
    let renamed: Vec<_> = keys
        .iter()
        .map(|key| {
            let mut key = key.clone();
            key["kid"] = Value::Null;
            key
        })
        .collect();
    assert_eq!(tried(&renamed), (0, at + 1), "all keys up to the one that fits");
    let mut swapped = keys.clone();
    swapped[at] = json!({"kid": "key-ES256", "kty": "oct", "k": "AA"});
    assert_eq!(tried(&swapped), (1, 1), "the `kid` names a key of another kind");
}

#[test]
fn a_key_that_may_not_check_is_not_used_and_the_reason_is_told() {
    let (files, made) = (Files::new(), made_by_jose());
    let token = made["tokens"]["RS256"].as_str().unwrap();
    let keys = made["jwks"]["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == "key-RS256").unwrap();
    let with = |member: &str, value: Value| {
        let mut key = key.clone();
        key[member] = value;
        files.with("key", key.to_string())
    };
    holds(token, &with("use", json!("sig")), "its use is sig");
    for (member, value, reason) in [
        ("use", json!("enc"), r#"its `use` is "enc", and not "sig""#),
        ("key_ops", json!(["encrypt"]), r#"its `key_ops` is ["encrypt"], and does not allow "verify""#),
        ("alg", json!("PS256"), "its `alg` is another than the token's, RS256"),
        ("kty", json!("new"), "its `kty` is not one that this command knows"),
        ("n", json!("!"), "its `n` is not base64url"),
    ] {
        let ended = run(&["token", token, "--key", &with(member, value)]);
        assert_eq!(ended.code, Some(1), "{member}: {ended:?}");
        assert!(ended.stdout.contains("These keys were tried:"), "{member}: {ended:?}");
        let one_line = ended.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(one_line.contains(&format!("not used: {reason}")), "{member}: {ended:?}");
    }
}

#[test]
fn no_report_contains_a_key() {
    let (files, made) = (Files::new(), made_by_pyjwt());
    let set = files.with("set", made["jwks"].to_string());
    let secret = made["jwks"]["keys"][0]["k"].as_str().unwrap();
    for token in made["tokens"].as_object().unwrap().values() {
        for json in [&[][..], &["--json"]] {
            let token = changed(token.as_str().unwrap(), 0);
            let ended = run(&[&["token", &token, "--key", &set], json].concat());
            assert!(!ended.stdout.contains(secret), "{ended:?}");
        }
    }
}

#[test]
fn a_key_file_cannot_write_on_the_terminal() {
    let (files, made) = (Files::new(), made_by_jose());
    let token = made["tokens"]["RS256"].as_str().unwrap();
    let escapes = "\u{1b}[2K\u{9b}31m\u{202e}";
    let key = json!({"kty": escapes, "crv": escapes, "kid": escapes, "alg": escapes, "use": escapes});
    let pem = format!("-----BEGIN {escapes}-----\nAAAA\n-----END other-----\n");
    for text in
        [key.to_string(), json!({"keys": [key]}).to_string(), pem.clone(), json!({escapes: pem}).to_string()]
    {
        for json in [&[][..], &["--json"]] {
            let ended = run(&[&["token", token, "--key", &files.with("key", &text)], json].concat());
            let told = ended.stdout + &ended.stderr;
            let seen =
                told.chars().find(|character| *character != '\n' && kit::visible::is_invisible(*character));
            assert_eq!(seen, None, "{text}: {told:?}");
        }
    }
}

#[test]
fn a_file_without_a_key_is_refused_with_the_reason() {
    let (files, made) = (Files::new(), made_by_jose());
    let token = made["tokens"]["HS256"].as_str().unwrap();
    for (contents, reason) in [
        ("", "it is empty"),
        ("{}", "it is JSON, and neither a JWK nor a JWK Set"),
        ("{\"keys\":[]}", "it is a JWK Set without keys"),
        ("{\"keys\":", "it starts like JSON and is none"),
        ("-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----\n", "its PEM cannot be read"),
    ] {
        let ended = run(&["token", token, "--key", &files.with("key", contents)]);
        assert_eq!(ended.code, Some(2), "{contents}: {ended:?}");
        assert!(ended.stderr.contains(reason), "{contents}: {ended:?}");
    }
    let ended = run(&["token", token, "--key", "/nowhere/key"]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.starts_with("error: /nowhere/key cannot be read (No such file"), "{ended:?}");
}
