//! Measures what an exchange of a refresh token costs when every exchange rotates the token.

use harness::Failure;
use harness::client::Client;
use harness::server::Server;
use kit::design::Role;
use measure::figures::Median;
use measure::report::Refresh;

use super::context::Bench;
use super::exchange::{CLIENTS, Exchange, Round};
use super::found::Found;
use super::lineup::{Entered, Lineup};

/// With a window of 0, every exchange rotates the token.
const STRICT: (&str, &str) = ("AUTHLAB_REFRESH_WINDOW", "0");

pub(crate) async fn measure(bench: &Bench, lineup: &Lineup) -> Found<Option<Refresh>> {
    Found::by(async |found: &mut Found<Option<Refresh>>| {
        let Some(hybrid) = lineup.in_role(Role::SignedAndRefreshed) else { return Ok(()) };
        let Some(commands) = &lineup.commands else {
            let why = "A refresh is a round trip to Redis, and there is none.";
            found.skip("what staying logged in costs", why);
            return Ok(());
        };
        bench.timeline.stage("exchanging refresh tokens");
        let measured = async {
            let (_server, mut exchange) = rotating(bench, hybrid, CLIENTS).await?;
            let mut rounds = Vec::new();
            for _ in 0..bench.plan.refresh.rounds() {
                rounds.push(exchange.round(commands, bench.store.pid(), bench.plan.refresh.round()).await?);
                bench.timeline.passed(bench.plan.refresh.round());
            }
            sum_up(&rounds)
        };
        if let Some(refresh) = bench.stop.unless_told(measured).await {
            found.value = Some(refresh?);
        }
        Ok(())
    })
    .await
}

/// Starts the hybrid without a reuse window and logs in `clients` clients.
pub(crate) async fn rotating(
    bench: &Bench,
    hybrid: &Entered,
    clients: usize,
) -> Result<(Server, Exchange), Failure> {
    let server = hybrid.entry.start(&bench.store.as_config(), &[STRICT]).await?;
    let mut holders = Vec::new();
    for _ in 0..clients {
        let held = Client::of(&server)?.sign_up_and_log_in().await?;
        if held.refresh_token.is_none() {
            return Err(Failure::new("the hybrid's login returned no refresh token"));
        }
        holders.push(held);
    }
    let exchange = Exchange { url: server.url.clone(), pid: server.pid, holders };
    Ok((server, exchange))
}

fn sum_up(rounds: &[Round]) -> Result<Refresh, Failure> {
    let of = |figure: &dyn Fn(&Round) -> f64| {
        Median::of(rounds.iter().map(figure)).ok_or_else(|| Failure::new("no refresh token was exchanged"))
    };
    let store: Option<Vec<f64>> = rounds.iter().map(Round::store_us).collect();
    Ok(Refresh {
        clients: CLIENTS,
        exchanges: rounds.iter().map(|round| round.exchanges).sum(),
        throughput_rps: of(&|round| round.exchanges as f64 / round.took.as_secs_f64())?.median,
        server_cpu_us: of(&Round::server_us)?,
        store_cpu_us: store.and_then(Median::of),
        store_round_trips: of(&Round::trips)?,
        access_ttl_s: kit::Config::default().access_ttl.as_secs(),
    })
}
