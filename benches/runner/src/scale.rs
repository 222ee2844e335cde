//! The model of many servers and its check: the same designs with one and with two app server processes, each pinned to
//! its own processor.

use std::time::Duration;

use harness::Failure;
use harness::client::Client;
use harness::server::Server;
use kit::Store;
use kit::design::{Part, Role};
use measure::figures::{Comparison, Median};
use measure::load::{self, ClosedLoop, Load};
use measure::process;
use measure::report::Refresh;
use measure::scale::{Check, Demand, Prices, Scale, mva};

use super::context::Bench;
use super::entry::measured_in;
use super::found::Found;
use super::lineup::{Entered, Lineup, target};
use super::plan::{CONNECTIONS, Plan};

/// The roles of the designs that are run with one process and with two: one that uses Redis, and one that does not.
pub(crate) const CHECKED: [Role; 2] = [Role::LookUp, Role::SignedAndRefreshed];
pub(crate) const SERVERS: [usize; 2] = [1, 2];
/// As many generator threads as at the ceiling, where the demands were measured.
const GENERATOR_THREADS: usize = 2;

pub(crate) async fn measure(
    bench: &Bench,
    lineup: &Lineup,
    ceiling: &Comparison,
    refresh: Option<&Refresh>,
    prices: Prices,
) -> Found<Option<Scale>> {
    Found::by(async |found: &mut Found<Option<Scale>>| {
        let demand = |design: &&str| demand(lineup, ceiling, refresh, design);
        let demands: Vec<Demand> = measured_in(Part::Scale).iter().filter_map(demand).collect();
        if demands.is_empty() {
            let why = "The model needs the CPU time of a Redis that this program started, and there is none.";
            found.skip("how far it scales", why);
            return Ok(());
        }
        let mut scale = Scale { demands, checks: Vec::new(), prices };
        match process::own_processors() {
            Ok(processors) => scale.checks = checks(bench, lineup, &scale.demands, &processors).await?,
            Err(why) => {
                let why = format!("No process can be pinned to a processor here: {why}.");
                found.skip("the check of the model", &why);
            }
        }
        found.value = Some(scale);
        Ok(())
    })
    .await
}

/// The demand of a design; `None` when a figure that it needs was not measured.
fn demand(lineup: &Lineup, ceiling: &Comparison, refresh: Option<&Refresh>, design: &str) -> Option<Demand> {
    let subject = lineup.subject(design)?;
    let upkeep_us = if subject.refreshes { refresh?.upkeep_us()? } else { (0.0, 0.0) };
    let stored_bytes = subject.stored_bytes_per_session.unwrap_or_default();
    Demand::of(ceiling.design(design)?, upkeep_us, stored_bytes)
}

/// Compares the model's prediction with a measurement, for each design with each number of servers.
async fn checks(
    bench: &Bench,
    lineup: &Lineup,
    demands: &[Demand],
    processors: &[usize],
) -> Result<Vec<Check>, Failure> {
    let mut checks = Vec::new();
    for entered in CHECKED.into_iter().filter_map(|role| lineup.in_role(role)) {
        let name = entered.entry.variant.name;
        let Some(demand) = demands.iter().find(|demand| demand.design == name) else { continue };
        for servers in SERVERS {
            bench.timeline.stage(&format!("{name} on {servers} pinned processes"));
            match bench.stop.unless_told(check(bench, entered, demand, servers, processors)).await {
                Some(check) => checks.push(check?),
                None => return Ok(checks),
            }
        }
    }
    Ok(checks)
}

/// The processors that each process runs on.
struct Place {
    apps: Vec<usize>,
    store: Vec<usize>,
    generator: Vec<usize>,
    words: String,
}

impl Place {
    /// Gives each app server a processor. The generator and Redis get the remaining ones; without any, they run on all.
    fn on(processors: &[usize], servers: usize) -> Self {
        let (apps, rest) = processors.split_at(servers.min(processors.len()));
        let apps = apps.to_vec();
        match rest {
            [] => {
                let all = processors.to_vec();
                let words = "generator and Redis on the same processors".to_owned();
                Self { apps, store: all.clone(), generator: all, words }
            }
            [one] => {
                let words = "generator and Redis share one other processor".to_owned();
                Self { apps, store: vec![*one], generator: vec![*one], words }
            }
            [first, others @ ..] => {
                let words = "generator and Redis on other processors".to_owned();
                Self {
                    apps,
                    store: vec![*first],
                    generator: others.iter().copied().take(GENERATOR_THREADS).collect(),
                    words,
                }
            }
        }
    }

    /// The demand of an average request on each processor, as the input of the model.
    fn demands(&self, demand: &Demand) -> Vec<f64> {
        let mut processors: Vec<usize> = [&self.apps[..], &self.store, &self.generator].concat();
        processors.sort_unstable();
        processors.dedup();
        let servers = self.apps.len() as f64;
        let is_shared = self.apps.iter().any(|app| self.generator.contains(app));
        if is_shared {
            // Processes that may run everywhere use free processors, so that all processors are equally busy.
            let whole = demand.app_us + demand.store_us + demand.generator_us;
            return vec![whole / processors.len() as f64; processors.len()];
        }
        let share = |asked: f64, of: &[usize], processor: usize| {
            if of.contains(&processor) { asked / of.len() as f64 } else { 0.0 }
        };
        let each = processors.iter().map(|processor| {
            let app = if self.apps.contains(processor) { demand.app_us / servers } else { 0.0 };
            app + share(demand.store_us, &self.store, *processor)
                + share(demand.generator_us, &self.generator, *processor)
        });
        each.collect()
    }
}

async fn check(
    bench: &Bench,
    entered: &Entered,
    demand: &Demand,
    servers: usize,
    processors: &[usize],
) -> Result<Check, Failure> {
    // A CPU quota may allow less CPU time than there are processors; then use only as many processors as it covers.
    let busy = std::thread::available_parallelism().map_or(1, usize::from).min(processors.len());
    let servers = servers.min(busy);
    let place = Place::on(&processors[..busy], servers);
    let store = entered.entry.store(&bench.store).unwrap_or(Store::Memory);
    let mut started = Vec::new();
    for cpu in &place.apps {
        // One worker thread: a server on one core, as the model assumes.
        let server = entered.entry.start(&store, &[("TOKIO_WORKER_THREADS", "1")]).await?;
        process::pin(server.pid, &[*cpu])?;
        let held = Client::of(&server)?.sign_up_and_log_in().await?;
        started.push((target(&server.url, &held)?, server));
    }
    let _unpinned = Pinned::put(bench.store.pid(), &place, processors)?;
    let pass = bench.plan.scale;
    let mut rates = Vec::new();
    for round in 0..=pass.rounds() {
        let each = started.iter().map(|(target, _server): &(_, Server)| {
            let threads = GENERATOR_THREADS / servers;
            let load = ClosedLoop { threads, ..ClosedLoop::new(CONNECTIONS / servers, pass.round()) };
            async move { load::run(target, &Load::Closed(load)).await }
        });
        let runs = futures_util::future::try_join_all(each).await?;
        // The first round is the warm-up.
        if round > 0 {
            rates.push(runs.iter().map(load::Run::throughput_rps).sum::<f64>());
        }
        bench.timeline.passed(pass.round());
    }
    let demands = place.demands(demand);
    Ok(Check {
        design: demand.design.clone(),
        servers,
        place: place.words,
        connections: CONNECTIONS,
        predicted_rps: mva::closed(&demands, 0.0, CONNECTIONS).throughput_rps,
        bound_rps: mva::bound_rps(&demands),
        measured_rps: Median::of(rates)
            .ok_or_else(|| Failure::new("the model was not checked: there was no round"))?,
    })
}

/// Pins the generator, which is this process, and Redis to their processors; when dropped, lets both run on all again.
struct Pinned {
    pids: Vec<u32>,
    all: Vec<usize>,
}

impl Pinned {
    fn put(store: Option<u32>, place: &Place, processors: &[usize]) -> Result<Self, Failure> {
        let own = std::process::id();
        process::pin(own, &place.generator)?;
        if let Some(pid) = store {
            process::pin(pid, &place.store)?;
        }
        Ok(Self { pids: [own].into_iter().chain(store).collect(), all: processors.to_vec() })
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        for pid in &self.pids {
            // A Redis that has ended meanwhile needs no pinning.
            process::pin(*pid, &self.all).ok();
        }
    }
}

/// The planned duration of all checks.
pub(crate) fn duration(plan: &Plan) -> Duration {
    plan.scale.round() * ((plan.scale.rounds() + 1) * CHECKED.len() * SERVERS.len()) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demand() -> Demand {
        Demand {
            design: "session-redis".to_owned(),
            app_us: 16.0,
            store_us: 6.0,
            round_trips: 1.0,
            generator_us: 8.0,
            upkeep_us: (0.0, 0.0),
            stored_bytes: 0.0,
        }
    }

    #[test]
    fn each_processor_has_what_runs_on_it() {
        assert_eq!(Place::on(&[0, 1], 1).demands(&demand()), [16.0, 14.0]);
        assert_eq!(Place::on(&[0, 1], 2).demands(&demand()), [15.0, 15.0]);
        let eight: Vec<usize> = (0..8).collect();
        assert_eq!(Place::on(&eight, 2).demands(&demand()), [8.0, 8.0, 6.0, 4.0, 4.0]);
    }

    #[test]
    fn processors_are_taken_by_the_numbers_that_they_have() {
        let place = Place::on(&[5, 11], 1);
        assert_eq!((place.apps, place.store, place.generator), (vec![5], vec![11], vec![11]));
    }
}
