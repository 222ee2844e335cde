//! Measures what an exchange of a refresh token costs on other stacks, in turn with the hybrid.

use harness::Failure;
use harness::client::connections;
use kit::design::Role;
use measure::report::peers::{ExchangeRound, Exchanger, Exchanges, MOST_CPU, MOST_P99, PacedRound};
use measure::targets::{Limit, Target};

use super::install::Installed;
use super::known::{Peer, Work};
use super::{SHARE, name_of, rounded};
use crate::commands::Commands;
use crate::context::Bench;
use crate::exchange::wire::{Client, Wire};
use crate::exchange::{CLIENTS, Exchange, Round};
use crate::found::Found;
use crate::lineup::Lineup;
use crate::refresh::rotating;

/// What the report calls this part when it was not measured.
const PART: &str = "an exchange of a refresh token on other stacks";
/// The exchanges over which round trips to Redis are counted.
const COUNTED: usize = 50;

/// A server in the turns, with what is known of it so far.
struct Turn {
    exchange: Exchange<Client>,
    told: Exchanger,
}

/// Measures the peers that exchange refresh tokens. A peer that does not start is skipped, and the report states the
/// reason.
pub(crate) async fn measure(
    bench: &Bench,
    lineup: &Lineup,
    installed: Vec<(Peer, Installed)>,
) -> Found<Option<Exchanges>> {
    Found::by(async |found: &mut Found<Option<Exchanges>>| {
        // Without Redis, none is installed.
        let Some(commands) = lineup.commands.as_ref().filter(|_| !installed.is_empty()) else {
            return Ok(());
        };
        let keys: Vec<&str> = installed.iter().filter_map(|(peer, _)| keys_of(peer)).collect();
        match in_turn(bench, lineup, commands, installed, found).await {
            Ok(exchanges) => found.value = exchanges,
            Err(why) => found.skip(PART, &why.to_string()),
        }
        // The servers have ended. Thousands of used tokens would stay for a month.
        for prefix in keys {
            commands.delete(prefix).await?;
        }
        Ok(())
    })
    .await
}

/// Starts the servers and gives them their turns; `None` when Ctrl-C came before there was a figure.
async fn in_turn(
    bench: &Bench,
    lineup: &Lineup,
    commands: &Commands,
    installed: Vec<(Peer, Installed)>,
    found: &mut Found<Option<Exchanges>>,
) -> Result<Option<Exchanges>, Failure> {
    let Some(hybrid) = lineup.in_role(Role::SignedAndRefreshed) else {
        let name = name_of(Role::SignedAndRefreshed);
        return Err(Failure::new(format!("`{name}` was not among the designs of this run.")));
    };
    let mut running = Vec::new();
    let (_ours, Exchange { url, pid, holders }) = rotating(bench, hybrid, CLIENTS).await?;
    let holders = holders.into_iter().map(|held| Client::Contract(Box::new(held))).collect();
    let told = blank(hybrid.entry.variant.name, hybrid.entry.variant.what);
    let mut turns = vec![Turn { exchange: Exchange { url, pid, holders }, told }];
    for (peer, installed) in &installed {
        let Work::Exchange { wire, lacks, .. } = peer.work else { continue };
        bench.timeline.stage(&format!("{}: starting its server", peer.name));
        let entered = async {
            let server = peer.start(installed, bench.store.url()).await?;
            let mut exchange = logged_in(&server.url, server.pid, wire).await?;
            exchange.times(1).await?;
            Ok::<_, Failure>((server, exchange))
        };
        match bench.stop.unless_told(entered).await {
            Some(Ok((server, exchange))) => {
                running.push(server);
                let runs_on = Some(installed.runs_on.clone());
                let told =
                    Exchanger { runs_on, lacks: Some(lacks.to_owned()), ..blank(peer.name, peer.what) };
                turns.push(Turn { exchange, told });
            }
            Some(Err(why)) => found.skip(peer.name, &why.to_string()),
            None => return Ok(None),
        }
    }
    if turns.len() == 1 {
        return Ok(None);
    }
    bench.timeline.stage("exchanging refresh tokens, in turn with other stacks");
    count(commands, &mut turns).await?;
    as_fast_as_possible(bench, commands, &mut turns).await?;
    let mut exchanges = summed_up(&turns);
    let Some(slowest_rps) = exchanges.as_ref().and_then(Exchanges::slowest_rps) else { return Ok(None) };
    let rate_rps = rounded(slowest_rps * SHARE);
    bench.timeline.stage(&format!("exchanging refresh tokens at {rate_rps:.0}/s, in turn with other stacks"));
    if at_rate(bench, rate_rps, &mut turns).await? {
        exchanges = summed_up(&turns);
        exchanges.iter_mut().for_each(|exchanges| exchanges.rate_rps = Some(rate_rps));
    }
    Ok(exchanges)
}

async fn logged_in(url: &str, pid: u32, wire: Wire) -> Result<Exchange<Client>, Failure> {
    let http = connections()?;
    let mut holders = Vec::new();
    for _ in 0..CLIENTS {
        holders.push(wire.log_in(&http, url).await?);
    }
    Ok(Exchange { url: url.to_owned(), pid, holders })
}

/// Counts what an exchange sends to Redis, with one client.
async fn count(commands: &Commands, turns: &mut [Turn]) -> Result<(), Failure> {
    for Turn { exchange, told } in turns {
        // The first exchange may load a script into Redis.
        exchange.times(1).await?;
        let (trips, ran) = commands.per_exchange(COUNTED, exchange.times(COUNTED)).await?;
        (told.store_round_trips, told.store_commands) = (Some(trips), Some(ran));
    }
    Ok(())
}

/// The rounds in which every client exchanges as fast as the server answers. Only whole rounds are kept, because shares
/// are computed from pairs.
async fn as_fast_as_possible(bench: &Bench, commands: &Commands, turns: &mut [Turn]) -> Result<(), Failure> {
    let (plan, store) = (bench.plan.exchange_peers, bench.store.pid());
    for Turn { exchange, .. } in turns.iter_mut().filter(|_| !plan.warm_up().is_zero()) {
        exchange.round(commands, store, plan.warm_up()).await?;
        bench.timeline.passed(plan.warm_up());
    }
    for round in 0..plan.rounds() {
        let mut whole = vec![None; turns.len()];
        for index in order(turns.len(), round) {
            if bench.stop.is_told() {
                return Ok(());
            }
            let measured = turns[index].exchange.round(commands, store, plan.round()).await?;
            whole[index] = Some(figures(&measured));
            bench.timeline.passed(plan.round());
        }
        turns.iter_mut().zip(whole).for_each(|(turn, figures)| turn.told.rounds.extend(figures));
    }
    Ok(())
}

/// The rounds at one rate; false when Ctrl-C came before the first was whole.
async fn at_rate(bench: &Bench, rate_rps: f64, turns: &mut [Turn]) -> Result<bool, Failure> {
    let plan = bench.plan.exchange_peers_at_rate;
    for round in 0..plan.rounds() {
        let mut whole = vec![None; turns.len()];
        for index in order(turns.len(), round) {
            if bench.stop.is_told() {
                return Ok(round > 0);
            }
            let latencies = turns[index].exchange.paced(rate_rps, plan.round()).await?;
            whole[index] = Some(PacedRound {
                exchanges: latencies.count(),
                p50_us: latencies.quantile_us(0.5),
                p99_us: latencies.quantile_us(0.99),
            });
            bench.timeline.passed(plan.round());
        }
        turns.iter_mut().zip(whole).for_each(|(turn, figures)| turn.told.at_rate.extend(figures));
    }
    Ok(plan.rounds() > 0)
}

/// The order of the servers in a round. It rotates, because each server leaves the machine to the next one as it is then.
fn order(servers: usize, round: usize) -> impl Iterator<Item = usize> {
    (0..servers).map(move |place| (place + round) % servers)
}

fn figures(round: &Round) -> ExchangeRound {
    ExchangeRound {
        exchanges: round.exchanges,
        throughput_rps: round.exchanges as f64 / round.took.as_secs_f64(),
        server_cpu_us: round.server_us(),
        store_cpu_us: round.store_us(),
    }
}

fn blank(name: &str, what: &str) -> Exchanger {
    Exchanger {
        name: name.to_owned(),
        what: what.to_owned(),
        runs_on: None,
        lacks: None,
        store_round_trips: None,
        store_commands: None,
        rounds: Vec::new(),
        at_rate: Vec::new(),
    }
}

fn summed_up(turns: &[Turn]) -> Option<Exchanges> {
    let mut all = turns.iter().map(|turn| turn.told.clone());
    Some(Exchanges { clients: CLIENTS, rate_rps: None, ours: all.next()?, peers: all.collect() })
}

fn keys_of(peer: &Peer) -> Option<&'static str> {
    match peer.work {
        Work::Exchange { keys, .. } => Some(keys),
        Work::Me(_) => None,
    }
}

/// The target rows for each peer's exchange.
pub(super) fn targets(exchanges: Option<&Exchanges>) -> Vec<Target> {
    let how = "an exchange that rotates the token, on other stacks, by as many clients, in turn";
    let (cpu, p99) = ("CPU an exchange", "p99 of an exchange at one rate");
    let Some(exchanges) = exchanges else {
        let why = "The peers that exchange refresh tokens were not run: `--peers` runs them, with Redis and Node.js.";
        let what = format!("{cpu}: ours / each peer's");
        return vec![Target::new("T7", &what, Limit::AtMost(MOST_CPU), Err(why.to_owned()), how)];
    };
    let ours = &exchanges.ours.name;
    let of = |peer: &Exchanger| {
        let share = exchanges.share(peer)?;
        let row = |what: &str, most, figure| {
            Target::new("T7", &format!("{what}: {ours} / {}", peer.name), Limit::AtMost(most), figure, how)
        };
        let latency = share.p99.ok_or_else(|| "It was stopped before that.".to_owned());
        Some([row(cpu, MOST_CPU, Ok(share.server_cpu)), row(p99, MOST_P99, latency)])
    };
    exchanges.peers.iter().filter_map(of).flatten().collect()
}

#[cfg(test)]
mod tests;
