//! Requests that a browser was talked into sending.
//!
//! A cookie goes along whoever wrote the page that sends the request. So a request that changes something and is
//! authenticated by a cookie must say that it comes from our own pages: `Sec-Fetch-Site: same-origin`, which a page cannot
//! forge, or in older browsers an `Origin` that is ours. (OWASP ASVS 3.5.1; Fetch Metadata.) What is ours comes from the
//! configuration or the bound address, never from the request's own `Host`.

use std::net::SocketAddr;
use std::sync::Arc;

use http::Method;
use http::header::ORIGIN;
use http::request::Parts;

use crate::error::Error;

/// The origins that are this server's own.
#[derive(Clone, Debug)]
pub struct Origins(Arc<[String]>);

impl Origins {
    /// Those that were configured; without any, the loopback names of the address that was bound. Servers side by side on
    /// one machine share its cookies, whatever their ports, so each lab also answers to a name of its own.
    pub fn new(configured: &[String], bound: SocketAddr, lab: &str) -> Self {
        if !configured.is_empty() {
            return Self(
                configured.iter().map(|origin| origin.trim_end_matches('/').to_lowercase()).collect(),
            );
        }
        let port = bound.port();
        let names = [bound.ip().to_string(), "localhost".into(), format!("{lab}.localhost")];
        Self(names.iter().map(|name| format!("http://{name}:{port}")).collect())
    }

    /// All of them, for a banner.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    // ANCHOR: own
    /// For a request that a cookie authenticates: a state-changing one must come from our own pages.
    pub fn require_own(&self, request: &Parts) -> Result<(), Error> {
        if matches!(request.method, Method::GET | Method::HEAD) {
            return Ok(());
        }
        match (fetch_site(request), request.headers.get(ORIGIN)) {
            (Some("same-origin"), _) => Ok(()),
            (Some(_), _) => Err(Error::Csrf("Sec-Fetch-Site is not same-origin")),
            (None, Some(origin)) if self.contains(origin.as_bytes()) => Ok(()),
            (None, Some(_)) => Err(Error::Csrf("Origin is not ours")),
            (None, None) => Err(Error::Csrf("neither Sec-Fetch-Site nor Origin")),
        }
    }
    // ANCHOR_END: own

    /// For sign-up and log-in, which no cookie authenticates: an app may say nothing of where it comes from, a page from
    /// elsewhere may not log somebody in (log-in CSRF).
    pub(crate) fn refuse_foreign(&self, request: &Parts) -> Result<(), Error> {
        if let Some("cross-site" | "same-site") = fetch_site(request) {
            return Err(Error::Csrf("Sec-Fetch-Site is foreign"));
        }
        match request.headers.get(ORIGIN) {
            Some(origin) if !self.contains(origin.as_bytes()) => Err(Error::Csrf("Origin is foreign")),
            _ => Ok(()),
        }
    }

    fn contains(&self, origin: &[u8]) -> bool {
        self.0.iter().any(|own| own.as_bytes().eq_ignore_ascii_case(origin))
    }
}

/// A value that is no text is as foreign as an unknown one.
fn fetch_site(request: &Parts) -> Option<&str> {
    request.headers.get("sec-fetch-site").map(|value| value.to_str().unwrap_or("unreadable"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origins() -> Origins {
        Origins::new(&[], SocketAddr::from(([127, 0, 0, 1], 8080)), "session")
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
        assert!(!passes(&[("sec-fetch-site", "same-site"), ("origin", "http://localhost:8080")]));
        assert!(!passes(&[("sec-fetch-site", "cross-site")]));
        assert!(!passes(&[("sec-fetch-site", "none")]));
    }

    #[test]
    fn a_log_in_passes_from_an_app_and_from_our_own_page_and_from_no_other_page() {
        let passes = |headers: &[(&'static str, &str)]| origins().refuse_foreign(&post(headers)).is_ok();
        assert!(passes(&[]));
        assert!(passes(&[("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:8080")]));
        assert!(!passes(&[("sec-fetch-site", "cross-site")]));
        assert!(!passes(&[("origin", "null")]));
        assert!(!passes(&[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")]));
    }

    #[test]
    fn the_banner_names_every_loopback_name() {
        let all = ["http://127.0.0.1:8080", "http://localhost:8080", "http://session.localhost:8080"];
        assert_eq!(origins().iter().collect::<Vec<_>>(), all);
    }

    #[test]
    fn configured_origins_replace_the_loopback_names() {
        let bound = SocketAddr::from(([127, 0, 0, 1], 8080));
        let origins = Origins::new(&["https://App.example/".into()], bound, "session");
        assert!(origins.require_own(&post(&[("origin", "https://app.example")])).is_ok());
        assert!(origins.require_own(&post(&[("origin", "http://localhost:8080")])).is_err());
    }
}
