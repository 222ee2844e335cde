//! Measures the time from the response to a logout to the last accepted request with a copy of the credential, under
//! load.
//!
//! A client with the copy requests `/me` again and again, each time after the last response; meanwhile the user logs
//! out. Counted are the requests that the copy *sent* after the response to the logout and that were accepted. Access
//! tokens get a short lifetime; otherwise each try would take a quarter of an hour.

use std::time::{Duration, Instant};

use harness::Failure;
use harness::client::{Client, Held};
use harness::server::Server;
use kit::design::{Asks, Credential as Issues};
use measure::figures::{Comparison, Median};
use measure::load::{self, FixedRate, Load, LoadError, Run};
use measure::report::Revocation;

use super::ceiling::{rounded, slowest_rps};
use super::context::Bench;
use super::entry::{Entry, entries, names};
use super::found::Found;
use super::lineup::{Lineup, target};
use super::plan::{CONNECTIONS, Plan};

/// How long the copy is used before its user logs out.
const BEFORE: Duration = Duration::from_millis(150);
/// After this long without an accepted request, the try is over.
const SHUT_OUT: Duration = Duration::from_millis(250);
/// How much longer than the access token lifetime a try may take. A design that accepts a copy for even longer is
/// broken.
const PATIENCE: Duration = Duration::from_secs(3);
/// The most attempts at one logout.
const ATTEMPTS: usize = 3;
/// The rate of the load beside it, as a share of the slowest design's limit.
const SHARE: f64 = 0.2;

pub(crate) async fn measure(bench: &Bench, lineup: &Lineup, ceiling: &Comparison) -> Found<Vec<Revocation>> {
    Found::by(async |found: &mut Found<Vec<Revocation>>| {
        let Some(slowest) = slowest_rps(ceiling, &names()) else { return Ok(()) };
        let load_rps = rounded(slowest * SHARE);
        for entered in lineup.entered.iter().filter(|entered| !entered.entry.design.is_baseline()) {
            let entry = entered.entry;
            bench.timeline.stage(&format!("{}: using a copy while its owner logs out", entry.variant.name));
            match bench.stop.unless_told(design(bench, entry, load_rps)).await {
                Some(row) => found.value.push(row?),
                None => break,
            }
            bench.timeline.passed(try_of(&bench.plan, entry) * bench.plan.log_outs as u32);
        }
        Ok(())
    })
    .await
}

async fn design(bench: &Bench, entry: Entry, load_rps: f64) -> Result<Revocation, Failure> {
    let ttl = bench.plan.access_ttl;
    let ttl_s = ttl.as_secs().to_string();
    let settings = [("AUTHLAB_ACCESS_TTL", ttl_s.as_str())];
    let store =
        entry.store(&bench.store).ok_or_else(|| Failure::new("a design was started without its store"))?;
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
        last_let_in_ms: Median::of(last).ok_or_else(|| Failure::new("no logout was measured"))?,
        let_in,
        access_ttl_s: has_tokens.then_some(ttl.as_secs()),
        usual_access_ttl_s: has_tokens.then(|| kit::Config::default().access_ttl.as_secs()),
        load_rps,
    })
}

/// One logout that happened before the token expired. When the machine stalls, a short-lived token may expire before its
/// user has logged out, which says nothing about the design. When this happens every time, the machine is too slow.
async fn one_under_load(server: &Server, load_rps: f64, ttl: Duration) -> Result<Seen, Failure> {
    for _ in 0..ATTEMPTS {
        let crowd = crowd(server, load_rps, ttl).await?;
        let seen = tokio::select! {
            seen = one_log_out(server, ttl + PATIENCE) => seen?,
            ended = crowd => return Err(ended.map_or_else(Failure::from, |_| Failure::new("the load ended too early"))),
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

/// The result for one copy.
struct Seen {
    last_let_in: Duration,
    let_in: u64,
}

/// The result of one logout; `None` if the copy was refused before its user logged out.
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

/// Uses the copy until it has been refused for a while.
async fn used_after(
    client: &Client<'_>,
    copy: &Held,
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

/// A load of another user's requests, which lasts at least as long as the try and is dropped with it. Its credential may
/// expire earlier and is then refused, which is work for the server too; the results of this load are not used.
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

/// Whether the design's credential is an access token.
fn has_tokens(entry: Entry) -> bool {
    matches!(entry.design.credential, Issues::Bearer | Issues::BearerAndRefresh)
}

/// The planned duration of one try: until the token expires, if the design has no other way to end it.
fn try_of(plan: &Plan, entry: Entry) -> Duration {
    let is_kept = has_tokens(entry) && entry.variant.asks == Asks::Nothing;
    BEFORE + SHUT_OUT + Duration::from_millis(100) + if is_kept { plan.access_ttl } else { Duration::ZERO }
}

/// The planned duration of all tries.
pub(crate) fn duration(plan: &Plan) -> Duration {
    let tries = entries().filter(|entry| !entry.design.is_baseline());
    tries.map(|entry| try_of(plan, entry) * plan.log_outs as u32).sum()
}
