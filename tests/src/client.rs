//! A thin HTTP client: one call gives one recorded exchange, and the only state is the list of created accounts.
//!
//! It follows no redirect, keeps no cookie and uses no proxy, because each of these would hide what the server sent.
//! Every call has a time limit and every response a size limit: a server under test may do anything.

use std::sync::Arc;

use reqwest::header::HeaderMap;

use crate::{
    accounts::{Ledger, Pending},
    call::Call,
    excerpt,
    exchange::Exchange,
    outcome::{self, Outcome},
    transport::{ANSWER_WITHIN, read_bounded, transport},
};

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
                because: format!("{} got no response", outcome::request_line(&sent)),
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
        let body = read_bounded(&mut answer).await?;
        Ok(Exchange { sent, status, headers, body })
    }
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
