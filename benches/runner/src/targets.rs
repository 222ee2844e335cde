//! Measures the targets in one run: each design in the same rounds as its counterpart without authentication.
//!
//! | target | measured by |
//! |---|---|
//! | T1 | [`token`]: the check of a token beside its parts and a library, in this process |
//! | T2, T3, T5, T11 | this file: designs and bare servers under the same load, in turn |
//! | T4 | [`rotation`]: an exchange beside a script that does nothing |
//! | T6 | [`generator`]: the load generator beside wrk, and a server that stalls |
//! | T7 | the peers, if they were asked for |
//! | T9 | not measured here, and reported as such |
//! | T8 | [`stored`]: the memory that Redis uses |
//! | T10 | [`memory`]: the memory of a server after many logins |

mod generator;
mod memory;
mod rotation;
mod stored;
mod token;

use std::time::Duration;

use harness::Failure;
use harness::server::Process;
use kit::Config;
use kit::design::{Part, Role};
use measure::figures::{BASELINE, Comparison, Interval, Median, RoundFigures};
use measure::load::{Reach, Target as Loaded};
use measure::report::peers::Peers;
use measure::report::summary::BreakEven;
use measure::rounds::Design as Measured;
use measure::targets::{Limit, Target, Targets, difference, paired};

use super::commands::Commands;
use super::context::{Bench, NO_REDIS};
use super::entry::{measured_in, name_of};
use super::lineup::Lineup;
use super::peers;
use super::plan::{CONNECTIONS, Effort, Plan};
use crate::yardstick::{self, Yardstick};

/// The targets that the plan asks for. `peers` are the figures of the peers, if they were measured.
pub(crate) async fn measure(
    bench: &Bench,
    lineup: &Lineup,
    peers: Option<&Peers>,
) -> Result<Option<Targets>, Failure> {
    let Some(effort) = bench.plan.targets.filter(|_| !bench.stop.is_told()) else { return Ok(None) };
    bench.timeline.stage("checking tokens, in turn with a library");
    let token_check = tokio::task::block_in_place(|| token::timed(effort.token_rounds))?;
    let mut rows = token::judged(&token_check);
    let comparison = designs(bench, lineup, effort).await?;
    if let Some(comparison) = &comparison {
        rows.extend(of_designs(comparison, bench.store.url().is_some(), token::strict_us(&token_check)));
        rows.extend(control(comparison));
    }
    let Some(rotation) = bench.stop.unless_told(rotation::measure(bench, lineup, effort)).await else {
        return Ok(Some(Targets { rows, comparison, token_check }));
    };
    rows.extend(rotation?);
    if let Some(generator) = bench.stop.unless_told(generator::measure(bench, effort)).await {
        rows.extend(generator?);
    }
    rows.extend(peers::targets(peers));
    if let Some(stored) = bench.stop.unless_told(stored::measure(bench, lineup)).await {
        rows.extend(stored?);
    }
    if let Some(memory) = bench.stop.unless_told(memory::measure(bench, lineup, effort)).await {
        rows.push(memory?);
    }
    rows.push(Target::new(
        "T9",
        "stateless path with / without instant revocation",
        Limit::AtLeast(0.97),
        Err("It belongs to the lab on revocation, which is not written yet.".to_owned()),
        "requests/s with and without the revocation list, in turn",
    ));
    let mut targets = Targets { rows: Vec::new(), comparison, token_check };
    rows.into_iter().for_each(|row| targets.add(row));
    Ok(Some(targets))
}

/// T4: from how many requests on the hybrid costs less than the session. Both must have been measured, so it is part of
/// the whole measurement only.
pub(crate) fn break_even(found: Option<BreakEven>) -> Target {
    let figure =
        found.map(|found| Median { interval: Some(found.interval), ..Median::exactly(found.requests) });
    let minutes = Config::default().access_ttl.as_secs() / 60;
    Target::new(
        "T4",
        &format!(
            "requests of a user in {minutes} minutes from which the hybrid costs less CPU than the session"
        ),
        Limit::AtMost(5.0),
        figure.ok_or_else(|| "The sessions or the exchange were not measured.".to_owned()),
        "CPU time of an exchange, over that of a look-up without that of a check; server and Redis together",
    )
}

/// Measures the throughput of the designs and of their bare counterparts.
async fn designs(bench: &Bench, lineup: &Lineup, effort: Effort) -> Result<Option<Comparison>, Failure> {
    let mut designs = lineup.named(&measured_in(Part::Targets));
    designs.extend(lineup.control());
    designs.extend(lineup.baseline_with_header_of(Role::SignedAndRefreshed, SAME_HEADER)?);
    let mut twins: Vec<Process> = Vec::new();
    for kind in [Yardstick::Bare, Yardstick::Get] {
        let store = bench.store.url().filter(|_| kind == Yardstick::Get);
        if kind == Yardstick::Get && store.is_none() {
            continue;
        }
        let twin = yardstick::start(kind, store).await?;
        designs.push(Measured {
            name: kind.name().to_owned(),
            target: Loaded::get(&twin.url, "/me", Reach::LoopbackOnly)?
                .header("cookie", yardsticks::COOKIE)?,
            pid: Some(twin.pid),
            store_pid: bench.store.pid(),
            store_counter: lineup.commands.as_ref().map(Commands::counter),
        });
        twins.push(twin);
    }
    bench
        .compare(
            "designs, in turn with their bare counterparts",
            &designs,
            effort.designs.closed(CONNECTIONS),
        )
        .await
}

/// The name of the baseline that is sent the hybrid's header.
const SAME_HEADER: &str = "none, hybrid's header";

/// T11: what the comparison says about two equal servers.
fn control(comparison: &Comparison) -> Option<Target> {
    let control = comparison.control.as_ref()?;
    let called = if comparison.is_biased() { 1.0 } else { 0.0 };
    let written = |what: &str, ratio: Option<Median>| {
        let Interval { low, high } = ratio?.likely();
        Some(format!("{what} {low:.3} – {high:.3}"))
    };
    let ratios = [written("throughput", control.ratio), written("server CPU", control.server_cpu_ratio)];
    let how = format!(
        "a second server of `{BASELINE}` in the same rounds; of twenty runs, one may call a difference. 95 % intervals \
         of its ratio to the first: {}",
        ratios.into_iter().flatten().collect::<Vec<_>>().join(", ")
    );
    let figure = Ok(Median::exactly(called));
    Some(Target::new(
        "T11",
        "A/A control: differences between two equal servers",
        Limit::Exactly(0.0),
        figure,
        how,
    ))
}

fn of_designs(comparison: &Comparison, has_redis: bool, strict_us: Option<f64>) -> Vec<Target> {
    let cpu = |round: &RoundFigures| round.server_cpu_us;
    let throughput = |round: &RoundFigures| Some(round.throughput_rps);
    let absent = |name: &str| match (has_redis, comparison.design(name), comparison.unserved(name)) {
        (false, ..) => NO_REDIS.to_owned(),
        (true, None, None) => format!("`{name}` was not among the designs of this run."),
        (true, None, Some(unserved)) => format!("`{name}` has no figures: {}.", unserved.why),
        (true, Some(_), _) => "More than one request in a hundred failed.".to_owned(),
    };
    let check = |one: &str| match strict_us {
        Some(unit) => difference(comparison, (one, SAME_HEADER), unit, cpu).ok_or_else(|| absent(one)),
        None => Err("The check of a token was not timed.".to_owned()),
    };
    let of = |name: &str, figure: fn(&measure::figures::DesignFigures) -> Option<Median>| {
        comparison.design(name).and_then(figure).ok_or_else(|| absent(name))
    };
    let how = format!(
        "{CONNECTIONS} connections, each sending its next request when the last was answered; {} rounds in turn",
        comparison.rounds
    );
    let row = |id, what: String, limit, figure| Target::new(id, &what, limit, figure, how.clone());
    let (none, session, hybrid) = (BASELINE, name_of(Role::LookUp), name_of(Role::SignedAndRefreshed));
    let at_least = |id, one: &str, other: &str, twin: &str| {
        let ratio = paired(comparison, (one, other), throughput).ok_or_else(|| absent(one));
        row(id, format!("requests/s: {one} / {twin}"), Limit::AtLeast(0.90), ratio)
    };
    let trips = |id, name: &str, limit| {
        let figure = of(name, |figures| figures.store_round_trips);
        row(id, format!("Redis commands a request: {name}"), limit, figure)
    };
    vec![
        row(
            "T2",
            format!("server CPU: ({hybrid} − {none} sent the same header) / strict check in process"),
            Limit::AtMost(1.5),
            check(hybrid),
        ),
        row(
            "T2",
            format!("server CPU µs: {hybrid} over {none}"),
            Limit::AtMost(2.0),
            of(hybrid, |figures| figures.server_cpu_over_baseline_us),
        ),
        trips("T2", hybrid, Limit::Exactly(0.0)),
        row(
            "T3",
            format!("server CPU: {session} / bare GET with the same deadline"),
            Limit::AtMost(1.35),
            paired(comparison, (session, "get"), cpu).ok_or_else(|| absent(session)),
        ),
        trips("T3", session, Limit::Exactly(1.0)),
        at_least("T5", none, "bare", "bare route"),
    ]
}

/// The planned duration of all targets.
pub(crate) fn duration(plan: &Plan) -> Duration {
    let Some(effort) = plan.targets else { return Duration::ZERO };
    // The control, the baseline with the hybrid's header, the two bare servers and the designs; an exchange and its counterpart; the generator and wrk.
    effort.designs.duration(measured_in(Part::Targets).len() + 4)
        + effort.exchange.duration(2)
        + effort.generator.duration(2)
        + effort.frozen
        + Duration::from_millis(effort.token_rounds as u64)
        + memory::duration(effort)
}
