//! The target of the load: one prebuilt request to one address, which is on this machine unless the caller allows
//! others.

use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use hyper::{Method, Request, StatusCode};

use super::address::{Place, first_that_accepts};
use super::error::LoadError;

/// Which addresses the generator may send load to. A load generator that accepts any address is an accidental weapon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// Loopback addresses only.
    #[default]
    LoopbackOnly,
    /// Any address: the caller states that the server is theirs and that they may put it under load.
    MyOwnServerAnywhere,
}

/// Fields that belong to a connection or to the framing of a message, and that the generator therefore sets itself (RFC
/// 9110 §7.6.1, RFC 9112 §6).
const OWN: [HeaderName; 6] = [CONNECTION, CONTENT_LENGTH, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// A request that can be sent any number of times, with the status that its response must have.
///
/// `Debug` shows neither header values nor the body, because they contain credentials.
#[derive(Clone)]
pub struct Target {
    /// The addresses of the server: one, once it is known which of them accepts connections. Never empty.
    addresses: Vec<SocketAddr>,
    request: Request<Full<Bytes>>,
    expected: StatusCode,
    /// Whether the caller has replaced the Host header.
    has_own_host: bool,
}

impl Target {
    /// `GET base_url + path`, expecting 200. `base_url` is `http://host:port`, with or without a path of its own; `path`
    /// may contain a query.
    ///
    /// A host name is resolved once, here. `localhost` and every `NAME.localhost` are taken to be this machine without
    /// asking a resolver (RFC 6761 §6.3), on IPv6 and on IPv4.
    ///
    /// # Errors
    /// [`LoadError::Url`] for a URL that is not plain `http://`, has no resolvable host, or contains a password or a
    /// fragment; the error does not repeat the password. [`LoadError::NotLoopback`] when an address of the host is not
    /// this machine's and `reach` does not allow that.
    pub fn get(base_url: &str, path: &str, reach: Reach) -> Result<Self, LoadError> {
        let url = format!("{}{}", base_url.trim_end_matches('/'), path);
        let Place { authority, origin, addresses } = Place::read(&url)?;
        let elsewhere = addresses.iter().find(|address| !address.ip().to_canonical().is_loopback());
        if let (Reach::LoopbackOnly, Some(address)) = (reach, elsewhere) {
            return Err(LoadError::NotLoopback { address: *address });
        }
        let unreadable = |reason: String| LoadError::Url { url: url.clone(), reason };
        // The request line contains the origin form (RFC 9112 §3.2.1), so the host is written into its own header.
        let host =
            HeaderValue::from_str(authority.as_str()).map_err(|error| unreadable(error.to_string()))?;
        let request = Request::get(origin)
            .header(HOST, host)
            .body(Full::default())
            .map_err(|error| unreadable(error.to_string()))?;
        Ok(Self { addresses, request, expected: StatusCode::OK, has_own_host: false })
    }

    /// Adds one more request header. A Host header replaces the one that was taken from the URL.
    ///
    /// # Errors
    /// [`LoadError::Header`] when the name or the value is not valid in a header, when the generator sets this header
    /// itself, or for a second Host header; the error does not repeat the value.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, LoadError> {
        // A name that is invalid may be a credential in the wrong place.
        let key = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_invalid| LoadError::Header {
                name: "…".to_owned(), reason: "its name is invalid"
            })?;
        let refused = |reason: &'static str| LoadError::Header { name: key.as_str().to_owned(), reason };
        let mut value = HeaderValue::from_str(value)
            .map_err(|_invalid| refused("its value contains a character that no header may contain"))?;
        value.set_sensitive(true);
        if OWN.contains(&key) {
            return Err(refused(
                "the load generator sets it for its own connections and bodies; leave it out",
            ));
        }
        if key == HOST {
            if self.has_own_host {
                return Err(refused("a request has exactly one (RFC 9112 §3.2), and it was given twice"));
            }
            self.has_own_host = true;
            self.request.headers_mut().insert(key, value);
        } else {
            self.request.headers_mut().append(key, value);
        }
        Ok(self)
    }

    /// The same target with the first of its addresses that accepts a connection.
    ///
    /// # Errors
    /// [`LoadError::Connect`] when none does.
    pub async fn reached(mut self) -> Result<Self, LoadError> {
        self.addresses = vec![first_that_accepts(&self.addresses).await?];
        Ok(self)
    }

    /// Sets another method and a body, for requests such as a refresh.
    #[must_use]
    pub fn sending(mut self, method: Method, body: impl Into<Bytes>) -> Self {
        *self.request.method_mut() = method;
        *self.request.body_mut() = Full::new(body.into());
        self
    }

    /// Sets the status that counts as the right response, instead of 200.
    #[must_use]
    pub fn expecting(mut self, status: StatusCode) -> Self {
        self.expected = status;
        self
    }

    /// The address that the load is sent to; before [`Target::reached`], the preferred one of the host's addresses.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Whether only one address is left, so that every connection is opened to the same server.
    pub(super) fn is_settled(&self) -> bool {
        self.addresses.len() == 1
    }

    /// The status that counts as the right response.
    pub fn expected(&self) -> StatusCode {
        self.expected
    }

    pub(super) fn request(&self) -> Request<Full<Bytes>> {
        self.request.clone()
    }

    pub(super) fn expects(&self, status: StatusCode) -> bool {
        self.expected == status
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, path) = (self.request.method(), self.request.uri());
        write!(f, "Target({method} {path} at {}, expecting {})", self.address(), self.expected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loopback_only(url: &str) -> Result<SocketAddr, LoadError> {
        Target::get(url, "/me", Reach::LoopbackOnly).map(|target| target.address())
    }

    #[test]
    fn every_way_to_write_this_machine_is_let_in() {
        for url in
            ["http://127.0.0.1:81", "http://127.9.9.9:81/", "http://localhost:81", "http://lab.LOCALHOST:81"]
        {
            assert_eq!(loopback_only(url).unwrap().port(), 81, "{url}");
        }
        assert_eq!(loopback_only("http://[::1]:81").unwrap(), "[::1]:81".parse().unwrap());
        assert_eq!(loopback_only("http://[::ffff:127.0.0.1]:81").unwrap().port(), 81);
    }

    #[test]
    fn another_machine_is_refused() {
        for url in [
            "http://192.0.2.1:81",
            "http://[2001:db8::1]:81",
            "http://0.0.0.0:81",
            "http://[::ffff:192.0.2.1]",
        ] {
            assert!(matches!(loopback_only(url), Err(LoadError::NotLoopback { .. })), "{url}");
        }
    }

    #[test]
    fn another_machine_is_let_in_when_the_caller_says_it_is_theirs() {
        let target = Target::get("http://192.0.2.1:81", "/me", Reach::MyOwnServerAnywhere).unwrap();
        assert_eq!(target.address(), "192.0.2.1:81".parse().unwrap());
    }

    #[test]
    fn what_is_no_plain_http_url_is_refused_with_its_reason() {
        for url in
            ["https://127.0.0.1:81", "127.0.0.1:81", "http://", "http://u:p@127.0.0.1:81", "http://a b"]
        {
            assert!(matches!(loopback_only(url), Err(LoadError::Url { .. })), "{url}");
        }
    }

    #[test]
    fn neither_debug_nor_an_error_repeats_a_credential() {
        let target = Target::get("http://127.0.0.1:81", "/me", Reach::LoopbackOnly).unwrap();
        let refused = target.clone().header("authorization", "Bearer s3cret\n").unwrap_err();
        let taken = target.header("authorization", "Bearer s3cret").unwrap();
        let misplaced = taken.clone().header("Bearer s3cret", "").unwrap_err();
        assert!(!format!("{refused} {refused:?} {taken:?} {misplaced:?}").contains("s3cret"));
    }

    #[test]
    fn a_host_header_replaces_the_urls_and_a_second_one_is_refused() {
        let target = Target::get("http://127.0.0.1:81", "/me", Reach::LoopbackOnly).unwrap();
        let hosts = |target: &Target| -> Vec<String> {
            let all = target.request.headers().get_all(HOST).iter();
            all.map(|value| value.to_str().unwrap().to_owned()).collect()
        };
        assert_eq!(hosts(&target), ["127.0.0.1:81"]);
        let own = target.header("HOST", "app.example").unwrap();
        assert_eq!(hosts(&own), ["app.example"]);
        assert_eq!(
            own.header("host", "other.example").unwrap_err().to_string(),
            "header `host` cannot be sent: a request has exactly one (RFC 9112 §3.2), and it was given twice"
        );
    }

    #[test]
    fn a_header_given_twice_is_sent_twice_and_one_of_the_connection_is_refused() {
        let target = Target::get("http://127.0.0.1:81", "/me", Reach::LoopbackOnly).unwrap();
        let twice = target.clone().header("x-tag", "a").unwrap().header("X-Tag", "b").unwrap();
        assert_eq!(twice.request.headers().get_all("x-tag").iter().count(), 2);
        for name in ["content-length", "Transfer-Encoding", "CONNECTION", "upgrade"] {
            let refused = target.clone().header(name, "5").unwrap_err().to_string();
            let name = name.to_ascii_lowercase();
            let sentence = "the load generator sets it for its own connections and bodies; leave it out";
            assert_eq!(refused, format!("header `{name}` cannot be sent: {sentence}"));
        }
    }
}
