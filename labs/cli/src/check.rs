//! `cargo lab check` and `cargo lab attack`: check a lab, or any server, against the HTTP contract.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use conformance::{AccountsAfter, BaseUrl, CheckResult, Descriptor, Options, Report, Target};
use harness::design::Design;
use harness::server::Server;
use harness::store::{self, Ready, Wanted};
use harness::terminal::{self, DIM, Progress};
use harness::{Failure, consent};
use kit::config::Store;
use tokio::sync::Notify;

/// Check a lab, or any server in any language, against the HTTP contract
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// The lab to start and check
    #[arg(value_enum, required_unless_present_any = ["url", "list"], conflicts_with = "url")]
    pub(crate) lab: Option<Design>,
    /// The store of the lab to start: `memory`, `redis` (finds one) or a URL [default: memory]
    #[arg(long, value_name = "STORE", conflicts_with = "url")]
    pub(crate) store: Option<Wanted>,
    /// A server that is already running, such as `http://127.0.0.1:8080`
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// The owner of the server at --url, which is not on this machine, has agreed to be attacked
    #[arg(long, requires = "url")]
    pub(crate) they_agreed: bool,
    /// For a server without /lab: the design it follows
    #[arg(long, value_name = "LAB", requires = "url", requires = "features")]
    pub(crate) design: Option<String>,
    /// For a server without /lab: its features, such as access-jwt,refresh
    #[arg(long, value_name = "FEATURE", value_delimiter = ',', requires = "url")]
    pub(crate) features: Vec<conformance::Feature>,
    /// Run only these checks: ids or topics, such as csrf or rotation.replay-after-window
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Keep the accounts that the checks create on the server; by default they are deleted at the end
    #[arg(long)]
    pub(crate) keep_accounts: bool,
    /// List the checks, what each is for and which faulty servers it is proved to catch; run no check
    #[arg(long)]
    pub(crate) list: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The exit code of a program that was ended by Ctrl-C, as shells report it (128 + SIGINT).
const INTERRUPTED: u8 = 130;

/// Whether to run and print the whole suite, or its attacks only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Telling {
    Checks,
    Attacks,
}

/// The state of Ctrl-C during a run.
#[derive(Debug, Default)]
struct Interrupt {
    /// Whether checks are running; on Ctrl-C they stop and delete the accounts that they created.
    is_playing: AtomicBool,
    told: Notify,
    is_told: AtomicBool,
}

pub(crate) async fn run(arguments: CheckArguments, telling: Telling) -> Result<ExitCode, Failure> {
    let interrupt = Interrupt::default();
    tokio::select! {
        done = check(arguments, telling, &interrupt) => done,
        () = interrupt.gives_up() => Ok(ExitCode::from(INTERRUPTED)),
    }
}

async fn check(
    arguments: CheckArguments,
    telling: Telling,
    interrupt: &Interrupt,
) -> Result<ExitCode, Failure> {
    if arguments.list {
        list(telling, arguments.json)?;
        return Ok(ExitCode::SUCCESS);
    }
    conformance::are_checks(&arguments.only)?;
    let started = match arguments.lab {
        Some(lab) if lab.is_baseline() => {
            let others = Design::compared().map(|design| design.name).collect::<Vec<_>>().join(", ");
            return Err(Failure::new(format!("`{lab}` has no authentication to check; try one of {others}")));
        }
        Some(lab) => Some(start(lab, arguments.store.clone()).await?),
        None => None,
    };
    let target = match &started {
        Some((server, _store)) => Target::discover(&server.url).await?.reached_directly(),
        None => given(&arguments).await?,
    };
    let options = Options {
        only: arguments.only,
        attacks_only: telling == Telling::Attacks,
        accounts: match &started {
            _ if arguments.keep_accounts => AccountsAfter::Kept,
            // A lab that was started here keeps its accounts in memory. If its store is Redis, the records stay there
            // until the account is deleted, so the accounts are deleted in that case.
            Some((_server, store)) if store.as_config() == Store::Memory => AccountsAfter::EndWithServer,
            _ => AccountsAfter::Deleted,
        },
        ..Options::default()
    };
    let progress = Progress::new(conformance::checks().len() as u64);
    progress.stage(match &started {
        Some((server, store)) => {
            format!("checking {} on {}, store: {}", server.design, server.url, store.description())
        }
        None => format!("checking {}", target.base_url()),
    });
    let said = |result: &CheckResult| {
        progress.detail(result.id);
        progress.step();
    };
    let interrupted = async {
        interrupt.told.notified().await;
        progress
            .stage("interrupted: deleting the accounts that were created; press Ctrl-C again to keep them");
    };
    interrupt.is_playing.store(true, Ordering::Relaxed);
    let report = conformance::run_until(&target, &options, said, interrupted).await?;
    drop(progress);
    print(&report, telling, arguments.json)?;
    if interrupt.is_told.load(Ordering::Relaxed) {
        return Ok(ExitCode::from(INTERRUPTED));
    }
    if let Some(reason) = report.nothing_decided() {
        return Err(Failure::new(reason));
    }
    Ok(if report.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

impl Interrupt {
    /// Returns when the run is to be dropped: at the first Ctrl-C, or at the second one if checks are running.
    async fn gives_up(&self) {
        // If the signal cannot be awaited, Ctrl-C ends the program as usual.
        let ctrl_c = async || {
            if tokio::signal::ctrl_c().await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        ctrl_c().await;
        if self.is_playing.load(Ordering::Relaxed) {
            self.is_told.store(true, Ordering::Relaxed);
            self.told.notify_one();
            ctrl_c().await;
        }
    }
}

/// Starts a lab whose clock can be moved. Its store is memory unless another one is asked for: a check is about
/// behaviour, so it must not require a Redis.
async fn start(lab: Design, wanted: Option<Wanted>) -> Result<(Server, Ready), Failure> {
    let store = store::get(Some(wanted.unwrap_or(Wanted::Memory))).await?;
    let server = Server::start(lab, &store.as_config(), true).await?;
    Ok((server, store))
}

/// The server at `--url`. Every check sends attacks, so the owner of a server on another machine must have agreed.
async fn given(arguments: &CheckArguments) -> Result<Target, Failure> {
    let url = arguments.url.as_deref().ok_or_else(|| Failure::new("name a lab or a --url"))?;
    let url = BaseUrl::parse(url)?;
    consent::get(&url, arguments.they_agreed, consent::question)?;
    let url = url.as_str();
    if arguments.features.is_empty() {
        return Ok(Target::discover(url).await?);
    }
    let design = arguments.design.as_deref().unwrap_or("unknown");
    Ok(Target::described(url, Descriptor::described(design, arguments.features.iter().copied())).await?)
}

fn print(report: &Report, telling: Telling, json: bool) -> Result<(), Failure> {
    if json {
        harness::outln!("{}", serde_json::to_string_pretty(report)?);
        return Ok(());
    }
    let colour = terminal::stdout_has_colour();
    let text = match telling {
        Telling::Checks => report.text(colour),
        Telling::Attacks => report.attack_text(colour),
    };
    harness::outln!("{text}");
    Ok(())
}

fn list(telling: Telling, json: bool) -> Result<(), Failure> {
    let wanted = conformance::checks().into_iter().filter(|check| telling == Telling::Checks || check.attack);
    if json {
        let ids: Vec<_> = wanted
            .map(|check| {
                let caught: Vec<_> = check.catches().map(|fault| fault.name).collect();
                serde_json::json!({ "id": check.id, "title": check.title, "catches": caught })
            })
            .collect();
        harness::outln!("{}", serde_json::to_string_pretty(&ids)?);
        return Ok(());
    }
    for check in wanted {
        let caught: Vec<_> = check.catches().map(|fault| fault.name).collect();
        harness::outln!("{:<44} {DIM}{}{DIM:#}", check.id, check.title);
        harness::outln!("{:<44} {DIM}catches: {}{DIM:#}", "", caught.join(", "));
    }
    Ok(())
}
