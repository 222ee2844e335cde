//! The first line that a server writes to stdout: the URL it listens on, for the program that started it.
//!
//! This module both writes and reads the line, so that both sides agree on its two forms: a sentence for a person at a
//! terminal, and a JSON object for a program that collects every line of a server as JSON.

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::config::LogFormat;

/// The beginning of the sentence.
const LISTENING: &str = "listening on ";

/// The announcement of `address` in this format, without a line end.
pub fn line(format: LogFormat, address: SocketAddr) -> String {
    let url = format!("http://{address}");
    match format {
        LogFormat::Text => format!("{LISTENING}{url}"),
        LogFormat::Json => json!({ "message": "listening", "url": url }).to_string(),
    }
}

/// The URL in an announcement of either form. A learner who runs the tour may have `AUTHLAB_LOG` exported, and the servers
/// that the tour starts inherit it.
pub fn url_in(line: &str) -> Option<String> {
    let line = line.trim();
    if let Some(url) = line.strip_prefix(LISTENING) {
        return Some(url.to_owned());
    }
    let object: Value = serde_json::from_str(line).ok()?;
    (object["message"] == "listening").then(|| object["url"].as_str().map(str::to_owned))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_read_as_it_was_written_and_other_lines_are_not_taken_for_one() {
        let address = SocketAddr::from(([127, 0, 0, 1], 8080));
        assert_eq!(line(LogFormat::Text, address), "listening on http://127.0.0.1:8080");
        assert_eq!(
            line(LogFormat::Json, address),
            r#"{"message":"listening","url":"http://127.0.0.1:8080"}"#
        );
        for format in [LogFormat::Text, LogFormat::Json] {
            let line = format!("{}\n", line(format, address));
            assert_eq!(url_in(&line).as_deref(), Some("http://127.0.0.1:8080"), "{line}");
        }
        for other in [
            "",
            "http://127.0.0.1:8080",
            "{}",
            r#"{"message":"serving","url":"http://h"}"#,
            r#"{"message":"listening"}"#,
        ] {
            assert_eq!(url_in(other), None, "{other}");
        }
    }
}
