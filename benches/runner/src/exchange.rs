//! Clients that exchange one refresh token after another, to measure what an exchange costs the server.
//!
//! A token is valid for one exchange, so a prebuilt request cannot be sent repeatedly. The clients run in this process,
//! whose CPU time is not counted; the CPU time of the server and of Redis is.

pub(crate) mod wire;

use std::thread;
use std::time::{Duration, Instant};

use harness::Failure;
use harness::client::{Held, connections};
use measure::load::{Latencies, on_schedule};
use measure::process;
use reqwest::StatusCode;
use tokio::sync::mpsc::unbounded_channel;

use super::commands::Commands;

pub(crate) const CLIENTS: usize = 16;
/// The most attempts at one exchange.
const ATTEMPTS: usize = 5;

/// A client that holds a refresh token.
pub(crate) trait Holder {
    /// Exchanges the token for the next one, which the client then holds.
    async fn exchange(&mut self, http: &reqwest::Client, url: &str) -> Result<(), Failure>;
}

/// A server, and what each of its clients holds: the last token is kept from round to round.
pub(crate) struct Exchange<H = Held> {
    pub(crate) url: String,
    pub(crate) pid: u32,
    pub(crate) holders: Vec<H>,
}

/// The results of one round.
pub(crate) struct Round {
    pub(crate) exchanges: u64,
    pub(crate) took: Duration,
    server: Duration,
    store: Option<Duration>,
    trips: f64,
}

impl<H: Holder> Exchange<H> {
    /// Exchanges tokens for `duration`, and reads the CPU clocks before and after.
    pub(crate) async fn round(
        &mut self,
        commands: &Commands,
        store: Option<u32>,
        duration: Duration,
    ) -> Result<Round, Failure> {
        let pid = self.pid;
        let meters =
            || Ok::<_, Failure>((process::cpu_time(pid)?, store.map(process::cpu_time).transpose()?));
        let connections: Vec<_> = self.holders.iter().map(|_| connections()).collect::<Result<_, _>>()?;
        let calls = commands.script_calls().await?;
        let (server, of_store) = meters()?;
        let began = Instant::now();
        let (url, until) = (&self.url, began + duration);
        let clients = self.holders.iter_mut().zip(&connections);
        let all = clients.map(|(holder, http)| exchange(http, url, holder, || Instant::now() < until));
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

    /// Exchanges tokens at `rate_rps`, over all clients in turn, and returns how long the exchanges took. A latency counts
    /// from the time at which the exchange was due: a client whose last exchange is late sends the next one at once, and
    /// the delay counts.
    pub(crate) async fn paced(&mut self, rate_rps: f64, duration: Duration) -> Result<Latencies, Failure> {
        let url = &self.url;
        let connected = self.holders.iter_mut().map(async |holder| {
            let http = connections()?;
            // It opens the connection, and is not counted.
            holder.exchange(&http, url).await?;
            Ok::<_, Failure>((http, holder))
        });
        let connected = futures_util::future::try_join_all(connected).await?;
        let (senders, clients): (Vec<_>, Vec<_>) = connected
            .into_iter()
            .map(|(http, holder)| {
                let (sender, mut arrivals) = unbounded_channel::<Instant>();
                let client = async move {
                    let mut latencies = Latencies::new();
                    while let Some(due) = arrivals.recv().await {
                        holder.exchange(&http, url).await?;
                        latencies.record(due.elapsed());
                    }
                    Ok::<_, Failure>(latencies)
                };
                (sender, client)
            })
            .unzip();
        let arrivals = (rate_rps * duration.as_secs_f64()).round().max(1.0) as u64;
        // The timer of the runtime ticks in milliseconds, so a thread keeps the schedule. It ends when its clients do.
        let pacing = thread::Builder::new().name("exchange-pacing".to_owned()).spawn(move || {
            on_schedule(Instant::now(), rate_rps, arrivals, |index, due| {
                senders[index as usize % senders.len()].send(due).is_ok()
            });
        })?;
        let mut all = Latencies::new();
        futures_util::future::try_join_all(clients).await?.iter().for_each(|latencies| all.merge(latencies));
        pacing.join().map_err(|_panic| Failure::new("the thread that paces exchanges has failed"))?;
        Ok(all)
    }

    /// Exchanges the first client's token `exchanges` times.
    pub(crate) async fn times(&mut self, exchanges: usize) -> Result<(), Failure> {
        let no_client = || Failure::new("there is no client to exchange a token");
        let holder = self.holders.first_mut().ok_or_else(no_client)?;
        let mut left = (0..exchanges).map(|_| true);
        exchange(&connections()?, &self.url, holder, || left.next().is_some()).await?;
        Ok(())
    }
}

impl Round {
    /// CPU time of the server for one exchange, in µs.
    pub(crate) fn server_us(&self) -> f64 {
        self.each(self.server)
    }

    /// CPU time of Redis for one exchange, in µs; `None` when Redis was not started by this program.
    pub(crate) fn store_us(&self) -> Option<f64> {
        self.store.map(|store| self.each(store))
    }

    /// Round trips to Redis in one exchange.
    pub(crate) fn trips(&self) -> f64 {
        self.trips / self.exchanges.max(1) as f64
    }

    fn each(&self, time: Duration) -> f64 {
        time.as_secs_f64() * 1e6 / self.exchanges.max(1) as f64
    }
}

impl Holder for Held {
    async fn exchange(&mut self, http: &reqwest::Client, url: &str) -> Result<(), Failure> {
        self.take(exchanged(http, url, self).await?);
        Ok(())
    }
}

/// Lets one client exchange its token as long as `goes_on` returns true; returns the number of exchanges.
async fn exchange(
    http: &reqwest::Client,
    url: &str,
    holder: &mut impl Holder,
    mut goes_on: impl FnMut() -> bool,
) -> Result<u64, Failure> {
    let mut exchanges = 0;
    while goes_on() {
        holder.exchange(http, url).await?;
        exchanges += 1;
    }
    Ok(exchanges)
}

/// Exchanges a token for the next one. If the store did not respond in time, it retries with the same token and the same
/// idempotency key, as a client should.
async fn exchanged(http: &reqwest::Client, url: &str, held: &Held) -> Result<Held, Failure> {
    let request = held.presenting("/auth/refresh").with(held.idempotency_key());
    let mut status = StatusCode::SERVICE_UNAVAILABLE;
    for _ in 0..ATTEMPTS {
        let answer = request.send(http, url).await?;
        status = answer.status();
        match status {
            StatusCode::OK => return Ok(Held::received(answer).await?),
            StatusCode::SERVICE_UNAVAILABLE => {}
            _ => break,
        }
    }
    Err(Failure::new(format!("the server answered an exchange of a refresh token with {status}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STALL: Duration = Duration::from_millis(30);

    /// A client whose server answers at once, but for the second exchange, which it answers after a stall.
    #[derive(Default)]
    struct Stalled {
        exchanges: u64,
    }

    impl Holder for Stalled {
        async fn exchange(&mut self, _: &reqwest::Client, _: &str) -> Result<(), Failure> {
            self.exchanges += 1;
            let began = Instant::now();
            while self.exchanges == 2 && began.elapsed() < STALL {
                tokio::task::yield_now().await;
            }
            Ok(())
        }
    }

    fn exchange_of(clients: usize) -> Exchange<Stalled> {
        let holders = (0..clients).map(|_| Stalled::default()).collect();
        Exchange { url: String::new(), pid: 0, holders }
    }

    #[tokio::test]
    async fn a_stall_counts_for_every_exchange_that_was_due_meanwhile() {
        let mut exchange = exchange_of(1);
        let latencies = exchange.paced(1_000.0, Duration::from_millis(20)).await.unwrap();
        // The last of the 20 was due after 19 ms, and waited for the end of the stall like the others.
        assert_eq!(latencies.count(), 20);
        assert!(latencies.quantile_us(0.0) >= 10_900.0, "{}", latencies.quantile_us(0.0));
        assert_eq!(exchange.holders[0].exchanges, 21, "the first opens the connection and does not count");
    }

    #[tokio::test]
    async fn the_clients_take_turns_at_the_rate() {
        let mut exchange = exchange_of(4);
        let latencies = exchange.paced(1_000.0, Duration::from_millis(20)).await.unwrap();
        assert_eq!(latencies.count(), 20);
        let each: Vec<u64> = exchange.holders.iter().map(|holder| holder.exchanges).collect();
        assert_eq!(each, [6; 4]);
    }

    #[test]
    fn the_cost_of_an_exchange_is_the_cpu_time_of_a_round_divided_by_its_exchanges() {
        let ms = Duration::from_millis;
        let round = Round { exchanges: 200, took: ms(400), server: ms(30), store: Some(ms(4)), trips: 200.0 };
        assert_eq!((round.server_us(), round.store_us(), round.trips()), (150.0, Some(20.0), 1.0));
    }
}
