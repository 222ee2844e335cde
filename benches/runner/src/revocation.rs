//! From the answer to a log-out to the last request that a copy of the credential was let in with, under load.
//!
//! A copy asks for `/me` again and again, each time after the answer; its owner logs out meanwhile. What the copy *sent* after
//! the answer to the log-out came, and what was let in all the same, counts. Access tokens are given a short life, or this
//! would take a quarter of an hour for each try.

use std::time::{Duration, Instant};

use harness::Failure;
use harness::client::{Client, Credential};
use harness::server::Server;
use kit::design::{Asks, Credential as Issues};
use measure::figures::Median;
use measure::load::{self, FixedRate, Load, LoadError, Run};
use measure::report::{Report, Revocation};

use super::Bench;
use super::ceiling::{rounded, slowest_rps};
use super::lineup::{Entry, Lineup, entries, names, target};
use super::plan::{CONNECTIONS, Plan};

/// How long the copy is in before its owner leaves.
const BEFORE: Duration = Duration::from_millis(150);
/// So long nobody is let in any more, and it is over.
const SHUT_OUT: Duration = Duration::from_millis(250);
/// A design that lets a copy in for longer than its access tokens live by so much is broken, and is not waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// Tries at one log-out.
const ATTEMPTS: usize = 3;
/// The share of the slowest design's limit that others ask for meanwhile.
const SHARE: f64 = 0.2;

pub(crate) async fn measure(bench: &Bench, lineup: &Lineup, report: &mut Report) -> Result<(), Failure> {
    let Some(slowest) = slowest_rps(report, &names()) else { return Ok(()) };
    let load_rps = rounded(slowest * SHARE);
    for entered in lineup.entered.iter().filter(|entered| !entered.entry.design.is_baseline()) {
        let entry = entered.entry;
        bench.timeline.stage(&format!("{}: a copy is used while its owner logs out", entry.variant.name));
        match bench.stop.unless_told(design(bench, entry, load_rps)).await {
            Some(row) => report.revocation.push(row?),
            None => break,
        }
        bench.timeline.passed(try_of(&bench.plan, entry) * bench.plan.log_outs as u32);
    }
    Ok(())
}

async fn design(bench: &Bench, entry: Entry, load_rps: f64) -> Result<Revocation, Failure> {
    let ttl = bench.plan.access_ttl;
    let ttl_s = ttl.as_secs().to_string();
    let settings = [("AUTHLAB_ACCESS_TTL", ttl_s.as_str())];
    let store = entry.store(bench).ok_or_else(|| Failure::new("a design was entered without its store"))?;
    let server = entry.start(&store, &settings).await?;
    let mut last = Vec::new();
    let mut let_in = 0;
    for _ in 0..bench.plan.log_outs {
        let seen = one_under_load(&server, load_rps, ttl).await?;
        last.push(seen.last_let_in.as_secs_f64() * 1e3);
        let_in += seen.let_in;
    }
    let has_tokens = has_tokens(entry);
    Ok(Revocation {
        design: entry.variant.name.to_owned(),
        tries: last.len(),
        last_let_in_ms: Median::of(last).ok_or_else(|| Failure::new("nobody logged out"))?,
        let_in,
        access_ttl_s: has_tokens.then_some(ttl.as_secs()),
        usual_access_ttl_s: has_tokens.then(|| kit::Config::default().access_ttl.as_secs()),
        load_rps,
    })
}

/// One log-out that was in time. On a machine that stands still for a moment a short-lived token may be over before its owner
/// has left, which says nothing of the design; that it happens every time says something of the machine.
async fn one_under_load(server: &Server, load_rps: f64, ttl: Duration) -> Result<Seen, Failure> {
    for _ in 0..ATTEMPTS {
        let crowd = crowd(server, load_rps, ttl).await?;
        let seen = tokio::select! {
            seen = one_log_out(server, ttl + PATIENCE) => seen?,
            ended = crowd => return Err(ended.map_or_else(Failure::from, |_| Failure::new("the load ended before its time"))),
        };
        if let Some(seen) = seen {
            return Ok(seen);
        }
    }
    Err(Failure::new(format!(
        "the {} server refused a credential before its owner logged out, {ATTEMPTS} times in a row",
        server.design
    )))
}

/// What became of one copy.
struct Seen {
    last_let_in: Duration,
    let_in: u64,
}

/// None if the copy was refused before its owner left.
async fn one_log_out(server: &Server, patience: Duration) -> Result<Option<Seen>, Failure> {
    let client = Client::of(server)?;
    let owner = client.sign_up_and_log_in().await?;
    let copy = owner.clone();
    let log_out = async {
        tokio::time::sleep(BEFORE).await;
        client.log_out(&owner).await?;
        Ok::<_, Failure>(Instant::now())
    };
    tokio::pin!(log_out);
    let logged_out = loop {
        tokio::select! {
            biased;
            at = &mut log_out => break at?,
            is_in = client.is_let_in(&copy) => if !is_in? {
                return Ok(None);
            },
        }
    };
    used_after(&client, &copy, logged_out, patience).await.map(Some)
}

/// Goes on with the copy until it has been refused for a while.
async fn used_after(
    client: &Client<'_>,
    copy: &Credential,
    logged_out: Instant,
    patience: Duration,
) -> Result<Seen, Failure> {
    let mut seen = Seen { last_let_in: Duration::ZERO, let_in: 0 };
    let mut last_in = logged_out;
    while last_in.elapsed() < SHUT_OUT && logged_out.elapsed() < patience {
        let sent = Instant::now();
        if client.is_let_in(copy).await? {
            seen.let_in += 1;
            last_in = Instant::now();
            seen.last_let_in = sent - logged_out;
        }
    }
    Ok(seen)
}

/// Another person's requests for as long as it takes and longer: they are dropped when the try is over. Their credential may
/// run out before, and is refused then, which is work for the server too; nothing is read from how they fared.
async fn crowd(
    server: &Server,
    load_rps: f64,
    ttl: Duration,
) -> Result<impl Future<Output = Result<Run, LoadError>>, Failure> {
    let somebody = Client::of(server)?.sign_up_and_log_in().await?;
    let target = target(&server.url, &somebody)?;
    let load = Load::Fixed(FixedRate::new(load_rps, CONNECTIONS, (BEFORE + ttl + SHUT_OUT + PATIENCE) * 2));
    Ok(async move { load::run(&target, &load).await })
}

/// Whether its credential is an access token.
fn has_tokens(entry: Entry) -> bool {
    matches!(entry.design.credential, Issues::Bearer | Issues::BearerAndRefresh)
}

/// How long one try takes: until the token has run out where nothing else ends it.
fn try_of(plan: &Plan, entry: Entry) -> Duration {
    let is_kept = has_tokens(entry) && entry.variant.asks == Asks::Nothing;
    BEFORE + SHUT_OUT + Duration::from_millis(100) + if is_kept { plan.access_ttl } else { Duration::ZERO }
}

/// How long all of it takes.
pub(crate) fn duration(plan: &Plan) -> Duration {
    let tries = entries().filter(|entry| !entry.design.is_baseline());
    tries.map(|entry| try_of(plan, entry) * plan.log_outs as u32).sum()
}
