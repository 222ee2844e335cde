//! Measures latency at fixed arrival rates, which are the same for all designs.

use measure::figures::Comparison;

use super::ceiling::{rounded, slowest_rps};
use super::context::Bench;
use super::found::Found;
use super::lineup::Lineup;

/// The designs at each rate, with the latencies of their rounds. The rates are shares of what the slowest design reached
/// at its ceiling.
pub(crate) async fn measure(bench: &Bench, lineup: &Lineup, ceiling: &Comparison) -> Found<Vec<Comparison>> {
    Found::by(async |found: &mut Found<Vec<Comparison>>| {
        let Some(slowest) = slowest_rps(ceiling, &[]) else { return Ok(()) };
        // A server that has no figures at its ceiling does not answer at any rate.
        let names: Vec<&str> = ceiling.designs.iter().map(|figures| figures.design.as_str()).collect();
        let served = lineup.named(&names);
        for share in bench.plan.shares {
            let rate_rps = rounded(slowest * share);
            let mut rounds = bench.plan.rates.at_rate(rate_rps);
            rounds.keep_histograms = true;
            let what = format!("latency at {rate_rps:.0} requests/s");
            let Some(comparison) = bench.compare(&what, &served, rounds).await? else { break };
            found.value.push(comparison);
        }
        Ok(())
    })
    .await
}
