//! The `Host` header, which names the server that a request is for (RFC 9112 §3.2).
//!
//! A server answers 400 to an HTTP/1.1 request without a `Host`, and to any request with two `Host` headers or with an
//! invalid one: a proxy in front of it may have interpreted the same bytes differently when it routed, logged or cached the
//! request.

use std::net::{Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use http::header::HOST;
use http::{Request, Version};

/// What is wrong with the request's `Host`, in a sentence for the client's developer; `None` if it is valid.
pub(crate) fn flaw<B>(request: &Request<B>) -> Option<&'static str> {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(_), Some(_)) => Some("There are two Host headers."),
        (Some(host), None) if !host.to_str().is_ok_and(is_host_and_port) => {
            Some("The Host header does not contain a valid host.")
        }
        (Some(_), None) => None,
        (None, _) if must_have_one(request) => Some("There is no Host header."),
        (None, _) => None,
    }
}

/// Whether a request must have a `Host`. HTTP/1.0 had no such header, and a request without a connection comes from a test,
/// which does not need one.
fn must_have_one<B>(request: &Request<B>) -> bool {
    request.version() == Version::HTTP_11 && request.extensions().get::<ConnectInfo<SocketAddr>>().is_some()
}

/// Whether a text is `uri-host [ ":" port ]` (RFC 9110 §7.2). An empty host is invalid, because no http URL has one (RFC
/// 9110 §4.2.1). Of the characters that RFC 3986 §3.2.2 allows in a name, only those of DNS names are valid here.
pub(crate) fn is_host_and_port(text: &str) -> bool {
    let (is_host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) => (address.parse::<Ipv6Addr>().is_ok(), port),
        None => {
            let (name, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            let is_of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
            (!name.is_empty() && name.bytes().all(is_of_a_name), port)
        }
    };
    is_host && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
}

/// Whether a text is a port number or empty.
fn is_port(text: &str) -> bool {
    text.is_empty() || (text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_with_and_without_a_port_name_a_host() {
        for host in [
            "localhost",
            "app.example:443",
            "127.0.0.1:8080",
            "[::1]",
            "[2001:db8::1]:80",
            "a:",
            "none.localhost:1",
        ] {
            assert!(is_host_and_port(host), "{host}");
        }
    }

    #[test]
    fn what_is_no_host_and_port_names_none() {
        for host in [
            "",
            " ",
            "a b",
            "a,b",
            "ann@a",
            "ann:word@a:1",
            "a/b",
            "http://a",
            "a:b",
            "a:1:2",
            "a:65536",
            "a:-1",
            "a:+1",
            ":80",
            "[::1",
            "::1",
            "[a]",
            "[::1]1",
            "a[::1]",
            "a?b",
            "a#b",
            "a\tb",
            "\u{e9}",
            "a\\b",
            "<a>",
            "\"a\"",
        ] {
            assert!(!is_host_and_port(host), "{host:?}");
        }
    }

    #[test]
    fn only_http_1_1_over_a_connection_needs_a_host() {
        let request = |version: Version, over: bool| {
            let mut request = Request::new(());
            *request.version_mut() = version;
            if over {
                request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1))));
            }
            flaw(&request)
        };
        assert_eq!(request(Version::HTTP_11, true), Some("There is no Host header."));
        assert_eq!(request(Version::HTTP_10, true), None);
        assert_eq!(request(Version::HTTP_11, false), None);
    }
}
