//! An origin as a browser sends it: scheme, host and port (RFC 6454).
//!
//! A browser compares and sends one spelling only: lower case, without the scheme's default port, an IPv6 address in
//! brackets, a name in another script as A-labels. A setting in another spelling would match no request and shut out every
//! page, so the server converts a setting to this form and refuses one that it cannot convert.

use std::fmt;
use std::str::FromStr;

use url::Url;

/// An origin in the form of RFC 6454 §6.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

/// A text that is not an origin. The message repeats the text, unless it may contain a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{subject} is not an origin: {why}; write scheme, host and port alone, as https://app.example or https://app.example:8443"
)]
pub struct OriginError {
    subject: String,
    why: &'static str,
}

impl Origin {
    /// The origin as browsers send it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    /// Parses an origin and converts it to the form that browsers send. One slash at the end is allowed.
    fn from_str(text: &str) -> Result<Self, OriginError> {
        let refused = |why| OriginError::of(text, why);
        match text {
            "*" => return Err(refused("it would let in every site")),
            "null" => {
                return Err(refused("browsers send it for every sandboxed frame and local file"));
            }
            _ => {}
        }
        let (scheme, rest) =
            text.split_once("://").ok_or_else(|| refused("it has no http:// or https://"))?;
        if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err(refused("its scheme is not http or https"));
        }
        // A URL parser would correct or drop the following, and the server would trust a different origin than the one
        // written.
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        if authority.contains('@') {
            return Err(refused("it has a user name"));
        }
        if authority.contains(['/', '\\', '?', '#']) {
            return Err(refused("it has a path, a query or a fragment"));
        }
        if authority.contains('*') {
            return Err(refused(
                "a wildcard would let in every matching name, also that of a forgotten server",
            ));
        }
        if authority.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(refused("it contains white space or a control character"));
        }
        let url = Url::parse(&format!("{scheme}://{authority}"));
        let origin = url.map_err(|_| refused("its host or its port is not valid"))?.origin();
        match origin.is_tuple() {
            true => Ok(Self(origin.ascii_serialization())),
            false => Err(refused("it is opaque")),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl OriginError {
    fn of(text: &str, why: &'static str) -> Self {
        let subject = match text.contains('@') {
            true => "a text with a user name in it".to_owned(),
            false => format!("`{}`", text.escape_debug()),
        };
        Self { subject, why }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        text.parse::<Origin>().map(|origin| origin.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn an_origin_is_brought_into_the_one_spelling_that_browsers_send() {
        for (written, sent) in [
            ("https://app.example", "https://app.example"),
            ("HTTPS://App.Example/", "https://app.example"),
            ("https://app.example:443", "https://app.example"),
            ("http://app.example:80", "http://app.example"),
            ("http://app.example:443", "http://app.example:443"),
            ("https://app.example:08443", "https://app.example:8443"),
            ("http://[::1]:8080", "http://[::1]:8080"),
            ("http://[0:0::0001]:8080", "http://[::1]:8080"),
            ("http://127.1:8080", "http://127.0.0.1:8080"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("https://BÜCHER.example", "https://xn--bcher-kva.example"),
            ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ] {
            assert_eq!(read(written), Ok(sent.to_owned()), "{written}");
        }
    }

    #[test]
    fn what_is_not_an_origin_is_refused_with_a_sentence_that_says_why() {
        for (written, why) in [
            ("*", "it would let in every site"),
            ("null", "browsers send it for every sandboxed frame and local file"),
            ("app.example", "it has no http:// or https://"),
            ("app.example:443", "it has no http:// or https://"),
            ("", "it has no http:// or https://"),
            ("file:///index.html", "its scheme is not http or https"),
            ("data://x", "its scheme is not http or https"),
            ("https://app.example/login", "it has a path, a query or a fragment"),
            ("https://app.example//", "it has a path, a query or a fragment"),
            ("https:///app.example", "it has a path, a query or a fragment"),
            ("https://app.example?a", "it has a path, a query or a fragment"),
            ("https://app.example#a", "it has a path, a query or a fragment"),
            (r"https://app.example\a", "it has a path, a query or a fragment"),
            (
                "https://*.app.example",
                "a wildcard would let in every matching name, also that of a forgotten server",
            ),
            ("https://app.example https://b.example", "it has a path, a query or a fragment"),
            ("https://app.example b.example", "it contains white space or a control character"),
            ("https://app\t.example", "it contains white space or a control character"),
            ("https://", "its host or its port is not valid"),
            ("https://app.example:99999", "its host or its port is not valid"),
            ("http://::1:8080", "its host or its port is not valid"),
        ] {
            let error = read(written).expect_err(written);
            assert!(error.contains(&format!(" is not an origin: {why}; write")), "{written}: {error}");
        }
    }

    #[test]
    fn the_message_repeats_the_text_and_never_a_password() {
        assert_eq!(
            read("https://app.example/a").unwrap_err(),
            "`https://app.example/a` is not an origin: it has a path, a query or a fragment; write scheme, host and port \
             alone, as https://app.example or https://app.example:8443"
        );
        for secret in ["https://ann:hunter2@app.example", "redis://:hunter2@db", "ann:hunter2@app.example"] {
            let error = read(secret).unwrap_err();
            assert!(error.starts_with("a text with a user name in it is not an origin: "), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
