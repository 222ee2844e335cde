//! Measures servers on popular stacks in other languages, under the same load in the same run.
//!
//! Each peer is one idiomatic source file in `benches/peers` that implements what its work needs: a login, and `/me` or an
//! exchange of a refresh token ([`exchanges`]). All are installed before the first measurement, so that no installation disturbs one. They are measured
//! at the end, in rounds of their own, together with those of our designs that do the same work.

pub(crate) mod exchanges;
mod install;
mod known;
pub(crate) mod libraries;
mod runtime;

use harness::Failure;
use harness::client::{connections, header_bytes};
use harness::server::Process;
use kit::design::Asks;
use measure::figures::BASELINE;
use measure::load::{Reach, Target as Loaded};
use measure::process;
use measure::report::peers::{Libraries, MOST_CPU, MOST_P99, Peer as Told, Peers};
use measure::report::{Role, Subject};
use measure::rounds::Design as Measured;
use measure::targets::{Limit, Target};

use self::install::Installed;
pub(crate) use self::known::{Chosen, OURS, Peer, chosen};
use self::known::{LIBRARIES, Work};
use self::runtime::Runtime;
use super::ceiling::rounded;
use super::commands::Commands;
use super::context::{Bench, NO_REDIS};
use super::entry::name_of;
use super::found::Found;
use super::guest::Guest;
use super::lineup::Lineup;
use super::plan::CONNECTIONS;

/// The rate at which latency is compared, as a share of the slowest server's limit.
const SHARE: f64 = 0.5;

/// The installed peers.
#[derive(Default)]
pub(crate) struct Ready {
    pub(crate) servers: Vec<(Peer, Installed)>,
    /// The peers that exchange refresh tokens.
    pub(crate) exchangers: Vec<(Peer, Installed)>,
    /// The programs that time the libraries; `None` when the libraries were not asked for.
    pub(crate) libraries: Option<Vec<Installed>>,
}

/// Installs the peers that are not installed yet. A peer that cannot be installed is skipped, and the report states the
/// reason.
pub(crate) async fn install(bench: &Bench, chosen: &Chosen) -> Found<Ready> {
    Found::by(async |found: &mut Found<Ready>| {
        for peer in chosen.servers.iter().copied() {
            if peer.asks == Asks::Redis && bench.store.url().is_none() {
                found.skip(peer.name, NO_REDIS);
                continue;
            }
            match fetched(bench, peer.name, peer.runtime).await {
                Some(Ok(installed)) if peer.work.is_an_exchange() => {
                    found.value.exchangers.push((peer, installed));
                }
                Some(Ok(installed)) => found.value.servers.push((peer, installed)),
                Some(Err(why)) => found.skip(peer.name, &why.to_string()),
                None => return Ok(()),
            }
        }
        if chosen.libraries {
            found.value.libraries.get_or_insert_default();
            for (name, runtime) in libraries::FOLDERS {
                match fetched(bench, name, runtime).await {
                    Some(Ok(installed)) => found.value.libraries.get_or_insert_default().push(installed),
                    Some(Err(why)) => found.skip(name, &why.to_string()),
                    None => return Ok(()),
                }
            }
        }
        Ok(())
    })
    .await
}

async fn fetched(bench: &Bench, name: &str, runtime: Runtime) -> Option<Result<Installed, Failure>> {
    bench.timeline.stage(&format!("{name}: installing what it needs"));
    bench.stop.unless_told(install::install(name, runtime)).await
}

/// The peers beside our designs.
#[derive(Default)]
pub(crate) struct Beside {
    /// Their figures; `None` when Ctrl-C came before they ran, or none could be started.
    pub(crate) peers: Option<Peers>,
    /// The peers, as the report describes them.
    pub(crate) subjects: Vec<Subject>,
}

/// Measures the servers together with ours.
pub(crate) async fn servers(
    bench: &Bench,
    lineup: &Lineup,
    installed: Vec<(Peer, Installed)>,
) -> Found<Beside> {
    Found::by(async |found: &mut Found<Beside>| {
        let (mut running, mut measured, mut told) = (Vec::new(), Vec::new(), Vec::new());
        for (peer, installed) in installed {
            if bench.stop.is_told() {
                return Ok(());
            }
            bench.timeline.stage(&format!("{}: starting its server", peer.name));
            match enter(bench, lineup, &peer, &installed).await {
                Ok((server, design, subject)) => {
                    running.push(server);
                    measured.push(design);
                    told.push((peer.told(&installed), subject));
                }
                Err(why) => found.skip(peer.name, &why.to_string()),
            }
        }
        if measured.is_empty() {
            return Ok(());
        }
        let mut ours = vec![BASELINE];
        ours.extend(told.iter().flat_map(|(peer, _)| &peer.ours).map(String::as_str));
        let designs = [lineup.named(&ours), measured.clone()].concat();
        let rounds = bench.plan.peers.closed(CONNECTIONS);
        let ceiling = bench.compare("finding each peer's limit", &designs, rounds).await?;
        for ((_, subject), design) in told.iter_mut().zip(&measured) {
            subject.resident_bytes = design.pid.map(process::resident_bytes).transpose()?;
        }
        let (entries, subjects) = told.into_iter().unzip();
        found.value.subjects = subjects;
        let mut peers = Peers { entries, ceiling, ..Peers::default() };
        if let Some(slowest) = peers.slowest_rps() {
            let rate_rps = rounded(slowest * SHARE);
            let what = format!("the peers at {rate_rps:.0} requests/s");
            peers.at_rate =
                bench.compare(&what, &designs, bench.plan.peers_at_rate.at_rate(rate_rps)).await?;
        }
        found.value.peers = Some(peers);
        Ok(())
    })
    .await
}

/// Times the libraries, if they were asked for. One that fails is skipped, and the report states the reason.
pub(crate) async fn time_libraries(
    bench: &Bench,
    installed: Option<Vec<Installed>>,
) -> Found<Option<Libraries>> {
    Found::by(async |found: &mut Found<Option<Libraries>>| {
        let Some(installed) = installed.filter(|_| !bench.stop.is_told()) else { return Ok(()) };
        match libraries::measure(bench, &installed).await {
            Ok(Some((libraries, failed))) => {
                found.value = Some(libraries);
                failed.iter().for_each(|(name, why)| found.skip(name, &why.to_string()));
            }
            Ok(None) => {}
            Err(why) => found.skip(LIBRARIES, &why.to_string()),
        }
        Ok(())
    })
    .await
}

/// The target rows for each peer's figures.
pub(crate) fn targets(peers: Option<&Peers>) -> Vec<Target> {
    let how = "the same /me in other languages and frameworks, under the same load, in turn";
    let exchanges = exchanges::targets(peers.and_then(|peers| peers.exchanges.as_ref()));
    let Some(peers) = peers.filter(|peers| !peers.entries.is_empty()) else {
        let why =
            "The peers were not run: `--peers` installs and runs those whose languages this machine has.";
        let what = "CPU a request: ours / each peer's";
        let row = Target::new("T7", what, Limit::AtMost(MOST_CPU), Err(why.to_owned()), how);
        return [vec![row], exchanges].concat();
    };
    let of = |peer: &Told| {
        let ours = peer.ours.first()?;
        let share = peers.share(ours, &peer.name)?;
        let (cpu, p99) = (
            format!("CPU a request: {ours} / {}", peer.name),
            format!("p99 at one rate: {ours} / {}", peer.name),
        );
        let latency = share.p99.ok_or_else(|| "It was stopped before that.".to_owned());
        Some([
            Target::new("T7", &cpu, Limit::AtMost(MOST_CPU), Ok(share.server_cpu), how),
            Target::new("T7", &p99, Limit::AtMost(MOST_P99), latency, how),
        ])
    };
    peers.entries.iter().filter_map(of).flatten().chain(exchanges).collect()
}

/// Starts a peer and logs in to it, as the contract defines.
async fn enter(
    bench: &Bench,
    lineup: &Lineup,
    peer: &Peer,
    installed: &Installed,
) -> Result<(Process, Measured, Subject), Failure> {
    let server = peer.start(installed, bench.store.url()).await?;
    let (name, value) = Guest::signed_up(&server.url, connections()?).await?.credential;
    let target = Loaded::get(&server.url, "/me", Reach::LoopbackOnly)?.header(name, &value)?;
    let commands = lineup.commands.as_ref().filter(|_| peer.asks == Asks::Redis);
    let subject = Subject {
        name: peer.name.to_owned(),
        role: Role::Other,
        refreshes: false,
        what: format!("{}; {}", peer.what, installed.runs_on),
        store: if peer.asks == Asks::Redis { "redis" } else { "none" }.to_owned(),
        credential_bytes: Some(header_bytes(name, &value)),
        store_per_request: match commands {
            Some(commands) => Some(commands.per_request(&target).await?),
            None => None,
        },
        stored_bytes_per_session: None,
        resident_bytes: None,
    };
    let measured = Measured {
        name: peer.name.to_owned(),
        target,
        pid: Some(server.pid),
        store_pid: bench.store.pid().filter(|_| peer.asks == Asks::Redis),
        store_counter: lineup.commands.as_ref().map(Commands::counter),
    };
    Ok((server, measured, subject))
}

impl Peer {
    async fn start(&self, installed: &Installed, redis: Option<&str>) -> Result<Process, Failure> {
        let mut command = installed.command("server");
        command.env("PORT", "0").envs(redis.map(|url| ("REDIS_URL", url)));
        Process::start(command, self.name).await
    }

    fn told(&self, installed: &Installed) -> Told {
        let rivals = match self.work {
            Work::Me(rivals) => rivals,
            Work::Exchange { .. } => &[],
        };
        Told {
            name: self.name.to_owned(),
            what: self.what.to_owned(),
            runs_on: installed.runs_on.clone(),
            ours: rivals.iter().map(|role| name_of(*role).to_owned()).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
