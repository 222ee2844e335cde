//! The functions of [`jwt`], called one at a time: one line of JSON in, one line of JSON out.
//!
//! With this protocol, a checker in one process judges a token implementation in another process, written in any
//! language:
//!
//! ```text
//! {"call":"encode","bytes":[3,236,255]}                  →  {"answer":"A-z_"}
//! {"call":"hmac","key":[…],"message":"…"}                →  {"answer":[…]}
//! {"call":"sign","key":[…],"header":"…","payload":"…"}   →  {"answer":"eyJ…"}
//! {"call":"verify","key":[…],"token":"eyJ…"}             →  {"answer":{…}} or {"refused":"…"}
//! ```
//!
//! A function that panics because it is not written yet answers `{"not_written":"…"}`, and one that panics for another
//! reason answers `{"panicked":"…"}`.

use std::any::Any;
use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Value, json};

use crate::jwt;

/// The text that the `todo!` macro puts before its own message.
const TODO: &str = "not yet implemented";

/// Reads questions line by line until the end of input, and writes one line of JSON as the answer to each.
///
/// # Errors
/// Fails if a line cannot be read from `questions`, or an answer cannot be written.
pub fn serve(questions: impl BufRead, mut answers: impl Write) -> std::io::Result<()> {
    for line in questions.lines() {
        writeln!(answers, "{}", answer(&line?))?;
        answers.flush()?;
    }
    Ok(())
}

/// The answer to one line of JSON.
pub fn answer(line: &str) -> Value {
    let question: Value = serde_json::from_str(line).unwrap_or_default();
    // Safe to unwind: no state outlives the call, so a panic leaves nothing half changed.
    match catch_unwind(AssertUnwindSafe(|| called(&question))) {
        Ok(answer) => answer,
        Err(panic) => match text_of(&*panic) {
            text if text.starts_with(TODO) => {
                json!({ "not_written": text.trim_start_matches(TODO).trim_start_matches(": ") })
            }
            text => json!({ "panicked": text }),
        },
    }
}

fn called(question: &Value) -> Value {
    let text = |name: &str| question[name].as_str().unwrap_or_default();
    match text("call") {
        "encode" => json!({ "answer": jwt::encode(&bytes(&question["bytes"])) }),
        "hmac" => {
            let hash = jwt::hmac_sha256(&bytes(&question["key"]), text("message").as_bytes());
            json!({ "answer": hash })
        }
        "sign" => {
            json!({ "answer": jwt::sign(&bytes(&question["key"]), text("header"), text("payload")) })
        }
        "verify" => match jwt::verify(&bytes(&question["key"]), text("token")) {
            Ok(claims) => json!({ "answer": claims }),
            Err(refused) => json!({ "refused": refused.to_string() }),
        },
        other => json!({ "unknown": other }),
    }
}

/// Reads bytes from a JSON list of numbers.
fn bytes(list: &Value) -> Vec<u8> {
    let numbers = list.as_array().map(Vec::as_slice).unwrap_or_default();
    numbers.iter().filter_map(|number| u8::try_from(number.as_u64()?).ok()).collect()
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without a message")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_its_answer_and_a_refusal_is_one() {
        let questions = concat!(
            r#"{"call":"encode","bytes":[3,236,255]}"#,
            "\n",
            r#"{"call":"verify","key":[1],"token":"x"}"#,
            "\nno json\n"
        );
        let mut answers = Vec::new();
        serve(questions.as_bytes(), &mut answers).unwrap();
        let expected = concat!(
            r#"{"answer":"A-z_"}"#,
            "\n",
            r#"{"refused":"it does not have three parts"}"#,
            "\n",
            r#"{"unknown":""}"#,
            "\n"
        );
        assert_eq!(String::from_utf8(answers).unwrap(), expected);
    }

    #[test]
    #[expect(clippy::todo, reason = "what an unwritten function says is what is tested")]
    fn what_is_not_written_is_told_from_what_breaks() {
        let said = |panics: fn()| text_of(&*catch_unwind(panics).unwrap_err()).to_owned();
        assert_eq!(said(|| todo!("encode")), "not yet implemented: encode");
        assert_eq!(said(|| panic!("index out of bounds")), "index out of bounds");
    }
}
