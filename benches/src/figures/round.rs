//! The figures of one design in one round.

use serde::{Deserialize, Serialize};

use super::unserved::is_served;
use crate::load::{Errors, Latencies, Outcomes, Run};

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
    /// What happened to the requests of the round; empty in older reports.
    #[serde(default)]
    pub outcomes: Outcomes,
    /// Errors of the round, in few kinds.
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
    /// Server CPU time per request over the baseline's in this round; `None` in older reports.
    #[serde(default)]
    pub server_cpu_ratio: Option<f64>,
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
    /// CPU time that other processes used at least in this round, as a share of all processors' time; `None` where it is not
    /// known.
    #[serde(default)]
    pub others_share: Option<f64>,
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

impl RoundFigures {
    /// Whether the server kept up in this round: at most one request in a hundred failed.
    pub fn is_served(&self) -> bool {
        is_served(self.errors.failed(), self.answered)
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
            outcomes: run.outcomes.clone(),
            errors: run.errors.clone(),
            server_cpu_us: costs.server_cpu_us.map(per_request),
            store_cpu_us: costs.store_cpu_us.map(per_request),
            store_round_trips: costs.store_round_trips.map(|count| per_request(count as f64)),
            ratio: None,
            server_cpu_over_baseline_us: None,
            server_cpu_ratio: None,
            asked_rps: run.asked_rps,
            send_lag_p99_us: run.send_lag.as_ref().map(p99),
            pacing_lag_p99_us: run.pacing_lag.as_ref().map(p99),
            littles_law_off: run.littles_law_off(),
            generator_share: run.generator.map(|cost| cost.busiest_share),
            generator_cpu_us: run.generator.map(|cost| per_request(cost.time.as_secs_f64() * 1e6)),
            others_share: None,
            histogram: keep_histogram.then(|| run.latency.buckets()),
        }
    }

    /// Adds the ratios to the baseline's figures of the same round. Machines are noisy, and measurements that are
    /// neighbours in time share their noise.
    pub fn compare_with(&mut self, baseline: &Self) {
        self.ratio = (baseline.throughput_rps > 0.0).then(|| self.throughput_rps / baseline.throughput_rps);
        let cpu = self.server_cpu_us.zip(baseline.server_cpu_us);
        self.server_cpu_over_baseline_us = cpu.map(|(own, base)| own - base);
        self.server_cpu_ratio = cpu.filter(|(_, base)| *base > 0.0).map(|(own, base)| own / base);
    }
}
