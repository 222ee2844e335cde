//! The checks that an implementation of handmade tokens must pass.
//!
//! The judge asks its questions through a function from question to answer (see [`answers`](crate::answers)). So it can
//! judge this lab, a learner's program behind a pipe, and the broken implementations in its own tests. Every expected
//! answer is written here as text; none is computed by the code under test.

use serde_json::{Value, json};

/// The header of the token in RFC 7515, appendix A.1, including its line break.
pub const RFC_HEADER: &str = "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}";
/// The payload of the token in RFC 7515, appendix A.1.
pub const RFC_PAYLOAD: &str =
    "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
/// The HMAC key of the token in RFC 7515, appendix A.1.
pub const RFC_KEY: [u8; 64] = [
    3, 35, 53, 75, 43, 15, 165, 188, 131, 126, 6, 101, 119, 123, 166, 143, 90, 179, 40, 230, 240, 84, 201,
    40, 169, 15, 132, 178, 210, 80, 46, 191, 211, 251, 90, 146, 210, 6, 71, 239, 150, 138, 180, 195, 119, 98,
    61, 34, 61, 46, 33, 114, 5, 46, 79, 8, 192, 205, 154, 245, 103, 208, 128, 163,
];
/// The complete token of RFC 7515, appendix A.1.
pub const RFC_TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
    eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
    dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// The key of the tokens below: the word `secret`, which is easy to guess.
const KEY: &[u8] = b"secret";
/// A valid token: `{"alg":"HS256"}` and `{"email":"ann@example.test","role":"user"}`, signed with `KEY`.
const USER: &str = "eyJhbGciOiJIUzI1NiJ9.eyJlbWFpbCI6ImFubkBleGFtcGxlLnRlc3QiLCJyb2xlIjoidXNlciJ9.\
    pinLeR2370H1HM5nnQxMaoDVZubA64Y3h-bbzDo0Bko";
/// The token `USER` with the role changed to `admin` and its signature unchanged.
const PROMOTED: &str = "eyJhbGciOiJIUzI1NiJ9.eyJlbWFpbCI6ImFubkBleGFtcGxlLnRlc3QiLCJyb2xlIjoiYWRtaW4ifQ.\
    pinLeR2370H1HM5nnQxMaoDVZubA64Y3h-bbzDo0Bko";
/// A token with `{"alg":"none"}`, the role `admin`, and an empty signature.
const UNSIGNED: &str = "eyJhbGciOiJub25lIn0.eyJlbWFpbCI6ImFubkBleGFtcGxlLnRlc3QiLCJyb2xlIjoiYWRtaW4ifQ.";
/// A token with `{"alg":"HS512"}` and the role `admin`, signed with HMAC-SHA-256 and the right key.
const MISNAMED: &str = "eyJhbGciOiJIUzUxMiJ9.eyJlbWFpbCI6ImFubkBleGFtcGxlLnRlc3QiLCJyb2xlIjoiYWRtaW4ifQ.\
    a5HKWAkJRjFBEgD0ndy0Cazl5gRVNuzEy4KqLN53Y14";

/// One requirement on a token implementation, and the questions that test it.
#[derive(Clone, Copy)]
pub struct Check {
    /// The stable identifier.
    pub id: &'static str,
    /// The requirement, in words.
    pub title: &'static str,
    /// Whether the questions are an attack.
    pub attack: bool,
    /// What an attacker gains, or what breaks, where the requirement is not met.
    pub gains: &'static str,
    /// The standards to read about it.
    pub read: &'static str,
    ask: fn() -> Vec<(Value, Expected)>,
}

/// The answer that a question requires.
enum Expected {
    Answer(Value),
    Refusal,
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every question got the required answer.
    Passed,
    /// One question got a wrong answer.
    Failed {
        /// The question, as a function call.
        sent: String,
        /// The required answer.
        expected: String,
        /// The answer that was given.
        received: String,
    },
    /// The function reports that it is not written yet.
    NotWritten {
        /// The text that the function reports.
        text: String,
    },
}

/// All checks, in the order in which the learner works through the lab.
pub const CHECKS: &[Check] = &[
    Check {
        id: "base64url.groups",
        title: "three bytes become four characters, and one or two remaining bytes become two or three",
        attack: false,
        gains: "Other programs cannot read the token.",
        read: "RFC 4648 §5, RFC 7515 appendix C",
        ask: || {
            let question = |text: &str| json!({ "call": "encode", "bytes": text.as_bytes() });
            ["", "f", "fo", "foo", "foob", "fooba", "foobar"]
                .into_iter()
                .zip(["", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"])
                .map(|(text, encoded)| (question(text), Expected::Answer(json!(encoded))))
                .collect()
        },
    },
    Check {
        id: "base64url.alphabet",
        title: "62 is a hyphen and 63 an underscore, and there is no padding",
        attack: false,
        gains: "A URL or a cookie breaks a token that contains + / =.",
        read: "RFC 7515 §2, RFC 4648 §5",
        ask: || {
            vec![
                (json!({ "call": "encode", "bytes": [255, 239, 190] }), Expected::Answer(json!("_---"))),
                (
                    json!({ "call": "encode", "bytes": [3, 236, 255, 224, 193] }),
                    Expected::Answer(json!("A-z_4ME")),
                ),
                (
                    json!({ "call": "encode", "bytes": RFC_HEADER.as_bytes() }),
                    Expected::Answer(json!("eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9")),
                ),
            ]
        },
    },
    Check {
        id: "hmac.short-key",
        title: "a key that is shorter than a block is padded with zeros",
        attack: false,
        gains: "Other programs refuse our signatures.",
        read: "RFC 2104 §2, RFC 4231 §4.3",
        ask: || {
            let (key, message) = (b"Jefe", "what do ya want for nothing?");
            vec![hmac(key, message, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")]
        },
    },
    Check {
        id: "hmac.long-key",
        title: "a key that is longer than a block is hashed first",
        attack: false,
        gains: "A long key is cut off, so two long keys that begin alike are the same key.",
        read: "RFC 2104 §3, RFC 4231 §4.7",
        ask: || {
            let message = "Test Using Larger Than Block-Size Key - Hash Key First";
            vec![hmac(
                &[0xaa; 131],
                message,
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            )]
        },
    },
    Check {
        id: "token.signed-as-the-standard",
        title: "the token of RFC 7515, appendix A.1 is reproduced byte for byte",
        attack: false,
        gains: "Other programs refuse our tokens.",
        read: "RFC 7515 appendix A.1",
        ask: || {
            let question = json!({ "call": "sign", "key": RFC_KEY.as_slice(), "header": RFC_HEADER, "payload": RFC_PAYLOAD });
            vec![(question, Expected::Answer(json!(RFC_TOKEN)))]
        },
    },
    Check {
        id: "token.taken",
        title: "a token that we signed is accepted, and its payload is ours",
        attack: false,
        gains: "The server lets no user in.",
        read: "RFC 7515 §5.2, appendix A.1.2",
        ask: || {
            let rfc = json!({"iss": "joe", "exp": 1_300_819_380, "http://example.com/is_root": true});
            vec![
                (verify(&RFC_KEY, RFC_TOKEN), Expected::Answer(rfc)),
                (verify(KEY, USER), Expected::Answer(json!({"email": "ann@example.test", "role": "user"}))),
            ]
        },
    },
    Check {
        id: "token.changed",
        title: "a payload that was changed after the signature is refused",
        attack: true,
        gains: "Changes `user` to `admin` in the payload, and is an admin.",
        read: "RFC 7515 §5.2, OWASP WSTG-SESS-10",
        ask: || vec![refused(KEY, PROMOTED)],
    },
    Check {
        id: "token.another-key",
        title: "a token that was signed with another key is refused",
        attack: true,
        gains: "Signs tokens with a key of their own.",
        read: "RFC 7515 §5.2",
        ask: || vec![refused(b"another secret", USER), refused(&[], USER)],
    },
    Check {
        id: "token.no-signature",
        title: "a token without a signature, or with a piece of one, is refused",
        attack: true,
        gains: "Leaves the signature out, or guesses a single byte of it.",
        read: "RFC 7518 §3.2",
        ask: || {
            let (message, signature) = USER.rsplit_once('.').unwrap_or_default();
            let cut = |length: usize| format!("{message}.{}", &signature[..length]);
            vec![refused(KEY, &cut(0)), refused(KEY, &cut(2)), refused(KEY, &cut(40))]
        },
    },
    Check {
        id: "token.alg-none",
        title: "the algorithm `none` is refused, whatever else the token says",
        attack: true,
        gains: "Writes `\"alg\":\"none\"` into the header, leaves the signature out, and logs in as any user.",
        read: "RFC 8725 §3.1 and §2.1",
        ask: || vec![refused(KEY, UNSIGNED)],
    },
    Check {
        id: "token.alg-is-ours",
        title: "a header that names another algorithm is refused, even if the signature matches",
        attack: true,
        gains: "Chooses in the token how the server checks it, which makes key confusion possible.",
        read: "RFC 8725 §3.1",
        ask: || vec![refused(KEY, MISNAMED)],
    },
    Check {
        id: "token.three-parts",
        title: "a token with two parts or four is refused",
        attack: true,
        gains: "Hides a second payload in the token, which another program reads.",
        read: "RFC 7515 §7.1",
        ask: || {
            let (message, signature) = USER.rsplit_once('.').unwrap_or_default();
            vec![
                refused(KEY, message),
                refused(KEY, ""),
                refused(KEY, &format!("{USER}.")),
                refused(KEY, &format!("{message}.{signature}.{signature}")),
            ]
        },
    },
];

/// Runs a check: sends its questions to `ask` and stops at the first wrong answer.
pub fn play(check: &Check, mut ask: impl FnMut(&Value) -> Value) -> Verdict {
    for (question, expected) in (check.ask)() {
        let answer = ask(&question);
        if let Some(text) = answer["not_written"].as_str() {
            return Verdict::NotWritten { text: text.to_owned() };
        }
        let holds = match &expected {
            Expected::Answer(right) => answer.get("answer") == Some(right),
            Expected::Refusal => answer.get("refused").is_some(),
        };
        if !holds {
            return Verdict::Failed {
                sent: called(&question),
                expected: match expected {
                    Expected::Answer(right) => right.to_string(),
                    Expected::Refusal => "a refusal".to_owned(),
                },
                received: told(&answer),
            };
        }
    }
    Verdict::Passed
}

fn hmac(key: &[u8], message: &str, hex: &str) -> (Value, Expected) {
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap_or_default();
    let hash: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
    (json!({ "call": "hmac", "key": key, "message": message }), Expected::Answer(json!(hash)))
}

fn verify(key: &[u8], token: &str) -> Value {
    json!({ "call": "verify", "key": key, "token": token })
}

fn refused(key: &[u8], token: &str) -> (Value, Expected) {
    (verify(key, token), Expected::Refusal)
}

/// A question in the form of a function call, for the learner to read.
fn called(question: &Value) -> String {
    let key = |value: &Value| {
        let bytes: Option<Vec<u8>> = value
            .as_array()
            .map(|list| list.iter().filter_map(|number| u8::try_from(number.as_u64()?).ok()).collect());
        match bytes.map(String::from_utf8) {
            Some(Ok(text))
                if text.chars().all(|character| character.is_ascii_graphic() || character == ' ') =>
            {
                format!("{text:?}")
            }
            _ => value.to_string(),
        }
    };
    match question["call"].as_str().unwrap_or_default() {
        "encode" => format!("encode({})", question["bytes"]),
        "hmac" => format!("hmac_sha256({}, {})", key(&question["key"]), question["message"]),
        "sign" => {
            format!("sign({}, {}, {})", key(&question["key"]), question["header"], question["payload"])
        }
        _ => format!("verify({}, {})", key(&question["key"]), question["token"]),
    }
}

fn told(answer: &Value) -> String {
    let text = |name: &str| answer[name].as_str().map(|text| format!("{name}: {text}"));
    if let Some(value) = answer.get("answer") {
        return value.to_string();
    }
    text("refused").or_else(|| text("panicked")).unwrap_or_else(|| answer.to_string())
}

#[cfg(test)]
mod tests;
