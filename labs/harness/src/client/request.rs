//! A request of a client. Most commands send it with an HTTP library; the playground writes and shows every byte of it.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::{Client, Method, Response};
use serde_json::Value;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A header's name and value.
pub type Header = (&'static str, String);

/// A request to be sent.
#[derive(Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path on the server.
    pub path: &'static str,
    /// The headers, apart from those that describe the body and the connection.
    pub headers: Vec<Header>,
    /// The body, which is sent as JSON.
    pub body: Option<Value>,
}

impl Request {
    /// A GET request.
    pub fn get(path: &'static str) -> Self {
        Self { method: Method::GET, path, headers: Vec::new(), body: None }
    }

    /// A POST request.
    pub fn post(path: &'static str, body: Value) -> Self {
        Self { method: Method::POST, path, headers: Vec::new(), body: Some(body) }
    }

    /// Adds a header.
    #[must_use]
    pub fn with(mut self, header: Header) -> Self {
        self.headers.push(header);
        self
    }

    /// Adds the header that a browser adds to a request from the server's own page. A thief can write it too.
    #[must_use]
    pub fn from_own_page(self) -> Self {
        self.with(("Sec-Fetch-Site", "same-origin".to_owned()))
    }

    /// Sends the request to the server at this base URL.
    ///
    /// # Errors
    /// There is no answer, or the base URL or a header is invalid.
    pub async fn send(&self, http: &Client, base: &str) -> reqwest::Result<Response> {
        let mut request = http.request(self.method.clone(), format!("{base}{}", self.path));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = &self.body {
            request = request.json(body);
        }
        request.send().await
    }
}

/// The connections of one client.
///
/// # Errors
/// The HTTP client cannot be built.
pub fn connections() -> reqwest::Result<Client> {
    Client::builder().timeout(PATIENCE).no_proxy().build()
}

/// The connections of one client that reaches `host` at this address only. A name may have other addresses, at which its
/// server does not listen.
///
/// # Errors
/// The HTTP client cannot be built.
pub fn connections_to(host: &str, address: SocketAddr) -> reqwest::Result<Client> {
    Client::builder().timeout(PATIENCE).no_proxy().resolve(host, address).build()
}

/// How many bytes a header adds to a request: name, colon, space, value and the end of the line.
pub fn header_bytes(name: &str, value: &str) -> u64 {
    (name.len() + value.len() + 4) as u64
}
