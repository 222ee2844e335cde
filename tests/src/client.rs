//! A thin HTTP client: one call gives one recorded exchange, and the only state is the list of created accounts.
//!
//! It follows no redirect, keeps no cookie and uses no proxy, because each of these would hide what the server sent.
//! Every call has a time limit and every response a size limit: a server under test may do anything.

use std::{sync::Arc, time::Duration};

use reqwest::{Method, header::HeaderMap, redirect};
use serde_json::Value;

use crate::{
    accounts::{Ledger, Pending},
    check::Outcome,
    excerpt,
    exchange::Exchange,
};

/// How long a server may take to respond to one request.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How many bytes of a response body are read; the rest is not read.
pub(crate) const BODY_CAP: usize = 1 << 20;

/// A request to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Option<Vec<u8>>,
}

impl Call {
    pub(crate) fn new(method: Method, path: impl Into<String>) -> Self {
        Call { method, path: path.into(), headers: Vec::new(), body: None }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Call::new(Method::GET, path)
    }

    pub(crate) fn post(path: impl Into<String>) -> Self {
        Call::new(Method::POST, path)
    }

    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Call::new(Method::DELETE, path)
    }

    /// Adds a header; a second one with the same name is sent in addition.
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// A cookie as a page of the server's own origin would send it.
    pub(crate) fn own_cookie(self, cookie: &str) -> Self {
        self.header("cookie", cookie).header("sec-fetch-site", "same-origin")
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.raw("application/json", body.to_string())
    }

    pub(crate) fn raw(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("content-type", content_type)
    }
}

/// Sends calls to one server.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    base_url: String,
    accounts: Arc<Ledger>,
}

impl Client {
    pub(crate) fn new(base_url: &str) -> Result<Self, reqwest::Error> {
        Ok(Client { http: transport()?, base_url: base_url.to_owned(), accounts: Arc::default() })
    }

    /// The accounts that were created through this client, and those that were recorded by hand.
    pub(crate) fn accounts(&self) -> &Ledger {
        &self.accounts
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Sends a call. If no readable response arrives, the outcome of the check is undecided.
    pub(crate) async fn send(&self, call: Call) -> Result<Exchange, Box<Outcome>> {
        let sent = excerpt::request(&call);
        let pending = Pending::of(&call);
        match self.exchange(call, sent.clone()).await {
            Ok(exchange) => {
                if let Some(pending) = pending {
                    self.accounts.note(&pending, &exchange);
                }
                Ok(exchange)
            }
            Err(error) => Err(Box::new(Outcome::Undecided {
                sent,
                received: format!(
                    "no response (time limit: {} s): {}",
                    ANSWER_WITHIN.as_secs(),
                    causes(&error)
                ),
            })),
        }
    }

    async fn exchange(&self, call: Call, sent: String) -> Result<Exchange, reqwest::Error> {
        let mut request = self.http.request(call.method, format!("{}{}", self.base_url, call.path));
        for (name, value) in &call.headers {
            request = request.header(*name, value.as_bytes());
        }
        if let Some(body) = call.body {
            request = request.body(body);
        }
        let mut answer = request.send().await?;
        let (status, headers): (u16, HeaderMap) = (answer.status().as_u16(), answer.headers().clone());
        let body = read_bounded(&mut answer, BODY_CAP).await?;
        Ok(Exchange { sent, status, headers, body })
    }
}

pub(crate) fn transport() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .timeout(ANSWER_WITHIN)
        .pool_idle_timeout(Duration::from_secs(4))
        .build()
}

pub(crate) async fn read_bounded(
    answer: &mut reqwest::Response,
    cap: usize,
) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        let room = cap.saturating_sub(body.len());
        body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if body.len() >= cap {
            break;
        }
    }
    Ok(body)
}

/// An error with its causes: reqwest's own message alone hides the network's.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}
