//! `cargo lab faults`: shows what users notice when a part of the system breaks.
//!
//! Each row starts its own Redis, a proxy in front of it, and the servers as processes; puts them under a small steady
//! load; breaks one thing; and compares what was seen with what must hold. The result is printed as a table, and stored
//! as JSON in `target/authlab/faults.json`. A row that needs a thing missing on this machine is shown as skipped, with
//! the reason.

mod broken;
mod clients;
mod clock;
mod database;
mod flood;
mod full;
mod judge;
mod late;
mod moved;
mod outages;
mod person;
mod readers;
mod redis_server;
mod refusing;
mod row;
mod sign_ups;
mod slow;
mod stage;
mod tables;
mod time_travel;
mod watch;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use harness::Failure;
use harness::output;
use harness::store::Wanted;
use harness::terminal::Progress;
use measure::machine::Machine;
use serde::Serialize;

use self::redis_server::Source;
use self::row::{Outcome, Row, Setup, Verdict};
use self::time_travel::Comes;

/// Break Redis, the network and the clocks under load, and show what users notice
///
/// Each row starts its own Redis, the hybrid and the session server as processes, and a proxy between them; puts them
/// under a small load; breaks one thing; and compares what was seen with what must hold. All rows take about two
/// minutes. Writes target/authlab/faults.json. Exit code 1 if a promise was broken.
#[derive(Debug, Args)]
pub struct FaultsArguments {
    /// The Redis to break: `redis` starts one, from the PATH or else in a container. A URL is refused, because the Redis
    /// there is used for something else [default: redis]
    #[arg(long, value_name = "STORE")]
    pub(crate) store: Option<Wanted>,
    /// Outages of 30 s instead of 4 s, and 10,000 idle connections instead of 500 where the system allows them
    #[arg(long)]
    pub(crate) full: bool,
    /// Run only these rows, such as redis-killed,black-hole
    #[arg(long, value_name = "ROW", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Print the report as JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

/// The report of the command: the contents of `faults.json`.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The Redis that was broken, as `redis 7.0.15 (path)`.
    pub(crate) store: String,
    /// Whether the long versions of the rows ran.
    pub(crate) full: bool,
    /// The machine on which the figures were measured.
    pub(crate) machine: Machine,
    /// One row for each fault.
    pub(crate) rows: Vec<Row>,
}

/// A row's id, the fault it causes, and whether it needs a Redis.
type Entry = (&'static str, &'static str, bool);

/// Every row, in the order in which they run.
const ROWS: [Entry; 20] = [
    ("redis-killed", "Redis killed and restarted", true),
    ("redis-paused", "Redis paused", true),
    ("late-commands", "commands executed late", true),
    ("black-hole", "connection black-holed", true),
    ("broken-connections", "connections broken", true),
    ("redis-slow", "Redis slow", true),
    ("shedding", "Redis slow, too many callers", true),
    ("eviction-policy", "Redis may evict keys", true),
    ("scripts-flushed", "scripts flushed", true),
    ("replica", "Redis made a replica", true),
    ("moved-primary", "another Redis is the primary", true),
    ("full-store", "Redis full", true),
    ("store-emptied", "Redis comes back empty", true),
    ("store-restored", "Redis restored from a backup", true),
    ("slow-clients", "slow and idle clients", false),
    ("slow-readers", "clients that never read", false),
    ("clock", "clocks 120 s apart", true),
    ("log-in-flood", "flood of logins", false),
    ("database-busy", "database busy", false),
    ("sign-up-flood", "flood of sign-ups", false),
];

/// The names of the rows, as `--only` takes them.
///
/// ```
/// assert!(outages::rows().any(|row| row == "redis-killed"));
/// ```
pub fn rows() -> impl Iterator<Item = &'static str> {
    ROWS.iter().map(|(name, ..)| *name)
}

/// Plays the rows that were asked for, and prints and stores the report. The exit code is 1 if a promise was broken.
///
/// ```no_run
/// use clap::Parser;
/// use outages::FaultsArguments;
///
/// #[derive(Parser)]
/// struct Line {
///     #[command(flatten)]
///     arguments: FaultsArguments,
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), harness::Failure> {
/// let line = Line::parse_from(["faults", "--only", "redis-killed,black-hole"]);
/// let code = outages::run(line.arguments).await?;
/// # let _ = code;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// A row's name is unknown, `--store` names a store that must not be broken, or a row cannot run to its end, for
/// example because a server does not start.
pub async fn run(arguments: FaultsArguments) -> Result<ExitCode, Failure> {
    let rows = chosen(&arguments.only)?;
    let source = Source::find(arguments.store)?;
    let setup = Setup { source, full: arguments.full };
    let progress = Progress::new(rows.len() as u64);
    progress.stage("starting a Redis to break");
    let (store, missing) = match setup.source.start().await {
        Ok(redis) => (redis.description().await?, None),
        Err(why) => ("none".to_owned(), Some(why.to_string())),
    };
    let machine = Machine::describe(&store);
    let mut report = Report { store, full: arguments.full, machine, rows: Vec::new() };
    for (id, fault, needs_redis) in rows {
        progress.stage(fault);
        let began = Instant::now();
        let outcome = match &missing {
            Some(why) if needs_redis => Outcome::Skipped(why.clone()),
            _ => play(id, &setup).await?,
        };
        report.rows.push(Row::new(id, fault, outcome, began.elapsed()));
        progress.step();
    }
    drop(progress);
    let json = serde_json::to_string_pretty(&report)?;
    let path = output::keep("faults.json", &json)?;
    if arguments.json {
        harness::outln!("{json}");
    } else {
        tables::print(&report, &path);
    }
    let failed = report.rows.iter().any(|row| row.verdict == Verdict::Failed);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn play(id: &str, setup: &Setup) -> Result<Outcome, Failure> {
    match id {
        "redis-killed" => outages::killed(setup).await,
        "redis-paused" => outages::paused(setup).await,
        "late-commands" => late::row(setup).await,
        "black-hole" => outages::black_holed(setup).await,
        "broken-connections" => broken::row(setup).await,
        "redis-slow" => slow::rises(setup).await,
        "shedding" => slow::sheds(setup).await,
        "eviction-policy" => refusing::eviction_policy(setup).await,
        "scripts-flushed" => refusing::scripts_flushed(setup).await,
        "replica" => moved::replica(setup).await,
        "moved-primary" => moved::primary(setup).await,
        "full-store" => full::row(setup).await,
        "store-emptied" => time_travel::row(setup, Comes::Empty).await,
        "store-restored" => time_travel::row(setup, Comes::FromBackup).await,
        "slow-clients" => clients::row(setup).await,
        "slow-readers" => readers::row().await,
        "clock" => clock::row(setup).await,
        "log-in-flood" => flood::row().await,
        "database-busy" => database::busy().await,
        "sign-up-flood" => sign_ups::row().await,
        unknown => Err(Failure::new(format!("there is no row `{unknown}`"))),
    }
}

fn chosen(only: &[String]) -> Result<Vec<Entry>, Failure> {
    let known = |id: &String| ROWS.iter().any(|(known, ..)| known == id);
    if let Some(unknown) = only.iter().find(|id| !known(id)) {
        let ids: Vec<_> = ROWS.iter().map(|(id, ..)| *id).collect();
        return Err(Failure::new(format!("there is no row `{unknown}`; the rows are {}", ids.join(", "))));
    }
    Ok(ROWS.into_iter().filter(|(id, ..)| only.is_empty() || only.iter().any(|asked| asked == id)).collect())
}

/// How long an outage lasts: long enough for the breaker to open and for refusals to be fast.
fn outage(setup: &Setup) -> Duration {
    Duration::from_secs(if setup.full { 30 } else { 4 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_choice_all_rows_run_and_a_row_that_does_not_exist_is_told_with_those_that_do() {
        assert_eq!(chosen(&[]).unwrap().len(), ROWS.len());
        assert_eq!(chosen(&["clock".to_owned()]).unwrap(), [("clock", "clocks 120 s apart", true)]);
        let sentence = chosen(&["earthquake".to_owned()]).unwrap_err().to_string();
        assert!(
            sentence.starts_with("there is no row `earthquake`; the rows are redis-killed,"),
            "{sentence}"
        );
    }
}
