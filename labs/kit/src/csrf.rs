//! Cross-site request forgery (CSRF): requests that a foreign page makes a browser send.
//!
//! A browser adds its cookies to a request whatever page sends it. So a request that changes something and is authenticated
//! by a cookie must show that it comes from one of the server's own pages: by `Sec-Fetch-Site: same-origin`, which a page
//! cannot forge, or in older browsers by an `Origin` that is listed. (OWASP ASVS 3.5.1; Fetch Metadata.) A page on a
//! sibling domain or another port is *same-site*: it is accepted only if its `Origin` is listed. The list comes from the
//! configuration or the bound address, never from the request's own `Host`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use http::header::ORIGIN;
use http::request::Parts;
use http::{HeaderValue, Method};

use crate::error::Error;
use crate::origin::Origin;

/// The origins whose pages may use this server: its own, and other ones if they are configured.
#[derive(Clone, Debug)]
pub struct Origins {
    listed: Arc<[Origin]>,
    configured: bool,
}

impl Origins {
    /// The configured origins; if there are none, the loopback names of the bound address. Servers on different ports of
    /// one machine share its cookies, so each lab also accepts a host name of its own, `<lab>.localhost`.
    pub fn new(configured: &[Origin], bound: SocketAddr, lab: &str) -> Self {
        let mut listed: Vec<Origin> = Vec::new();
        let own = names_of(bound.ip(), lab).into_iter();
        let own = own.filter_map(|name| format!("http://{name}:{}", bound.port()).parse().ok());
        let all: Vec<Origin> = if configured.is_empty() { own.collect() } else { configured.to_vec() };
        for origin in all {
            if !listed.contains(&origin) {
                listed.push(origin);
            }
        }
        Self { listed: listed.into(), configured: !configured.is_empty() }
    }

    /// All listed origins, for a banner.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.listed.iter().map(Origin::as_str)
    }

    /// Whether an operator has configured the origins. Only then may pages of other origins use this server.
    pub(crate) fn are_configured(&self) -> bool {
        self.configured
    }

    // ANCHOR: own
    /// Checks a request that a cookie authenticates: if it changes state, it must come from a listed page.
    ///
    /// # Errors
    /// [`Error::Csrf`] when it is not a `GET` or `HEAD` and does not show that it comes from a listed page.
    pub fn require_own(&self, request: &Parts) -> Result<(), Error> {
        if matches!(request.method, Method::GET | Method::HEAD) {
            return Ok(());
        }
        match (fetch_site(request), self.origin(request)) {
            (Some("same-origin"), _) => Ok(()),
            // A sibling domain or another port: the browser has written both headers, so `Origin` says which page it is.
            (Some("same-site") | None, Sender::Listed) => Ok(()),
            (Some(_), _) => Err(Error::Csrf("Sec-Fetch-Site is not same-origin")),
            (None, Sender::Foreign) => Err(Error::Csrf("Origin is not listed")),
            (None, Sender::Unknown) => Err(Error::Csrf("there is neither Sec-Fetch-Site nor Origin")),
        }
    }
    // ANCHOR_END: own

    /// Checks a sign-up or login, which no cookie authenticates: an app need not say where its request comes from, but a
    /// page that is not listed must not log its visitor in (login CSRF).
    pub(crate) fn refuse_foreign(&self, request: &Parts) -> Result<(), Error> {
        match (fetch_site(request), self.origin(request)) {
            (_, Sender::Foreign) => Err(Error::Csrf("Origin is that of another site")),
            (Some("cross-site" | "same-site"), Sender::Unknown) => {
                Err(Error::Csrf("Sec-Fetch-Site names another site"))
            }
            _ => Ok(()),
        }
    }

    /// Whether the header names a listed origin.
    pub(crate) fn lists(&self, origin: &HeaderValue) -> bool {
        let bytes = origin.as_bytes();
        if self.listed.iter().any(|listed| listed.as_str().as_bytes() == bytes) {
            return true;
        }
        let read = std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<Origin>().ok());
        read.is_some_and(|origin| self.listed.contains(&origin))
    }

    fn origin(&self, request: &Parts) -> Sender {
        match request.headers.get(ORIGIN) {
            None => Sender::Unknown,
            Some(origin) if self.lists(origin) => Sender::Listed,
            Some(_) => Sender::Foreign,
        }
    }
}

/// What a request's `Origin` header says about the page that sent it.
enum Sender {
    /// The request has no `Origin` header.
    Unknown,
    Listed,
    Foreign,
}

/// The host names by which browsers reach a server that is bound to this address, as written in a URL.
fn names_of(bound: IpAddr, lab: &str) -> Vec<String> {
    let in_url = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let mut names = vec![in_url(bound)];
    if bound.is_unspecified() {
        names.extend([Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()].map(in_url));
    }
    // If the server is bound to another address, `localhost` is a different server.
    if bound.is_unspecified() || bound.to_canonical().is_loopback() {
        names.extend(["localhost".to_owned(), format!("{lab}.localhost")]);
    }
    names
}

/// The request's `Sec-Fetch-Site`. A value that is not text counts as foreign, like an unknown value.
fn fetch_site(request: &Parts) -> Option<&str> {
    request.headers.get("sec-fetch-site").map(|value| value.to_str().unwrap_or("unreadable"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins() -> Origins {
        Origins::new(&[], SocketAddr::from(([127, 0, 0, 1], 8080)), "session")
    }

    fn configured(list: &[&str]) -> Origins {
        let list: Vec<Origin> = list.iter().map(|origin| origin.parse().unwrap()).collect();
        Origins::new(&list, SocketAddr::from(([127, 0, 0, 1], 8080)), "session")
    }

    fn bound_to(address: &str) -> Vec<String> {
        let origins = Origins::new(&[], address.parse().unwrap(), "session");
        origins.iter().map(str::to_owned).collect()
    }

    fn post(headers: &[(&'static str, &str)]) -> Parts {
        let mut request = http::Request::post("/").body(()).unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        request.into_parts().0
    }

    #[test]
    fn a_cookie_request_passes_from_our_own_page_and_from_no_other() {
        let passes = |headers: &[(&'static str, &str)]| origins().require_own(&post(headers)).is_ok();
        assert!(passes(&[("sec-fetch-site", "same-origin")]));
        assert!(passes(&[("origin", "http://localhost:8080")]));
        assert!(passes(&[("origin", "http://session.localhost:8080")]));
        assert!(!passes(&[]));
        assert!(!passes(&[("origin", "null")]));
        assert!(!passes(&[("origin", "http://localhost:8081")]));
        assert!(!passes(&[("origin", "http://evil.localhost:8080")]));
        assert!(!passes(&[("origin", "http://localhost:8080 http://localhost:8080")]));
        assert!(!passes(&[("sec-fetch-site", "same-site")]));
        assert!(!passes(&[("sec-fetch-site", "cross-site")]));
        assert!(!passes(&[("sec-fetch-site", "none")]));
    }

    #[test]
    fn a_listed_sibling_passes_with_a_cookie_and_an_unlisted_one_and_a_cross_site_page_do_not() {
        let origins = configured(&["https://app.example.com"]);
        let from = |site: &str, origin: &str| {
            origins.require_own(&post(&[("sec-fetch-site", site), ("origin", origin)])).is_ok()
        };
        assert!(from("same-site", "https://app.example.com"));
        assert!(!from("same-site", "https://blog.example.com"));
        assert!(!from("same-site", "http://app.example.com"));
        assert!(!from("same-site", "https://app.example.com:8443"));
        assert!(!from("same-site", "null"));
        // Browsers do not send a Lax or Strict cookie with these.
        assert!(!from("cross-site", "https://app.example.com"));
        assert!(!from("none", "https://app.example.com"));
    }

    #[test]
    fn a_log_in_passes_from_an_app_and_from_our_own_page_and_from_no_other_page() {
        let passes = |headers: &[(&'static str, &str)]| origins().refuse_foreign(&post(headers)).is_ok();
        assert!(passes(&[]));
        assert!(passes(&[("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:8080")]));
        assert!(!passes(&[("sec-fetch-site", "cross-site")]));
        assert!(!passes(&[("sec-fetch-site", "same-site")]));
        assert!(!passes(&[("origin", "null")]));
        assert!(!passes(&[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")]));
    }

    #[test]
    fn a_log_in_passes_from_a_listed_page_of_any_site_and_not_from_an_unlisted_sibling() {
        let origins = configured(&["https://app.example.com", "https://partner.example"]);
        let from = |site: &str, origin: &str| {
            origins.refuse_foreign(&post(&[("sec-fetch-site", site), ("origin", origin)])).is_ok()
        };
        assert!(from("same-site", "https://app.example.com"));
        assert!(from("cross-site", "https://partner.example"));
        assert!(!from("same-site", "https://blog.example.com"));
        assert!(!from("cross-site", "https://evil.example"));
    }

    #[test]
    fn the_banner_names_every_loopback_name() {
        let all = ["http://127.0.0.1:8080", "http://localhost:8080", "http://session.localhost:8080"];
        assert_eq!(origins().iter().collect::<Vec<_>>(), all);
    }

    #[test]
    fn bound_to_any_address_every_loopback_name_is_our_own() {
        let names = ["127.0.0.1", "[::1]", "localhost", "session.localhost"];
        let all = |first: &str| {
            [first].iter().chain(&names).map(|name| format!("http://{name}:8080")).collect::<Vec<_>>()
        };
        assert_eq!(bound_to("0.0.0.0:8080"), all("0.0.0.0"));
        assert_eq!(bound_to("[::]:8080"), all("[::]"));
    }

    #[test]
    fn an_ipv6_address_stands_in_brackets_and_the_default_port_is_left_out() {
        let all = ["http://[::1]:8080", "http://localhost:8080", "http://session.localhost:8080"];
        assert_eq!(bound_to("[::1]:8080"), all);
        assert_eq!(
            bound_to("127.0.0.1:80"),
            ["http://127.0.0.1", "http://localhost", "http://session.localhost"]
        );
    }

    #[test]
    fn behind_another_address_localhost_is_somebody_elses() {
        assert_eq!(bound_to("192.168.1.5:8080"), ["http://192.168.1.5:8080"]);
    }

    #[test]
    fn configured_origins_replace_the_loopback_names() {
        let origins = configured(&["https://App.example/", "https://app.example:443"]);
        assert_eq!(origins.iter().collect::<Vec<_>>(), ["https://app.example"]);
        assert!(origins.require_own(&post(&[("origin", "https://app.example")])).is_ok());
        assert!(origins.require_own(&post(&[("origin", "http://localhost:8080")])).is_err());
    }

    #[test]
    fn a_default_port_upper_case_and_another_script_are_spellings_of_one_origin() {
        let origins = configured(&["https://app.example:443", "https://bücher.example"]);
        for origin in [
            "https://app.example",
            "https://APP.example",
            "https://app.example:443",
            "https://xn--bcher-kva.example",
        ] {
            assert!(origins.require_own(&post(&[("origin", origin)])).is_ok(), "{origin}");
        }
        for origin in [
            "http://app.example",
            "https://app.example:8443",
            "https://bucher.example",
            "https://app.example.evil.example",
        ] {
            assert!(origins.require_own(&post(&[("origin", origin)])).is_err(), "{origin}");
        }
    }
}
