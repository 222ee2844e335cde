//! One design's turn in one round: the load, and the counters around it.

use std::time::{Duration, Instant};

use super::{CompareError, CounterError, Design, Plan};
use crate::figures::{Costs, OTHERS_SHARE, RoundFigures};
use crate::process;

/// How often a disturbed turn is repeated before it counts as it is.
const TRIES: usize = 3;
/// The system counts the machine's CPU time in ticks of 10 ms, in one column for each kind of time. So much of a difference
/// may be rounding.
const ROUNDING: Duration = Duration::from_millis(30);
/// The most repeats, as a share of all turns: on a machine that is never quiet, repeating does not help.
const MOST_REPEATS: f64 = 0.25;

/// The turns of a comparison.
pub(super) struct Turns {
    /// The processes whose CPU time is not that of others: servers, stores, and this one with the generator.
    own: Vec<u32>,
    /// How many more turns may be repeated.
    repeats_left: usize,
    /// How many turns were repeated.
    pub(super) repeated: usize,
}

impl Turns {
    pub(super) fn new(designs: &[Design], plan: &Plan) -> Self {
        let mut own: Vec<u32> =
            designs.iter().flat_map(|design| [design.pid, design.store_pid]).flatten().collect();
        own.push(std::process::id());
        own.sort_unstable();
        own.dedup();
        let repeats_left = ((designs.len() * plan.rounds) as f64 * MOST_REPEATS) as usize;
        Self { own, repeats_left, repeated: 0 }
    }

    /// Measures a design in a round. If other processes used more than 5 % of the processors meanwhile, it does so again.
    pub(super) async fn measure(
        &mut self,
        design: &Design,
        plan: &Plan,
        round: usize,
    ) -> Result<RoundFigures, CompareError> {
        for _ in 1..TRIES {
            let figures = self.once(design, plan, round).await?;
            let is_disturbed = figures.others_share.is_some_and(|share| share > OTHERS_SHARE);
            if !is_disturbed || self.repeats_left == 0 {
                return Ok(figures);
            }
            self.repeats_left -= 1;
            self.repeated += 1;
        }
        self.once(design, plan, round).await
    }

    async fn once(&self, design: &Design, plan: &Plan, round: usize) -> Result<RoundFigures, CompareError> {
        let others = Others::until_now(&self.own);
        // The handshakes are over when the counters are read.
        let (run, before) = design.put_under(&plan.load, design.read()).await?;
        let after = design.read().await?;
        let costs = before.transpose()?.map(|before| before.until(after)).unwrap_or_default();
        let figures = RoundFigures::new(round, &run, costs, plan.keep_histograms);
        Ok(RoundFigures { others_share: others.and_then(|others| others.share(&self.own)), ..figures })
    }
}

/// The CPU time that other processes had used at one moment.
struct Others {
    used: Duration,
    at: Instant,
}

impl Others {
    /// `None` where the system does not tell, or when one of the own processes cannot be read.
    fn until_now(own: &[u32]) -> Option<Self> {
        let all = process::machine_cpu_time()?;
        let own: Duration = own.iter().map(|pid| process::cpu_time(*pid).ok()).sum::<Option<Duration>>()?;
        Some(Self { used: all.saturating_sub(own), at: Instant::now() })
    }

    /// What others have certainly used since, as a share of the time of all processors.
    fn share(&self, own: &[u32]) -> Option<f64> {
        let now = Self::until_now(own)?;
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        share(now.used.saturating_sub(self.used), now.at - self.at, processors)
    }
}

/// The share of the time of these processors that `used` is at least, whatever was rounded.
fn share(used: Duration, elapsed: Duration, processors: usize) -> Option<f64> {
    let whole = elapsed.as_secs_f64() * processors as f64;
    (whole > 0.0).then(|| used.saturating_sub(ROUNDING).as_secs_f64() / whole)
}

/// The counters of a design at one moment.
pub(super) struct Meters {
    server_cpu: Option<Duration>,
    store_cpu: Option<Duration>,
    round_trips: Option<u64>,
}

impl Meters {
    fn until(self, after: Self) -> Costs {
        let micros = |(before, after): (Duration, Duration)| after.saturating_sub(before).as_secs_f64() * 1e6;
        let count = |(before, after): (u64, u64)| after.saturating_sub(before);
        Costs {
            server_cpu_us: self.server_cpu.zip(after.server_cpu).map(micros),
            store_cpu_us: self.store_cpu.zip(after.store_cpu).map(micros),
            store_round_trips: self.round_trips.zip(after.round_trips).map(count),
        }
    }
}

impl Design {
    async fn read(&self) -> Result<Meters, CompareError> {
        let cpu = |pid: Option<u32>| {
            let read = pid.map(process::cpu_time).transpose();
            read.map_err(|source| CompareError::Process { design: self.name.clone(), source })
        };
        let round_trips = match &self.store_counter {
            Some(counter) => Some(counter.read().await.map_err(|source| self.uncountable(source))?),
            None => None,
        };
        Ok(Meters { server_cpu: cpu(self.pid)?, store_cpu: cpu(self.store_pid)?, round_trips })
    }

    fn uncountable(&self, source: CounterError) -> CompareError {
        CompareError::Counter { design: self.name.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_no_disturbance_and_a_program_that_uses_a_tenth_is() {
        let (ms, round) = (Duration::from_millis, Duration::from_millis(300));
        assert_eq!(share(ms(30), round, 2), Some(0.0));
        let tenth = share(ms(90), round, 2).unwrap();
        assert!((tenth - 0.1).abs() < 1e-9 && tenth > OTHERS_SHARE, "{tenth}");
        assert_eq!(share(ms(30), Duration::ZERO, 2), None);
    }
}
