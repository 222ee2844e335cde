//! Excerpts of requests and responses for the user: the relevant lines, limited in length.
//!
//! Credentials are shown in full: this is a checker for test servers, and its lessons are about credentials.

use outside::visible::visible_lines;
use reqwest::header::HeaderMap;

use crate::call::Call;

const BODY_SHOWN: usize = 600;
const HEADER_SHOWN: usize = 700;
const HEADERS_SHOWN: [&str; 12] = [
    "content-type",
    "cache-control",
    "www-authenticate",
    "set-cookie",
    "allow",
    "retry-after",
    "location",
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "x-request-id",
    "content-length",
    "connection",
];

pub(crate) fn request(call: &Call) -> String {
    let mut text = format!("{} {}", call.method, cut(&call.path, HEADER_SHOWN));
    for (name, value) in &call.headers {
        text.push_str(&format!("\n{name}: {}", cut(value, HEADER_SHOWN)));
    }
    with_body(text, call.body.as_deref().unwrap_or_default())
}

pub(crate) fn answer(status: u16, headers: &HeaderMap, body: &[u8]) -> String {
    let mut text = format!("HTTP {status}");
    for name in HEADERS_SHOWN {
        for value in headers.get_all(name) {
            text.push_str(&format!(
                "\n{name}: {}",
                cut(&String::from_utf8_lossy(value.as_bytes()), HEADER_SHOWN)
            ));
        }
    }
    with_body(text, body)
}

fn with_body(mut text: String, body: &[u8]) -> String {
    if !body.is_empty() {
        text.push_str("\n\n");
        text.push_str(&cut(&String::from_utf8_lossy(body), BODY_SHOWN));
    }
    text
}

/// Shortens long text, states its original length, and escapes the characters that a terminal would obey or that a reader
/// cannot see.
pub(crate) fn cut(text: &str, shown: usize) -> String {
    match text.char_indices().nth(shown) {
        Some((end, _)) => format!("{}… ({} characters)", visible_lines(&text[..end]), text.chars().count()),
        None => visible_lines(text).into_owned(),
    }
}
