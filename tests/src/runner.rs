//! Runs the checks against one server.
//!
//! Most checks are independent and run concurrently. Those that move the server's clock would disturb the others, so
//! they run alone, one after another, at the end.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::{self, Either};
use tokio::{sync::Semaphore, task::JoinSet};

use crate::{
    check::Check,
    checks::checks,
    clean_up::{self, Accounts},
    error::Error,
    outcome::Outcome,
    probe,
    report::{CheckResult, Report},
    stage::{ClockInReach, Stage},
    target::Target,
};

/// What happens to the accounts that a run creates on the server under test.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AccountsAfter {
    /// They are deleted, as far as the server permits.
    #[default]
    Deleted,
    /// They are kept on the server.
    Kept,
    /// They are not deleted, because the server stores them in memory and ends with the run.
    EndWithServer,
}

/// Which checks to run, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// Ids (`login.succeeds`) or topics (`login`); empty for all checks.
    pub only: Vec<String>,
    /// Whether to run only the checks that act as an attacker.
    pub attacks_only: bool,
    /// The number of checks that run at once, among those that can.
    pub concurrency: usize,
    /// What happens at the end to the accounts that the checks created.
    pub accounts: AccountsAfter,
}

impl Default for Options {
    fn default() -> Self {
        Options { only: Vec::new(), attacks_only: false, concurrency: 4, accounts: AccountsAfter::Deleted }
    }
}

/// Runs the checks and reports on each; calls `progress` with every result as it arrives. At the end it deletes the
/// accounts that the checks created.
///
/// # Errors
/// [`Error::NoSuchCheck`] when a filter matches no check, [`Error::NoAttack`] when only attacks are to be run and it
/// matches none, [`Error::Client`] when no HTTP client can be created. Faults of the server are not errors; they are in
/// the report.
pub async fn run(
    target: &Target,
    options: &Options,
    progress: impl Fn(&CheckResult),
) -> Result<Report, Error> {
    run_until(target, options, progress, future::pending()).await
}

/// Like [`run`], but ends early when `interrupted` completes: running checks end at their next request, and checks that
/// have not started are skipped. The accounts are deleted as usual.
///
/// # Errors
/// The errors of [`run`].
pub async fn run_until(
    target: &Target,
    options: &Options,
    progress: impl Fn(&CheckResult),
    interrupted: impl Future<Output = ()>,
) -> Result<Report, Error> {
    let chosen = chosen(options)?;
    let stage = Arc::new(Stage::new(target.clone()).await.map_err(Error::Client)?);
    let began = Instant::now();
    if stage.clock == ClockInReach::Yes {
        // Failed logins of an earlier run would throttle this one. If the controls do not work, their own checks report
        // that.
        drop(stage.forget_failures().await);
    }
    let mut results = {
        let playing = pin!(judge_all(&stage, &chosen, options.concurrency.max(1), &progress));
        match future::select(playing, pin!(interrupted)).await {
            Either::Left((results, _)) => results,
            Either::Right(((), playing)) => {
                stage.interrupt();
                playing.await
            }
        }
    };
    results.sort_by_key(|result| chosen.iter().position(|check| check.id == result.id));
    let elapsed = began.elapsed();
    Ok(Report::new(target, results, accounts_after(&stage, options).await, elapsed))
}

/// Deletes or keeps the accounts that the run created, and reports what happened to them.
async fn accounts_after(stage: &Stage, options: &Options) -> Accounts {
    let accounts = stage.client.accounts().accounts();
    match options.accounts {
        AccountsAfter::Deleted => {}
        AccountsAfter::Kept => return clean_up::keep(&accounts, clean_up::KEPT),
        AccountsAfter::EndWithServer => return clean_up::keep(&accounts, clean_up::END_WITH_SERVER),
    }
    if stage.clock == ClockInReach::Yes && !accounts.is_empty() {
        // The failed logins of the checks would throttle the cleanup.
        drop(stage.client.send(stage.failures_forgotten()).await);
    }
    clean_up::delete_all(&stage.client, accounts).await
}

/// Runs the checks, unless the server answers every request alike: then no check is run, and each is undecided.
async fn judge_all(
    stage: &Arc<Stage>,
    chosen: &[Check],
    concurrency: usize,
    progress: &impl Fn(&CheckResult),
) -> Vec<CheckResult> {
    let Some(outcome) = probe::same_error_for_all(stage).await else {
        return play_all(stage, chosen, concurrency, progress).await;
    };
    let results = chosen.iter().map(|check| {
        let skipped = check.does_not_apply(stage.descriptor(), stage.clock);
        let outcome = skipped.map_or_else(|| outcome.clone(), |reason| Outcome::Skipped { reason });
        let result = CheckResult::new(check, outcome, Duration::ZERO);
        progress(&result);
        result
    });
    results.collect()
}

async fn play_all(
    stage: &Arc<Stage>,
    chosen: &[Check],
    concurrency: usize,
    progress: &impl Fn(&CheckResult),
) -> Vec<CheckResult> {
    let (alone, together): (Vec<Check>, Vec<Check>) = chosen.iter().partition(|check| check.moves_time);
    let mut results = side_by_side(stage, together, concurrency, progress).await;
    for check in alone {
        results.extend(side_by_side(stage, vec![check], 1, progress).await);
    }
    results
}

/// Makes sure that every name in `only` is a check or a topic, so that a caller can report a wrong one before a run
/// starts.
///
/// # Errors
/// [`Error::NoSuchCheck`] with the first name that is not.
pub fn are_checks(only: &[String]) -> Result<(), Error> {
    let all = checks();
    match only.iter().find(|name| !all.iter().any(|check| goes_by(check, name))) {
        Some(name) => Err(Error::NoSuchCheck { name: name.clone() }),
        None => Ok(()),
    }
}

fn goes_by(check: &Check, name: &str) -> bool {
    check.id == name || check.topic() == name.trim_end_matches('.')
}

fn chosen(options: &Options) -> Result<Vec<Check>, Error> {
    are_checks(&options.only)?;
    let wanted = |check: &Check| {
        (check.attack || check.weakness || !options.attacks_only)
            && (options.only.is_empty() || options.only.iter().any(|name| goes_by(check, name)))
    };
    let chosen: Vec<Check> = checks().into_iter().filter(wanted).collect();
    if chosen.is_empty() {
        return Err(Error::NoAttack { names: options.only.join("`, `") });
    }
    Ok(chosen)
}

async fn side_by_side(
    stage: &Arc<Stage>,
    checks: Vec<Check>,
    concurrency: usize,
    progress: &impl Fn(&CheckResult),
) -> Vec<CheckResult> {
    let places = Arc::new(Semaphore::new(concurrency));
    let mut running = JoinSet::new();
    let mut names = std::collections::HashMap::new();
    for check in checks {
        let (stage, places) = (Arc::clone(stage), Arc::clone(&places));
        let handle = running.spawn(async move {
            let place = places.acquire_owned().await;
            let began = Instant::now();
            let outcome = play(&check, &stage).await;
            drop(place);
            CheckResult::new(&check, outcome, began.elapsed())
        });
        names.insert(handle.id(), check);
    }
    let mut results = Vec::new();
    while let Some(ended) = running.join_next().await {
        let result = match ended {
            Ok(result) => result,
            Err(broken) => {
                let Some(check) = names.get(&broken.id()) else { continue };
                CheckResult::new(check, checker_broke(&broken), Duration::ZERO)
            }
        };
        progress(&result);
        results.push(result);
    }
    results
}

async fn play(check: &Check, stage: &Stage) -> Outcome {
    if let Some(reason) = check.does_not_apply(stage.descriptor(), stage.clock) {
        return Outcome::Skipped { reason };
    }
    if let Err(interrupted) = stage.goes_on() {
        return *interrupted;
    }
    match (check.run)(stage).await {
        Ok(()) => Outcome::Passed,
        Err(outcome) => outcome.of(check),
    }
}

fn checker_broke(error: &tokio::task::JoinError) -> Outcome {
    Outcome::Failed {
        sent: "unknown: the check did not finish".to_owned(),
        expected: "the check finishes".to_owned(),
        received: format!("internal error of the checker: {error}"),
        status: None,
        refused: false,
    }
}
