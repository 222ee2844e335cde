//! Tests of the judge: the lab passes every check, and each possible fault is caught by its own checks and no others.

use serde_json::{Value, json};

use super::*;
use crate::answers;

fn right(question: &Value) -> Value {
    answers::answer(&question.to_string())
}

/// The ids of the checks that an implementation does not pass.
fn caught(ask: impl Fn(&Value) -> Value) -> Vec<&'static str> {
    CHECKS.iter().filter(|check| play(check, &ask) != Verdict::Passed).map(|check| check.id).collect()
}

/// The lab's implementation, with one kind of question answered by `otherwise`.
fn but_for(call: &str, otherwise: impl Fn(&Value) -> Value) -> impl Fn(&Value) -> Value {
    move |question| if question["call"] == call { otherwise(question) } else { right(question) }
}

/// The lab's `verify`, changed to accept every token for which `takes` returns true.
fn verify_that_takes(takes: impl Fn(&str) -> bool) -> impl Fn(&Value) -> Value {
    but_for("verify", move |question| {
        let token = question["token"].as_str().unwrap_or_default();
        if takes(token) { json!({ "answer": {"role": "admin"} }) } else { right(question) }
    })
}

#[test]
fn the_lab_passes_every_check() {
    assert_eq!(caught(right), Vec::<&str>::new());
}

#[test]
fn the_ids_are_distinct() {
    let mut ids: Vec<_> = CHECKS.iter().map(|check| check.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), CHECKS.len());
}

#[test]
fn padding_and_the_other_alphabet_and_a_lost_rest_are_told_apart() {
    let encode = |change: fn(String) -> String| {
        but_for("encode", move |question| {
            let right = right(question)["answer"].as_str().unwrap_or_default().to_owned();
            json!({ "answer": change(right) })
        })
    };
    let other_alphabet = encode(|text| text.replace('-', "+").replace('_', "/"));
    assert_eq!(caught(other_alphabet), ["base64url.alphabet"]);
    let no_rest = encode(|text| text[..text.len() / 4 * 4].to_owned());
    assert_eq!(caught(no_rest), ["base64url.groups", "base64url.alphabet"]);
}

#[test]
fn a_long_key_that_is_cut_off_is_caught_by_the_long_key_alone() {
    let cut = but_for("hmac", |question| {
        let mut question = question.clone();
        if let Some(key) = question["key"].as_array_mut() {
            key.truncate(64);
        }
        right(&question)
    });
    assert_eq!(caught(cut), ["hmac.long-key"]);
}

#[test]
fn a_signature_that_is_not_looked_at_is_caught_by_its_two_checks_and_by_no_other() {
    let header_is_ours =
        |token: &str| token.starts_with("eyJhbGciOiJIUzI1NiJ9.") && token.split('.').count() == 3;
    let no_signature = verify_that_takes(move |token| header_is_ours(token) && token != USER);
    assert_eq!(caught(no_signature), ["token.changed", "token.no-signature"]);
    let any_key = but_for("verify", |question| {
        let mut question = question.clone();
        if question["token"] == USER {
            question["key"] = json!(KEY);
        }
        right(&question)
    });
    assert_eq!(caught(any_key), ["token.another-key"]);
}

#[test]
fn an_algorithm_that_the_token_chooses_is_caught() {
    assert_eq!(caught(verify_that_takes(|token| token == UNSIGNED)), ["token.alg-none"]);
    assert_eq!(caught(verify_that_takes(|token| token == MISNAMED)), ["token.alg-is-ours"]);
}

#[test]
fn a_fourth_part_is_caught() {
    assert_eq!(caught(verify_that_takes(|token| token.split('.').count() == 4)), ["token.three-parts"]);
}

#[test]
fn one_that_refuses_everything_is_no_good_either() {
    let refusing = but_for("verify", |_| json!({ "refused": "no" }));
    assert_eq!(caught(refusing), ["token.taken"]);
}

#[test]
fn a_failed_check_says_what_was_asked_and_what_came() {
    let verdict = play(&CHECKS[1], |_| json!({ "answer": "/+++" }));
    let expected = Verdict::Failed {
        sent: "encode([255,239,190])".into(),
        expected: "\"_---\"".into(),
        received: "\"/+++\"".into(),
    };
    assert_eq!(verdict, expected);
}

#[test]
fn what_is_not_written_is_not_called_wrong() {
    let verdict = play(&CHECKS[0], |_| json!({ "not_written": "encode: three bytes" }));
    assert_eq!(verdict, Verdict::NotWritten { text: "encode: three bytes".into() });
}
