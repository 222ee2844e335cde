//! Some clients that each exchange one refresh token after the other, and what that costs the server.
//!
//! A token is good for one exchange, so no prebuilt request can be sent again and again. The clients are our own process, and
//! what they cost is not counted; the server's and Redis' time is.

use std::time::{Duration, Instant};

use harness::Failure;
use measure::process;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::commands::Commands;

pub(crate) const CLIENTS: usize = 16;
const PATIENCE: Duration = Duration::from_secs(10);
/// Tries at one exchange.
const ATTEMPTS: usize = 5;

/// A server with its clients, each of which keeps its last token from round to round.
pub(crate) struct Exchange {
    pub(crate) url: String,
    pub(crate) pid: u32,
    pub(crate) tokens: Vec<String>,
}

/// What one round was.
pub(crate) struct Round {
    pub(crate) exchanges: u64,
    pub(crate) took: Duration,
    server: Duration,
    store: Option<Duration>,
    trips: f64,
}

#[derive(Deserialize)]
struct Issued {
    refresh_token: String,
}

impl Exchange {
    /// Exchanges for so long, and reads the meters before and after.
    pub(crate) async fn round(
        &mut self,
        commands: &Commands,
        store: Option<u32>,
        duration: Duration,
    ) -> Result<Round, Failure> {
        let pid = self.pid;
        let meters =
            || Ok::<_, Failure>((process::cpu_time(pid)?, store.map(process::cpu_time).transpose()?));
        let calls = commands.script_calls().await?;
        let (server, of_store) = meters()?;
        let began = Instant::now();
        let (url, until) = (format!("{}/auth/refresh", self.url), began + duration);
        let all = self.tokens.iter_mut().map(|token| exchange(&url, token, || Instant::now() < until));
        let exchanges = futures_util::future::try_join_all(all).await?.into_iter().sum();
        let took = began.elapsed();
        let (server_after, store_after) = meters()?;
        Ok(Round {
            exchanges,
            took,
            server: server_after.saturating_sub(server),
            store: of_store.zip(store_after).map(|(before, after)| after.saturating_sub(before)),
            trips: commands.script_calls().await? - calls,
        })
    }

    /// The first client, so often.
    pub(crate) async fn times(&mut self, exchanges: usize) -> Result<(), Failure> {
        let url = format!("{}/auth/refresh", self.url);
        let token =
            self.tokens.first_mut().ok_or_else(|| Failure::new("nobody is there to exchange a token"))?;
        let mut left = (0..exchanges).map(|_| true);
        exchange(&url, token, || left.next().is_some()).await?;
        Ok(())
    }
}

impl Round {
    /// CPU time of the server for one exchange, in µs.
    pub(crate) fn server_us(&self) -> f64 {
        self.each(self.server)
    }

    /// The same of Redis; none where it is not ours.
    pub(crate) fn store_us(&self) -> Option<f64> {
        self.store.map(|store| self.each(store))
    }

    /// Times that one asked Redis and waited.
    pub(crate) fn trips(&self) -> f64 {
        self.trips / self.exchanges.max(1) as f64
    }

    fn each(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e6 / self.exchanges.max(1) as f64
    }
}

/// One client, for as long as it goes on.
async fn exchange(url: &str, token: &mut String, mut goes_on: impl FnMut() -> bool) -> Result<u64, Failure> {
    let http = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()?;
    let mut exchanges = 0;
    while goes_on() {
        *token = exchanged(&http, url, token).await?;
        exchanges += 1;
    }
    Ok(exchanges)
}

/// The next token. As a client should, it shows the same one with the same key again where the store did not answer in time.
async fn exchanged(http: &reqwest::Client, url: &str, token: &str) -> Result<String, Failure> {
    let key = Uuid::new_v4().to_string();
    let mut status = StatusCode::SERVICE_UNAVAILABLE;
    for _ in 0..ATTEMPTS {
        let body = json!({ "refresh_token": token });
        let answer = http.post(url).header("idempotency-key", &key).json(&body).send().await?;
        status = answer.status();
        match status {
            StatusCode::OK => return Ok(answer.json::<Issued>().await?.refresh_token),
            StatusCode::SERVICE_UNAVAILABLE => {}
            _ => break,
        }
    }
    Err(Failure::new(format!("an exchange of a refresh token was answered {status}")))
}
