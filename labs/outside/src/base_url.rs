//! The address of a server, as a user gives it to `--url`.
//!
//! Every call appends a path to the address, so an address with a query or a fragment would corrupt each of them. An HTTP
//! client would send a user name and a password as a header of its own, and print them in its errors.

use std::fmt;
use std::net::IpAddr;

use url::Url;

use crate::visible::visible;

/// An `http://` address with a host, a port and possibly a path, and nothing else.
///
/// ```
/// use outside::BaseUrl;
///
/// let url = BaseUrl::parse("http://127.0.0.1:8080/api/").unwrap();
/// assert_eq!(url.as_str(), "http://127.0.0.1:8080/api");
/// assert!(url.is_loopback());
/// assert!(BaseUrl::parse("http://ann:secret@127.0.0.1:8080").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl {
    url: Url,
    /// The address without a trailing slash.
    text: String,
}

/// Why a text is not the address of a server. No message contains a password or a query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BaseUrlError {
    /// The text is not a URL, or is a URL without a host.
    #[error("`{url}` is not a URL: give one such as http://127.0.0.1:8080")]
    NotAUrl {
        /// The text that was given.
        url: String,
    },
    /// The URL needs TLS, which the commands do not support.
    #[error(
        "`{url}` needs TLS, which is not supported: give the server's http:// address behind the proxy, such as http://127.0.0.1:8080"
    )]
    Tls {
        /// The URL that was given.
        url: String,
    },
    /// The URL has another scheme than HTTP.
    #[error("`{url}` is not an http:// URL: give one such as http://127.0.0.1:8080")]
    NotAnHttpUrl {
        /// The URL that was given.
        url: String,
    },
    /// The URL contains a user name or a password.
    #[error("the URL contains a user name or a password, which no request may send: give `{url}`")]
    UserInfo {
        /// The URL without them.
        url: String,
    },
    /// The URL contains a query.
    #[error("the URL contains a query (`?`), to which no path can be added: give `{url}`")]
    Query {
        /// The URL without its query.
        url: String,
    },
    /// The URL contains a fragment.
    #[error("the URL contains a fragment (`#`), to which no path can be added: give `{url}`")]
    Fragment {
        /// The URL without its fragment.
        url: String,
    },
}

impl BaseUrl {
    /// Reads the address of a server. A path is kept, without a slash at its end.
    ///
    /// # Errors
    /// [`BaseUrlError`] for another scheme than `http`, and for an address without a host, or with a user name, a
    /// password, a query or a fragment.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let Ok(url) = Url::parse(text.trim()) else {
            return Err(BaseUrlError::NotAUrl { url: without_secrets(text) });
        };
        let mut bare = url.clone();
        // Neither can fail for a URL with a host; other URLs are refused below.
        let _is_refused_below = (bare.set_username(""), bare.set_password(None));
        bare.set_query(None);
        bare.set_fragment(None);
        let bare = bare.as_str().trim_end_matches('/').to_owned();
        match url.scheme() {
            "http" => {}
            "https" => return Err(BaseUrlError::Tls { url: bare }),
            _ => return Err(BaseUrlError::NotAnHttpUrl { url: without_secrets(text) }),
        }
        if !url.has_host() {
            return Err(BaseUrlError::NotAUrl { url: without_secrets(text) });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BaseUrlError::UserInfo { url: bare });
        }
        if url.query().is_some() {
            return Err(BaseUrlError::Query { url: bare });
        }
        if url.fragment().is_some() {
            return Err(BaseUrlError::Fragment { url: bare });
        }
        Ok(Self { url, text: bare })
    }

    /// The address without a trailing slash, to which a path can be added.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The origin that a browser sends from a page at this address.
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }

    /// Whether the server is on this machine, judged by the text alone. A name counts only where RFC 6761 §6.3 says that
    /// it is loopback.
    pub fn is_loopback(&self) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            Ok(address) => address.to_canonical().is_loopback(),
            Err(_) => host == "localhost" || host.ends_with(".localhost"),
        }
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The text up to its query, and without what may be a user name and a password.
fn without_secrets(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let Some((before, host)) = text.rsplit_once('@') else { return visible(text).into_owned() };
    let scheme = before.split_once("://").map_or(String::new(), |(scheme, _)| format!("{scheme}://"));
    visible(&format!("{scheme}{host}")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        BaseUrl::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn an_address_is_kept_with_its_path_and_without_a_slash_at_its_end() {
        for (text, kept) in [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("http://example.test:80/auth/v1//", "http://example.test/auth/v1"),
            (" http://[::1]:8080 ", "http://[::1]:8080"),
        ] {
            assert_eq!(BaseUrl::parse(text).unwrap().to_string(), kept);
        }
        assert_eq!(BaseUrl::parse("http://a.test:81/b").unwrap().origin(), "http://a.test:81");
    }

    #[test]
    fn user_names_passwords_queries_and_fragments_are_refused_and_secrets_are_not_printed() {
        let user =
            "the URL contains a user name or a password, which no request may send: give `http://a.test`";
        assert_eq!(refusal("http://ann:hunter2@a.test"), user);
        assert_eq!(refusal("http://ann@a.test/?token=hunter2"), user);
        assert_eq!(refusal("http://:hunter2@a.test"), user);
        let query = "the URL contains a query (`?`), to which no path can be added: give `http://a.test/b`";
        assert_eq!(refusal("http://a.test/b?token=hunter2"), query);
        assert_eq!(refusal("http://a.test/b?"), query);
        let fragment =
            "the URL contains a fragment (`#`), to which no path can be added: give `http://a.test`";
        assert_eq!(refusal("http://a.test/#x"), fragment);
        for text in [
            "https://ann:hunter2@a.test",
            "ftp://ann:hunter2@a.test",
            "http://ann:hunter2@",
            "ann:hunter2@a b",
        ] {
            assert!(!refusal(text).contains("hunter2"), "{}", refusal(text));
        }
    }

    #[test]
    fn other_schemes_and_text_that_is_no_url_are_refused() {
        assert!(matches!(BaseUrl::parse("https://a.test"), Err(BaseUrlError::Tls { .. })));
        assert!(matches!(BaseUrl::parse("ftp://a.test"), Err(BaseUrlError::NotAnHttpUrl { .. })));
        assert!(matches!(BaseUrl::parse("localhost:8080"), Err(BaseUrlError::NotAnHttpUrl { .. })));
        for text in ["nonsense", "http://", "", "http://a b"] {
            assert!(matches!(BaseUrl::parse(text), Err(BaseUrlError::NotAUrl { .. })), "{text}");
        }
        assert!(refusal("\u{1b}[2K").contains("`\\u{1b}[2K`"));
    }

    #[test]
    fn this_machine_is_known_by_loopback_addresses_and_names_and_by_nothing_else() {
        for own in [
            "http://127.0.0.1:8080",
            "http://127.9.9.9/",
            "http://[::1]:80",
            "http://[::ffff:127.0.0.1]",
            "http://localhost",
            "http://a.localhost:1",
        ] {
            assert!(BaseUrl::parse(own).unwrap().is_loopback(), "{own}");
        }
        for other in [
            "http://192.168.1.7:8080",
            "http://0.0.0.0:8080",
            "http://example.test",
            "http://localhost.example.test",
            "http://127.0.0.1.example.test",
            "http://[::ffff:192.168.1.7]/",
        ] {
            assert!(!BaseUrl::parse(other).unwrap().is_loopback(), "{other}");
        }
    }
}
