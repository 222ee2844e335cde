//! What an exchange of a refresh token costs, where every one of them rotates.
//!
//! A token is good for one exchange, so no prebuilt request can be sent again and again: some clients each exchange one
//! token after the other. They are our own process, and what they cost is not counted; the server's and Redis' time is.

use std::time::{Duration, Instant};

use measure::figures::Median;
use measure::process;
use measure::report::{Refresh, Report, Skipped};

use super::Bench;
use super::lineup::Lineup;
use crate::fault::Fault;
use crate::server::Server;
use crate::tour::client::Client;

const CLIENTS: usize = 16;
/// Every exchange rotates.
const STRICT: (&str, &str) = ("AUTHLAB_REFRESH_WINDOW", "0");

pub(crate) async fn measure(bench: &Bench, lineup: &Lineup, report: &mut Report) -> Result<(), Fault> {
    let Some(hybrid) = lineup.entered("hybrid").filter(|_| report.ceiling.is_some()) else { return Ok(()) };
    let Some(commands) = &lineup.commands else {
        let why = "Its cost is that of a round trip to Redis, and there is none.".to_owned();
        report.skipped.push(Skipped { what: "what staying logged in costs".to_owned(), why });
        return Ok(());
    };
    bench.timeline.stage("exchanging refresh tokens");
    let measured = async {
        let server = hybrid.entry.start(&bench.store.as_config(), &[STRICT]).await?;
        let mut tokens = Vec::new();
        for _ in 0..CLIENTS {
            let token = Client::of(&server)?.sign_up_and_log_in().await?.refresh_token;
            tokens.push(token.ok_or_else(|| Fault::new("the hybrid's log-in gave no refresh token"))?);
        }
        let mut rounds = Vec::new();
        for _ in 0..bench.plan.refresh.rounds() {
            let calls = commands.script_calls().await?;
            let meters = Meters::read(&server, bench.store.pid())?;
            let began = Instant::now();
            let exchanges = exchange(&server, &mut tokens, bench.plan.refresh.round()).await?;
            let took = began.elapsed();
            let spent = Meters::read(&server, bench.store.pid())?.since(meters);
            let trips = commands.script_calls().await? - calls;
            rounds.push(Round { exchanges, took, spent, trips });
            bench.timeline.passed(bench.plan.refresh.round());
        }
        sum_up(&rounds)
    };
    if let Some(refresh) = bench.stop.unless_told(measured).await {
        report.refresh = Some(refresh?);
    }
    Ok(())
}

struct Round {
    exchanges: u64,
    took: Duration,
    spent: Meters,
    trips: f64,
}

struct Meters {
    server: Duration,
    store: Option<Duration>,
}

impl Meters {
    fn read(server: &Server, store: Option<u32>) -> Result<Self, Fault> {
        let store = store.map(process::cpu_time).transpose()?;
        Ok(Self { server: process::cpu_time(server.pid)?, store })
    }

    fn since(self, before: Self) -> Self {
        let store = self.store.zip(before.store).map(|(after, before)| after.saturating_sub(before));
        Self { server: self.server.saturating_sub(before.server), store }
    }
}

/// Each client exchanges until the time is over, and keeps its last token for the next round.
async fn exchange(server: &Server, tokens: &mut [String], duration: Duration) -> Result<u64, Fault> {
    let until = Instant::now() + duration;
    let clients = tokens.iter_mut().map(async |token| {
        let client = Client::of(server)?;
        let mut exchanges = 0;
        while Instant::now() < until {
            *token = client.refresh(token).await?;
            exchanges += 1;
        }
        Ok::<u64, Fault>(exchanges)
    });
    let all = futures_util::future::try_join_all(clients).await?;
    Ok(all.into_iter().sum())
}

fn sum_up(rounds: &[Round]) -> Result<Refresh, Fault> {
    let of = |figure: &dyn Fn(&Round) -> f64| {
        Median::of(rounds.iter().map(figure)).ok_or_else(|| Fault::new("no refresh token was exchanged"))
    };
    let us = |time: Duration, round: &Round| time.as_secs_f64() * 1e6 / round.exchanges.max(1) as f64;
    let has_store = rounds.iter().all(|round| round.spent.store.is_some());
    let store =
        has_store.then(|| of(&|round| us(round.spent.store.unwrap_or_default(), round))).transpose()?;
    Ok(Refresh {
        clients: CLIENTS,
        exchanges: rounds.iter().map(|round| round.exchanges).sum(),
        throughput_rps: of(&|round| round.exchanges as f64 / round.took.as_secs_f64())?.median,
        server_cpu_us: of(&|round| us(round.spent.server, round))?,
        store_cpu_us: store,
        store_round_trips: of(&|round| round.trips / round.exchanges.max(1) as f64)?,
        access_ttl_s: kit::Config::default().access_ttl.as_secs(),
    })
}
