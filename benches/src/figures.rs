//! The results of a comparison: plain data, with raw figures beside their medians and units in the names.

use serde::{Deserialize, Serialize};

use crate::doubt::Doubt;
use crate::load::{Errors, Latencies, Load, Run};

/// The name of the design that every other one is compared with, if it takes part: the same route without
/// authentication.
pub const BASELINE: &str = "none";

/// Several designs under the same load in one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// The load that each design had in each round.
    pub load: Load,
    /// The number of rounds.
    pub rounds: usize,
    /// Doubts about the comparison as a whole.
    pub doubts: Vec<Doubt>,
    /// One entry for each design, in the order in which they were given.
    pub designs: Vec<DesignFigures>,
}

impl Comparison {
    /// The figures of the design with this name.
    pub fn design(&self, name: &str) -> Option<&DesignFigures> {
        self.designs.iter().find(|figures| figures.design == name)
    }
}

/// One design: medians over the rounds, with their spread, and the rounds themselves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DesignFigures {
    /// The name of the design.
    pub design: String,
    /// Expected responses per second.
    pub throughput_rps: Median,
    /// Latency that half of the requests did not exceed, in µs.
    pub p50_us: Median,
    /// Latency that 90 % did not exceed, in µs.
    pub p90_us: Median,
    /// Latency that 99 % did not exceed, in µs.
    pub p99_us: Median,
    /// Latency that 99.9 % did not exceed, in µs.
    pub p99_9_us: Median,
    /// The longest latency, in µs.
    pub max_us: Median,
    /// CPU time of the server's process per request, user and system, in µs; `None` without its process id.
    pub server_cpu_us: Option<Median>,
    /// CPU time of the store's process per request, in µs; `None` without its process id.
    pub store_cpu_us: Option<Median>,
    /// Round trips to the store per request; `None` without a counter.
    pub store_round_trips: Option<Median>,
    /// Throughput as a share of the baseline's in the same round; `None` without a baseline.
    pub ratio: Option<Median>,
    /// Server CPU time per request beyond the baseline's in the same round, in µs; `None` unless both are known.
    pub server_cpu_over_baseline_us: Option<Median>,
    /// Errors of all rounds, by kind.
    pub errors: Errors,
    /// Why these figures should not be believed as they stand; empty when there is no doubt.
    pub doubts: Vec<Doubt>,
    /// The raw figures of each round.
    pub rounds: Vec<RoundFigures>,
}

/// The figures of one design in one round.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoundFigures {
    /// The number of the round, from 1.
    pub round: usize,
    /// The duration of the round, in s.
    pub elapsed_s: f64,
    /// Requests that the server worked on, whatever its response was.
    pub requests: u64,
    /// Requests that got the expected response.
    pub answered: u64,
    /// Mean body size of the expected responses, in bytes. It must be equal for all designs, or they did not do the same
    /// work.
    pub body_bytes: f64,
    /// Expected responses per second.
    pub throughput_rps: f64,
    /// Mean latency in µs.
    pub mean_us: f64,
    /// Median latency in µs.
    pub p50_us: f64,
    /// 90th percentile in µs.
    pub p90_us: f64,
    /// 99th percentile in µs.
    pub p99_us: f64,
    /// 99.9th percentile in µs.
    pub p99_9_us: f64,
    /// Longest latency in µs.
    pub max_us: f64,
    /// Errors of the round, by kind.
    pub errors: Errors,
    /// Server CPU time per request in µs.
    pub server_cpu_us: Option<f64>,
    /// Store CPU time per request in µs.
    pub store_cpu_us: Option<f64>,
    /// Store round trips per request.
    pub store_round_trips: Option<f64>,
    /// Throughput over the baseline's in this round.
    pub ratio: Option<f64>,
    /// Server CPU time per request beyond the baseline's in this round, in µs.
    pub server_cpu_over_baseline_us: Option<f64>,
    /// Fixed rate: arrivals per second that were asked for.
    pub asked_rps: Option<f64>,
    /// Fixed rate: 99th percentile of the time from intended start to sending, in µs.
    pub send_lag_p99_us: Option<f64>,
    /// Fixed rate: 99th percentile of the pacing thread's lateness, in µs.
    pub pacing_lag_p99_us: Option<f64>,
    /// Closed loop: how far the round is off Little's law, as a share.
    pub littles_law_off: Option<f64>,
    /// The share of the round for which the generator's busiest thread was on a core.
    pub generator_share: Option<f64>,
    /// The generator's CPU time per request in µs.
    pub generator_cpu_us: Option<f64>,
    /// The latencies as `(ns, count)`, when the caller asked to keep them.
    pub histogram: Option<Vec<(u64, u64)>>,
}

/// Counters read beside the load: each is the difference between after and before the run.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Costs {
    /// CPU time that the server's process used, in µs.
    pub server_cpu_us: Option<f64>,
    /// CPU time that the store's process used, in µs.
    pub store_cpu_us: Option<f64>,
    /// The number of round trips to the store.
    pub store_round_trips: Option<u64>,
}

impl DesignFigures {
    /// Whether the server kept up: at most one request in a hundred failed. When a machine stalls for a moment, a few
    /// requests fail, and a doubt reports them; beyond one in a hundred, the server is failing or its credential has
    /// expired.
    pub fn is_served(&self) -> bool {
        let (failed, answered) = (self.errors.total(), self.rounds.iter().map(|round| round.answered).sum());
        is_served(failed, answered)
    }
}

fn is_served(failed: u64, answered: u64) -> bool {
    failed <= failed.saturating_add(answered) / 100
}

impl RoundFigures {
    /// Whether the server kept up in this round: at most one request in a hundred failed.
    pub fn is_served(&self) -> bool {
        is_served(self.errors.total(), self.answered)
    }

    /// The figures of one run. The ratios to the baseline are not known yet.
    pub fn new(round: usize, run: &Run, costs: Costs, keep_histogram: bool) -> Self {
        let requests = run.requests();
        let per_request = |total: f64| if requests > 0 { total / requests as f64 } else { 0.0 };
        let p99 = |lag: &Latencies| lag.quantile_us(0.99);
        Self {
            round,
            elapsed_s: run.elapsed.as_secs_f64(),
            requests,
            answered: run.answered,
            body_bytes: if run.answered > 0 { run.body_bytes as f64 / run.answered as f64 } else { 0.0 },
            throughput_rps: run.throughput_rps(),
            mean_us: run.latency.mean_us(),
            p50_us: run.latency.quantile_us(0.5),
            p90_us: run.latency.quantile_us(0.9),
            p99_us: run.latency.quantile_us(0.99),
            p99_9_us: run.latency.quantile_us(0.999),
            max_us: run.latency.max_us(),
            errors: run.errors.clone(),
            server_cpu_us: costs.server_cpu_us.map(per_request),
            store_cpu_us: costs.store_cpu_us.map(per_request),
            store_round_trips: costs.store_round_trips.map(|count| per_request(count as f64)),
            ratio: None,
            server_cpu_over_baseline_us: None,
            asked_rps: run.asked_rps,
            send_lag_p99_us: run.send_lag.as_ref().map(p99),
            pacing_lag_p99_us: run.pacing_lag.as_ref().map(p99),
            littles_law_off: run.littles_law_off(),
            generator_share: run.generator.map(|cost| cost.busiest_share),
            generator_cpu_us: run.generator.map(|cost| per_request(cost.time.as_secs_f64() * 1e6)),
            histogram: keep_histogram.then(|| run.latency.buckets()),
        }
    }

    /// Adds the ratios to the baseline's figures of the same round. Machines are noisy, and measurements that are
    /// neighbours in time share their noise.
    pub fn compare_with(&mut self, baseline: &Self) {
        self.ratio = (baseline.throughput_rps > 0.0).then(|| self.throughput_rps / baseline.throughput_rps);
        self.server_cpu_over_baseline_us =
            self.server_cpu_us.zip(baseline.server_cpu_us).map(|(own, base)| own - base);
    }
}

impl DesignFigures {
    /// Summarises the rounds of one design; `None` when there are no rounds.
    pub fn over(design: impl Into<String>, rounds: Vec<RoundFigures>) -> Option<Self> {
        let of = |figure: fn(&RoundFigures) -> f64| Median::of(rounds.iter().map(figure));
        let of_known = |figure: fn(&RoundFigures) -> Option<f64>| {
            // A figure that is missing in one round has no median over all rounds.
            let known: Option<Vec<f64>> = rounds.iter().map(figure).collect();
            known.and_then(Median::of)
        };
        let mut errors = Errors::default();
        rounds.iter().for_each(|round| errors.merge(&round.errors));
        let mut figures = Self {
            design: design.into(),
            throughput_rps: of(|round| round.throughput_rps)?,
            p50_us: of(|round| round.p50_us)?,
            p90_us: of(|round| round.p90_us)?,
            p99_us: of(|round| round.p99_us)?,
            p99_9_us: of(|round| round.p99_9_us)?,
            max_us: of(|round| round.max_us)?,
            server_cpu_us: of_known(|round| round.server_cpu_us),
            store_cpu_us: of_known(|round| round.store_cpu_us),
            store_round_trips: of_known(|round| round.store_round_trips),
            ratio: of_known(|round| round.ratio),
            server_cpu_over_baseline_us: of_known(|round| round.server_cpu_over_baseline_us),
            errors,
            doubts: Vec::new(),
            rounds,
        };
        figures.doubts = Doubt::about(&figures);
        Some(figures)
    }
}

/// The median of a figure over several rounds, with its range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Median {
    /// The middle value, or the mean of the two middle values.
    pub median: f64,
    /// The smallest value.
    pub min: f64,
    /// The largest value.
    pub max: f64,
}

impl Median {
    /// The median of some values; `None` when there are none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let upper = sorted.len() / 2;
        let lower = (sorted.len() - 1) / 2;
        Some(Self { median: (sorted[lower] + sorted[upper]) / 2.0, min, max })
    }

    /// The difference between the largest and the smallest value, as a share of the median (0.15 is 15 %); 0 when the
    /// median is 0.
    pub fn spread(&self) -> f64 {
        if self.median == 0.0 { 0.0 } else { (self.max - self.min) / self.median.abs() }
    }
}

#[cfg(test)]
mod tests;
