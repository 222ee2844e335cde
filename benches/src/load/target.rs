//! The target of the load: one prebuilt request to one address, which is on this machine unless the caller allows
//! others.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{HOST, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};

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

/// A request that can be sent any number of times, with the status that its response must have.
///
/// `Debug` shows neither header values nor the body, because they contain credentials.
#[derive(Clone)]
pub struct Target {
    address: SocketAddr,
    request: Request<Full<Bytes>>,
    expected: StatusCode,
}

impl Target {
    /// `GET base_url + path`, expecting 200. `base_url` is `http://host:port`, with or without a path of its own.
    ///
    /// A host name is resolved once, here. `localhost` and every `NAME.localhost` are taken to be this machine without
    /// asking a resolver (RFC 6761 §6.3).
    ///
    /// # Errors
    /// [`LoadError::Url`] for a URL that is not plain `http://` or has no resolvable host; [`LoadError::NotLoopback`]
    /// when the host is not this machine and `reach` does not allow that.
    pub fn get(base_url: &str, path: &str, reach: Reach) -> Result<Self, LoadError> {
        let joined = format!("{}{}", base_url.trim_end_matches('/'), path);
        let unreadable = |reason: &str| LoadError::Url { url: joined.clone(), reason: reason.to_owned() };
        let uri: Uri =
            joined.parse().map_err(|error: hyper::http::uri::InvalidUri| unreadable(&error.to_string()))?;
        if uri.scheme_str() != Some("http") {
            return Err(unreadable("it must begin with http:// (the generator speaks no TLS)"));
        }
        let authority = uri.authority().ok_or_else(|| unreadable("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(unreadable("a user name or password does not belong in it"));
        }
        let address = resolve(authority.host(), authority.port_u16().unwrap_or(80))
            .map_err(|error| unreadable(&format!("its host cannot be resolved ({error})")))?;
        if reach == Reach::LoopbackOnly && !address.ip().to_canonical().is_loopback() {
            return Err(LoadError::NotLoopback { address });
        }
        // The request line contains the origin form (RFC 9112 §3.2.1), so the host is written into its own header.
        let host =
            HeaderValue::from_str(authority.as_str()).map_err(|error| unreadable(&error.to_string()))?;
        let origin = uri.path_and_query().map_or("/", |path| path.as_str());
        let request = Request::get(origin)
            .header(HOST, host)
            .body(Full::default())
            .map_err(|error| unreadable(&error.to_string()))?;
        Ok(Self { address, request, expected: StatusCode::OK })
    }

    /// Adds one more request header.
    ///
    /// # Errors
    /// [`LoadError::Url`] when the name or the value is not valid in a header; the error does not repeat the value.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, LoadError> {
        let refused = |reason: String| LoadError::Url { url: format!("header {name}"), reason };
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|error| refused(error.to_string()))?;
        let mut value = HeaderValue::from_str(value).map_err(|error| refused(error.to_string()))?;
        value.set_sensitive(true);
        self.request.headers_mut().append(key, value);
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

    /// The address that the load is sent to.
    pub fn address(&self) -> SocketAddr {
        self.address
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
        write!(f, "Target({method} {path} at {}, expecting {})", self.address, self.expected)
    }
}

fn resolve(host: &str, port: u16) -> std::io::Result<SocketAddr> {
    let lower = host.to_ascii_lowercase();
    if lower == "localhost" || lower.ends_with(".localhost") {
        return Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port));
    }
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    (bare, port).to_socket_addrs()?.next().ok_or_else(|| std::io::ErrorKind::NotFound.into())
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
        assert!(!format!("{refused} {refused:?} {taken:?}").contains("s3cret"));
    }
}
