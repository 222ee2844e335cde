//! Downloads a JWK Set from a server on this machine.
//!
//! Only a loopback address is contacted: what a user pastes with a token may come from an attacker, and this command shall
//! not be a way to send requests elsewhere.

use std::net::IpAddr;
use std::time::Duration;

use harness::Failure;
use reqwest::redirect::Policy;
use url::Url;

use super::key::{self, Key};

/// The longest time for the whole download.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most bytes of a JWK Set.
const MAX_BYTES: usize = 256 * 1024;

/// The keys that a URL serves.
///
/// # Errors
/// The URL does not name this machine, the server does not answer with a JWK Set, or the set is too long.
pub(super) async fn fetch(url: &str) -> Result<Vec<Key>, Failure> {
    let shown = kit::visible::excerpt(url, 200);
    if !is_on_this_machine(url) {
        return Err(Failure::new(format!(
            "`{shown}` is not an http URL of this machine, and no other is contacted"
        ))
        .advice("download the file, for example with curl, and pass it with --key FILE"));
    }
    let failed = |error: reqwest::Error| {
        Failure::new(format!("no JWK Set can be read from {shown}")).caused_by(&error.without_url())
    };
    let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().redirect(Policy::none()).build()?;
    let mut answer = client.get(url).send().await.map_err(failed)?;
    if !answer.status().is_success() {
        return Err(Failure::new(format!("{shown} answered with {}", answer.status())));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BYTES {
            return Err(Failure::new(format!(
                "the answer of {shown} is longer than {} KiB",
                MAX_BYTES / 1024
            )));
        }
    }
    let text = String::from_utf8_lossy(&body);
    key::read_set(&text).map_err(|failure| {
        let reason = failure.to_string();
        Failure::new(format!("{shown} serves no JWK Set: {}", kit::visible::visible(&reason)))
    })
}

/// Whether a URL has the scheme http and names a loopback address. A name counts only if it is `localhost`.
fn is_on_this_machine(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let host = url.host_str().unwrap_or_default();
    let is_loopback = match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host == "localhost",
    };
    url.scheme() == "http" && is_loopback
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_over_http_are_on_this_machine() {
        for own in
            ["http://127.0.0.1:8080/jwks.json", "http://[::1]/a", "http://localhost:1/", "http://127.1/"]
        {
            assert!(is_on_this_machine(own), "{own}");
        }
        for other in [
            "https://127.0.0.1/",
            "http://192.0.2.1/",
            "http://localhost.example/",
            "http://127.0.0.1@192.0.2.1/",
            "http://169.254.169.254/latest",
            "http://0.0.0.0/",
            "file:///etc/passwd",
            "127.0.0.1",
            "",
        ] {
            assert!(!is_on_this_machine(other), "{other}");
        }
    }
}
