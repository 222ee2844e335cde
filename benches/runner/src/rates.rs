//! Measures latency at fixed arrival rates, which are the same for all designs.

use harness::Failure;
use measure::report::{Histogram, Report};

use super::ceiling::{rounded, slowest_rps};
use super::context::Bench;
use super::lineup::Lineup;

pub(crate) async fn measure(bench: &Bench, lineup: &Lineup, report: &mut Report) -> Result<(), Failure> {
    let Some(slowest) = slowest_rps(report, &[]) else { return Ok(()) };
    for share in bench.plan.shares {
        let rate_rps = rounded(slowest * share);
        let mut rounds = bench.plan.rates.at_rate(rate_rps);
        rounds.keep_histograms = true;
        let what = format!("latency at {rate_rps:.0} requests/s");
        let Some(mut comparison) = bench.compare(&what, &lineup.measured, rounds).await? else { break };
        report.histograms.extend(Histogram::taken_from(&mut comparison));
        report.rates.push(comparison);
    }
    Ok(())
}
