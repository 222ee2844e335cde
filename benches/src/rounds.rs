//! Measures several designs in one run: a warm-up, then rounds in random order, so that a disturbance of the machine
//! affects all of them.

mod error;
mod store;
mod turns;

use std::time::Duration;

use self::turns::Turns;
use crate::cores::Cores;
use crate::doubt::Doubt;
use crate::figures::{BASELINE, CONTROL, Comparison, DesignFigures, Ended, Median, RoundFigures};
use crate::load::{self, Load, LoadError, Outcomes, Run, Target};
pub use error::CompareError;
pub use store::{CounterError, StoreCounter};

const MOST_ROUNDS: usize = 1_000;

/// One design to measure: the request to send, and how to read its cost.
#[derive(Debug, Clone)]
pub struct Design {
    /// The name of the design; the one called [`BASELINE`] is what the others are compared with.
    pub name: String,
    /// The request that is sent to the server, including the credential.
    pub target: Target,
    /// The process id of the server, for CPU time per request.
    pub pid: Option<u32>,
    /// The process id of the store, for the store's CPU time per request.
    pub store_pid: Option<u32>,
    /// The counter of round trips to the store.
    pub store_counter: Option<StoreCounter>,
}

/// How the designs are measured. The run takes about `designs × (warm_up + rounds × load.duration())`.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The load of each round.
    pub load: Load,
    /// The most rounds for each design, 1 to 1,000; six or more are needed for a confidence interval.
    pub rounds: usize,
    /// When fewer rounds are enough; `None` to make all of them.
    pub enough: Option<Enough>,
    /// How long each design is warmed up, with the same load and without counting; zero for no warm-up.
    pub warm_up: Duration,
    /// Whether every round keeps its histogram, which is some thousand numbers each.
    pub keep_histograms: bool,
    /// The processors to pin servers and generator to; `None` to leave them to the system.
    pub cores: Option<Cores>,
}

/// When a comparison has enough rounds: when each design's ratios to the baseline are this certain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Enough {
    /// The fewest rounds.
    pub least: usize,
    /// Half the width of the confidence interval of the throughput ratio, as a share: 0.05 is ± 5 %.
    pub throughput: f64,
    /// The same of the ratio of server CPU time.
    pub server_cpu: f64,
}

/// The step that is about to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The design that is put under load next.
    pub design: &'a str,
    /// The round, from 1; 0 is the warm-up.
    pub round: usize,
    /// The number of finished steps; the last report has all of them finished.
    pub done: usize,
    /// The total number of steps.
    pub of: usize,
}

/// Measures the designs in turn and compares them with the one called [`BASELINE`], if it is among them.
///
/// # Errors
/// [`CompareError`] at the first design that cannot be measured; the other designs' figures are then dropped. A server
/// that does not answer is no error: it is among the [`unserved`](Comparison::unserved).
pub async fn compare(
    designs: &[Design],
    plan: &Plan,
    progress: impl FnMut(Progress<'_>),
) -> Result<Comparison, CompareError> {
    compare_until(std::future::pending(), designs, plan, progress).await
}

/// Like [`compare`], but stops early when `stop` completes. The comparison then contains only the rounds that every
/// design has completed, which may be none; `rounds` is their number.
///
/// # Errors
/// The errors of [`compare`].
pub async fn compare_until(
    stop: impl Future<Output = ()>,
    designs: &[Design],
    plan: &Plan,
    mut progress: impl FnMut(Progress<'_>),
) -> Result<Comparison, CompareError> {
    check(designs, plan)?;
    let mut figures: Vec<Vec<RoundFigures>> = vec![Vec::with_capacity(plan.rounds); designs.len()];
    let mut warm_ups = vec![Outcomes::default(); designs.len()];
    let _pinned = plan.cores.as_ref().map(|cores| {
        let of = |pid: fn(&Design) -> Option<u32>| designs.iter().filter_map(pid);
        cores.pin(of(|design| design.pid), of(|design| design.store_pid))
    });
    let mut turns = Turns::new(designs, plan);
    let ended = tokio::select! {
        biased;
        () = stop => Ended::Stopped,
        done = all_rounds(&mut turns, designs, plan, &mut figures, &mut warm_ups, &mut progress) => done?,
    };
    // A round is complete only when every design has been measured in it.
    let complete = figures.iter().map(Vec::len).min().unwrap_or_default();
    figures.iter_mut().for_each(|rounds| rounds.truncate(complete));
    let repeated = turns.repeated;
    Ok(Comparison { ended: Some(ended), repeated, ..sum_up(designs, plan, figures, warm_ups) })
}

async fn all_rounds(
    turns: &mut Turns,
    designs: &[Design],
    plan: &Plan,
    figures: &mut [Vec<RoundFigures>],
    warmed: &mut [Outcomes],
    progress: &mut impl FnMut(Progress<'_>),
) -> Result<Ended, CompareError> {
    let warm_ups = if plan.warm_up.is_zero() { 0 } else { designs.len() };
    let of = warm_ups + designs.len() * plan.rounds;
    let mut done = 0;
    if warm_ups > 0 {
        let load = plan.load.clone().lasting(plan.warm_up);
        for (design, outcomes) in designs.iter().zip(warmed) {
            progress(Progress { design: &design.name, round: 0, done, of });
            *outcomes = design.put_under(&load, async {}).await?.0.outcomes;
            done += 1;
        }
    }
    let mut ended = Ended::AllRounds;
    let mut last = 0;
    for round in 1..=plan.rounds {
        for index in shuffled(designs.len(), round) {
            let design = &designs[index];
            progress(Progress { design: &design.name, round, done, of });
            figures[index].push(turns.measure(design, plan, round).await?);
            done += 1;
        }
        last = round;
        if plan.enough.is_some_and(|enough| enough.is_reached(designs, figures)) {
            ended = Ended::Precise;
            break;
        }
    }
    if let Some(design) = designs.last() {
        progress(Progress { design: &design.name, round: last, done: of, of });
    }
    Ok(ended)
}

impl Enough {
    /// The intervals are looked at every so many rounds: they take a moment to compute, and looking often would find a
    /// narrow one by chance.
    const EVERY: usize = 10;

    fn is_reached(&self, designs: &[Design], figures: &[Vec<RoundFigures>]) -> bool {
        let rounds = figures.first().map_or(0, Vec::len);
        if rounds < self.least || !rounds.is_multiple_of(Self::EVERY) {
            return false;
        }
        let Some(place) = designs.iter().position(|design| design.name == BASELINE) else { return false };
        let is_narrow = |ratios: Vec<Option<f64>>, most: f64| {
            // A figure that is not known, such as the CPU time of a server elsewhere, cannot become more certain.
            let known: Option<Vec<f64>> = ratios.into_iter().collect();
            known.and_then(Median::of).is_none_or(|ratio| ratio.uncertainty() <= most)
        };
        figures.iter().enumerate().filter(|(index, _)| *index != place).all(|(_, own)| {
            let pairs = || own.iter().zip(&figures[place]);
            let throughput = pairs().map(|(own, base)| Some(own.throughput_rps / base.throughput_rps));
            let cpu = pairs().map(|(own, base)| Some(own.server_cpu_us? / base.server_cpu_us?));
            is_narrow(throughput.collect(), self.throughput) && is_narrow(cpu.collect(), self.server_cpu)
        })
    }
}

fn check(designs: &[Design], plan: &Plan) -> Result<(), CompareError> {
    if designs.is_empty() {
        return Err(CompareError::Plan("there is none"));
    }
    if !(1..=MOST_ROUNDS).contains(&plan.rounds) {
        return Err(CompareError::Plan("there must be 1 to 1,000 rounds"));
    }
    let twice = |name: &str| designs.iter().filter(|design| design.name == name).count() > 1;
    if designs.iter().any(|design| twice(&design.name)) {
        return Err(CompareError::Plan("two of them have the same name"));
    }
    Ok(())
}

/// The order of round `round`: random, so that no design follows the same other one each time, and from a seed, so that
/// it can be repeated.
fn shuffled(count: usize, round: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    fastrand::Rng::with_seed(round as u64).shuffle(&mut order);
    order
}

impl Design {
    /// Runs the load. A server that accepts no connection has that as its result; a generator that may open no more
    /// files cannot measure any server, which is an error.
    /// Awaits `connected` when the connections are open.
    async fn put_under<T>(
        &self,
        load: &Load,
        connected: impl Future<Output = T>,
    ) -> Result<(Run, Option<T>), CompareError> {
        match load::run_from(&self.target, load, connected).await {
            Err(LoadError::Connect { source, .. }) if !load::is_too_many_open_files(&source) => {
                Ok((Run::unconnected(load, &source), None))
            }
            Err(source) => Err(self.unloadable(source)),
            Ok((run, connected)) => Ok((run, Some(connected))),
        }
    }

    fn unloadable(&self, source: LoadError) -> CompareError {
        CompareError::Load { design: self.name.clone(), source }
    }
}

fn sum_up(
    designs: &[Design],
    plan: &Plan,
    mut figures: Vec<Vec<RoundFigures>>,
    warm_ups: Vec<Outcomes>,
) -> Comparison {
    if let Some(place) = designs.iter().position(|design| design.name == BASELINE) {
        let baseline = figures[place].clone();
        for rounds in &mut figures {
            rounds.iter_mut().zip(&baseline).for_each(|(own, base)| own.compare_with(base));
        }
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let rounds = figures.first().map_or(0, Vec::len);
    let (mut served, mut unserved, mut control) = (Vec::new(), Vec::new(), None);
    for ((design, rounds), warm_up) in designs.iter().zip(figures).zip(warm_ups) {
        let Some(figures) = DesignFigures::over(&design.name, rounds) else { continue };
        match (DesignFigures { warm_up, ..figures }).served(design.target.expected().as_u16()) {
            Ok(figures) if figures.design == CONTROL => control = Some(figures),
            Ok(figures) => served.push(figures),
            Err(without) => unserved.push(without),
        }
    }
    Comparison {
        load: plan.load.clone(),
        rounds,
        doubts: Doubt::about_cores(cores).filter(|_| plan.cores.is_none()).into_iter().collect(),
        designs: served,
        unserved,
        control,
        cores: plan.cores.clone(),
        repeated: 0,
        ended: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_design_has_each_place_about_as_often_and_a_round_always_has_the_same_order() {
        let places = |place: usize| {
            let mut counts = [0; 3];
            (1..=300).for_each(|round| counts[shuffled(3, round)[place]] += 1);
            counts
        };
        assert!([0, 1, 2].map(places).iter().flatten().all(|count| (70..=130).contains(count)));
        assert_eq!(shuffled(3, 7), shuffled(3, 7));
    }
}
