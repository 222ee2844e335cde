//! The cost of `/me` in each design: a short measurement with the same load for all, in interleaved rounds.
//!
//! There are two passes. A closed loop measures each server's highest throughput, and the CPU time of a request. Then
//! requests arrive at one fixed rate for all designs, well below the slowest design's limit, and latency is counted
//! from the moment at which each request was due. At its limit, a server's latency would only show how many connections
//! the generator uses.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use harness::Failure;
use harness::client::Client;
use harness::server::Server;
use harness::store::Ready;
use harness::terminal::Progress;
use kit::Redis;
use kit::config::RedisTimes;
use measure::doubt::Doubt;
use measure::figures::Comparison;
use measure::load::{ClosedLoop, FixedRate, Load, Reach, Target};
use measure::rounds::{self, Design as Measured, Plan, StoreCounter};
use serde::Serialize;

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 5;
const LATENCY_ROUNDS: usize = 3;
const ROUND: Duration = Duration::from_millis(800);
const WARM_UP: Duration = Duration::from_millis(400);
/// The share of the slowest design's limit at which latency is measured.
const LATENCY_SHARE: f64 = 0.4;

/// How many steps of progress the measurement makes, one for each pass.
pub(crate) const STEPS: u64 = 2;

/// One design's row.
#[derive(Debug, Serialize)]
pub(crate) struct Cost {
    /// The design's name; `none` is the same route without authentication.
    pub(crate) design: String,
    /// Requests per second at the limit: the median of the rounds.
    pub(crate) throughput_rps: f64,
    /// Median latency at the fixed rate, in µs.
    pub(crate) p50_us: f64,
    /// 99th percentile of the latency at the fixed rate, in µs.
    pub(crate) p99_us: f64,
    /// CPU time of the server for one request, user and system, in µs.
    pub(crate) server_cpu_us: f64,
    /// How many commands reached Redis for one request.
    pub(crate) store_round_trips: f64,
    /// Throughput as a share of that of `none`, paired round by round.
    pub(crate) ratio: f64,
}

/// The rows, and the reasons to doubt them.
pub(crate) struct Costs {
    pub(crate) costs: Vec<Cost>,
    pub(crate) latency_at_rps: u64,
    pub(crate) doubts: Vec<Doubted>,
}

/// A reason to doubt a figure.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Doubted {
    /// The design whose figures are doubtful; `None` means all designs.
    pub(crate) design: Option<String>,
    /// The pass in which the doubt arose: `limit` or `latency`.
    pub(crate) pass: &'static str,
    /// The reason, with its number.
    #[serde(flatten)]
    pub(crate) doubt: Doubt,
}

/// Measures the servers; the baseline must be one of them.
pub(crate) async fn measure(
    servers: &[Server],
    store: &Ready,
    progress: &Progress,
) -> Result<Costs, Failure> {
    let counter = match store.url() {
        Some(url) => Some(commands(url).await?),
        None => None,
    };
    let mut designs = Vec::new();
    for server in servers {
        designs.push(Measured {
            name: server.design.name.to_owned(),
            target: target(server).await?,
            pid: Some(server.pid),
            store_pid: store.pid(),
            store_counter: counter.clone(),
        });
    }
    let ceiling = Load::Closed(ClosedLoop::new(CONNECTIONS, ROUND));
    let ceiling = pass(&designs, ceiling, ROUNDS, "the limit", progress).await?;
    let slowest =
        ceiling.designs.iter().map(|design| design.throughput_rps.median).fold(f64::INFINITY, f64::min);
    // A round number, so that two runs on one machine are likely to be comparable.
    let latency_at_rps = ((slowest * LATENCY_SHARE / 1000.0).floor() * 1000.0).max(100.0) as u64;
    let fixed = Load::Fixed(FixedRate::new(latency_at_rps as f64, CONNECTIONS, ROUND));
    let latency = pass(&designs, fixed, LATENCY_ROUNDS, "latency", progress).await?;
    let costs =
        designs.iter().map(|design| cost(&design.name, &ceiling, &latency)).collect::<Result<_, _>>()?;
    Ok(Costs { costs, latency_at_rps, doubts: doubts(&ceiling, &latency) })
}

async fn pass(
    designs: &[Measured],
    load: Load,
    rounds: usize,
    what: &str,
    progress: &Progress,
) -> Result<Comparison, Failure> {
    progress.stage(format!("measuring {what}: {rounds} rounds of each design, in turn"));
    let plan = Plan { load, rounds, enough: None, warm_up: WARM_UP, keep_histograms: false, cores: None };
    let comparison = rounds::compare(designs, &plan, |now| {
        let round =
            if now.round == 0 { "warm-up".into() } else { format!("round {} of {rounds}", now.round) };
        progress.detail(format!("measuring {what}: {}, {round}", now.design));
    })
    .await?;
    progress.step();
    if let Some(design) = comparison.unserved.first() {
        return Err(Failure::new(format!("the {} server failed under load: {}", design.design, design.why)));
    }
    Ok(comparison)
}

fn cost(name: &str, ceiling: &Comparison, latency: &Comparison) -> Result<Cost, Failure> {
    let missing = || Failure::new(format!("the measurement has no figures for {name}"));
    let (limit, fixed) =
        (ceiling.design(name).ok_or_else(missing)?, latency.design(name).ok_or_else(missing)?);
    Ok(Cost {
        design: name.to_owned(),
        throughput_rps: limit.throughput_rps.median.round(),
        p50_us: fixed.p50_us.median.round(),
        p99_us: fixed.p99_us.median.round(),
        server_cpu_us: tenths(limit.server_cpu_us.ok_or_else(missing)?.median),
        store_round_trips: limit.store_round_trips.map_or(0.0, |trips| tenths(trips.median)),
        ratio: (limit.ratio.ok_or_else(missing)?.median * 100.0).round() / 100.0,
    })
}

/// The doubts of both passes, each with its design.
fn doubts(ceiling: &Comparison, latency: &Comparison) -> Vec<Doubted> {
    let about = |comparison: &Comparison, pass: &'static str| -> Vec<Doubted> {
        let all = comparison.doubts.iter().map(|doubt| Doubted { design: None, pass, doubt: doubt.clone() });
        let each = comparison.designs.iter().flat_map(|figures| {
            let design = Some(figures.design.clone());
            figures.doubts.iter().map(move |doubt| Doubted {
                design: design.clone(),
                pass,
                doubt: doubt.clone(),
            })
        });
        all.chain(each).collect()
    };
    [about(ceiling, "limit"), about(latency, "latency")].concat()
}

async fn target(server: &Server) -> Result<Target, Failure> {
    let (name, value) = Client::of(server)?.sign_up_and_log_in().await?.header();
    Ok(Target::get(&server.url, "/me", Reach::LoopbackOnly)?.header(name, &value)?)
}

/// A counter of the commands that a Redis has processed, without the counter's own INFO commands.
async fn commands(url: &str) -> Result<StoreCounter, Failure> {
    let redis = Redis::connect(url, RedisTimes::default()).await?;
    let own = Arc::new(AtomicU64::new(0));
    Ok(StoreCounter::new(move || {
        let (redis, own) = (redis.clone(), own.clone());
        async move {
            let info: String = redis.query(::redis::cmd("INFO").arg("stats")).await?;
            let line = info.lines().find_map(|line| line.strip_prefix("total_commands_processed:"));
            let total: u64 = line.unwrap_or_default().trim().parse()?;
            // An INFO does not count itself, but those before it.
            Ok(total.saturating_sub(own.fetch_add(1, Ordering::Relaxed)))
        }
    }))
}

fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
