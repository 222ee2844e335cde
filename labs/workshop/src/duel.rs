//! `cargo lab duel`: two learners, each with a server; the checker's attacks are played on both servers.
//!
//! One learner serves their exercise with `--listen`; the other attacks it with `--url`, and the same attacks are
//! played on the attacker's own exercise. Only attacks that could be tried on both servers count: a server on another
//! machine has no lab controls, so attacks that need its clock moved cannot be tried there.

mod told;

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use conformance::{AccountsAfter, BaseUrl, CheckResult, Options, Report, Target};
use harness::listen::ListenAt;
use harness::server::Process;
use harness::terminal::{self, DIM};
use harness::{Failure, consent};
use outside::visible::excerpt;

use super::WorkshopArguments;
use super::build::{self, Built, Which};
use super::course::{Judge, Lab};
use super::workshop::Workshop;

/// Run the checker's attacks on another learner's server and on yours
///
/// One learner types `cargo lab duel --listen HOST:PORT` and tells the other the address; the other types `cargo lab
/// duel --url URL`. A server on another machine is attacked only if its owner has agreed. Exit code 1 if an attack got in
/// on your server.
#[derive(Debug, Args)]
pub struct DuelArguments {
    /// The lab whose exercise is your server [default: the other server's lab; with --listen, that of the current step]
    #[arg(value_name = "LAB")]
    lab: Option<String>,
    /// The other learner's server, such as http://192.168.1.7:8080
    #[arg(long, value_name = "URL", required_unless_present = "listen")]
    url: Option<String>,
    /// Your server, if it is not your exercise
    #[arg(long, value_name = "URL", requires = "url", conflicts_with = "lab")]
    mine: Option<String>,
    /// Serve your exercise at this address of your machine until Ctrl-C, so that the other learner can attack it
    #[arg(long, value_name = "HOST:PORT", conflicts_with = "url")]
    listen: Option<ListenAt>,
    /// The owners of the servers that are not on this machine have agreed to be attacked
    #[arg(long, requires = "url")]
    they_agreed: bool,
    /// Run only these attacks: ids or topics, such as csrf or access.alg-none
    #[arg(long, value_name = "CHECK", value_delimiter = ',', requires = "url")]
    only: Vec<String>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    workshop: WorkshopArguments,
}

/// How many characters of a name that a server gives itself are shown.
const NAME_SHOWN: usize = 60;

/// The results of the same attacks on both servers.
struct Duel {
    you: Report,
    they: Report,
}

/// Serves the learner's exercise for the other learner (`--listen`), or attacks both servers (`--url`). The exit code
/// is 1 if an attack got in on the learner's own server.
///
/// # Errors
/// A server cannot be reached or started, its owner has not agreed, a check's name is unknown, or the exercise does not
/// compile.
pub async fn run(arguments: DuelArguments) -> Result<ExitCode, Failure> {
    let DuelArguments { lab, url, mine, listen, they_agreed, only, json, workshop } = arguments;
    let workshop = workshop.open()?;
    if let Some(listen) = listen {
        return let_in(&workshop, lab.as_deref(), listen.address).await;
    }
    let url = url.ok_or_else(|| Failure::new("name the other learner's server with --url"))?;
    conformance::are_checks(&only)?;
    let url = BaseUrl::parse(&url)?;
    let mine = mine.as_deref().map(BaseUrl::parse).transpose()?;
    for asked in [Some(&url), mine.as_ref()].into_iter().flatten() {
        consent::get(asked, they_agreed, workshop.words().has_owner_agreed)?;
    }
    let progress = terminal::Progress::new(2);
    let theirs = Target::discover(url.as_str()).await?;
    let you = match &mine {
        Some(mine) => {
            attacked(&Target::discover(mine.as_str()).await?, &only, AccountsAfter::Deleted, &progress)
                .await?
        }
        None => {
            let lab = lab.as_deref().unwrap_or(&theirs.descriptor().lab);
            let (server, _) = exercise(&workshop, lab, None, &progress).await?;
            let target = Target::discover(&server.url).await?.reached_directly();
            attacked(&target, &only, AccountsAfter::EndWithServer, &progress).await?
        }
    };
    let they = attacked(&theirs, &only, AccountsAfter::Deleted, &progress).await?;
    drop(progress);
    for report in [&you, &they] {
        if let Some(reason) = report.nothing_decided() {
            return Err(Failure::new(format!("{}: {reason}", report.base_url)));
        }
    }
    let duel = Duel { you, they };
    match json {
        true => harness::outln!("{}", serde_json::to_string_pretty(&told::as_json(&duel))?),
        false => {
            for line in told::lines(&duel, workshop.words()) {
                harness::outln!("{line}");
            }
        }
    }
    Ok(if duel.you.failures().next().is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Plays the attacks on one server. An attack whose check fails is tried a second time, by itself, so that a server
/// that was only busy is not reported as broken into.
async fn attacked(
    target: &Target,
    only: &[String],
    accounts: AccountsAfter,
    progress: &terminal::Progress,
) -> Result<Report, Failure> {
    progress.stage(format!("attacking {}", target.base_url()));
    let said = |result: &CheckResult| progress.detail(result.id);
    let options = Options { only: only.to_vec(), attacks_only: true, accounts, ..Options::default() };
    let mut report = conformance::run(target, &options, said).await?;
    let failed: Vec<String> = report.failures().map(|result| result.id.to_owned()).collect();
    if !failed.is_empty() {
        let options = Options { only: failed, attacks_only: true, concurrency: 1, accounts };
        let again = conformance::run(target, &options, said).await?;
        report.accounts.add(&again.accounts);
        for second in again.results {
            if let Some(first) = report.results.iter_mut().find(|first| first.id == second.id) {
                *first = second;
            }
        }
    }
    progress.step();
    Ok(report)
}

/// Builds and starts the learner's own server of a lab; returns it with the lab.
async fn exercise<'a>(
    workshop: &'a Workshop,
    lab: &str,
    listen: Option<SocketAddr>,
    progress: &terminal::Progress,
) -> Result<(Process, &'a Lab), Failure> {
    let known = workshop.course.labs.iter().find(|known| known.id == lab);
    let lab = match known {
        Some(lab) if lab.judge == Judge::Http => lab,
        _ => {
            let servers = workshop.course.labs.iter().filter(|lab| lab.judge == Judge::Http);
            let names: Vec<&str> = servers.map(|lab| lab.id.as_str()).collect();
            return Err(Failure::new(format!(
                "there is no exercise with a server for `{}`; choose from {}, or name your server with --mine",
                excerpt(lab, NAME_SHOWN),
                names.join(", ")
            )));
        }
    };
    progress.stage(format!("building your {}", lab.id));
    let said = |line: &str| progress.detail(line);
    match build::build(&workshop.course.root, &workshop.target_dir, &lab.package, Which::Own, false, said)
        .await?
    {
        Built::Program(program) => Ok((started(program, listen).await?, lab)),
        Built::Errors(errors) => {
            let first = errors.into_iter().next().unwrap_or_default();
            Err(Failure::new(format!("your {} does not compile:\n{first}", lab.id)))
        }
    }
}

async fn started(program: PathBuf, listen: Option<SocketAddr>) -> Result<Process, Failure> {
    let mut command = tokio::process::Command::new(program);
    if let Some(listen) = listen {
        command.args(["--listen", &listen.to_string()]);
    }
    Process::start(command, "learner's").await
}

/// Serves the learner's exercise for the other learner to attack, until Ctrl-C.
async fn let_in(workshop: &Workshop, lab: Option<&str>, listen: SocketAddr) -> Result<ExitCode, Failure> {
    if listen.ip().is_unspecified() {
        // The server compares the origin of requests with its own address, and `0.0.0.0` is not an address that a
        // client uses.
        let likely = own_address().map_or("192.168.1.5".to_owned(), |address| address.to_string());
        let port = listen.port();
        return Err(Failure::new(format!(
            "name the address at which the other learner reaches this machine, such as --listen {likely}:{port}"
        )));
    }
    let current = workshop.current()?.0.id.as_str();
    let progress = terminal::Progress::new(1);
    let (server, lab) = exercise(workshop, lab.unwrap_or(current), Some(listen), &progress).await?;
    drop(progress);
    let (url, words) = (&server.url, workshop.words());
    harness::outln!("{} {}: {url}", words.your_exercise, lab.id);
    let agreed = if listen.ip().is_loopback() { "" } else { " --they-agreed" };
    harness::outln!("{} cargo lab duel --url {url}{agreed}", words.other_types);
    harness::outln!("{DIM}{}{DIM:#}", words.ctrl_c);
    // Ctrl-C ends the whole process, and with it the server.
    std::future::pending().await
}

/// The address under which other machines most likely reach this one. No packet is sent: connecting a UDP socket only
/// selects a route, and 192.0.2.1 belongs to no machine (RFC 5737).
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|address| !address.is_unspecified())
}
