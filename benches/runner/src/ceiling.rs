//! Measures the highest throughput of each server, and the cost of a request at that load.
//!
//! A server that does nothing takes its turn in the same rounds. Its throughput is the ceiling of the generator, and a
//! design whose throughput is near that ceiling is doubted.

use harness::Failure;
use measure::doubt::Doubt;
use measure::figures::Comparison;
use measure::load::{Reach, Target};
use measure::process;
use measure::report::Report;
use measure::rounds::Design as Measured;

use super::context::Bench;
use super::lineup::Lineup;
use super::plan::CONNECTIONS;
use crate::yardstick::{self, Yardstick};

const GENERATOR: &str = "do-nothing";

pub(crate) async fn measure(bench: &Bench, lineup: &Lineup, report: &mut Report) -> Result<(), Failure> {
    let nothing = yardstick::start(Yardstick::Nothing, None).await?;
    let mut designs = lineup.measured.clone();
    designs.push(Measured {
        name: GENERATOR.to_owned(),
        target: Target::get(&nothing.url, "/me", Reach::LoopbackOnly)?,
        pid: Some(nothing.pid),
        store_pid: None,
        store_counter: None,
    });
    let rounds = bench.plan.ceiling.closed(CONNECTIONS);
    let Some(mut comparison) = bench.compare("finding each server's limit", &designs, rounds).await? else {
        return Ok(());
    };
    report.generator_ceiling = comparison.designs.pop();
    if let Some(generator) = &report.generator_ceiling {
        doubt_what_is_near(&mut comparison, generator.throughput_rps.median);
    }
    for (subject, measured) in report.subjects.iter_mut().zip(&lineup.measured) {
        subject.resident_bytes = measured.pid.map(process::resident_bytes).transpose()?;
    }
    report.ceiling = Some(comparison);
    Ok(())
}

fn doubt_what_is_near(comparison: &mut Comparison, generator_rps: f64) {
    for figures in &mut comparison.designs {
        figures.doubts.extend(Doubt::about_generator(figures.throughput_rps.median, generator_rps));
    }
}

/// The throughput of the slowest of these designs, in requests per second; `None` before it was measured.
pub(crate) fn slowest_rps(report: &Report, names: &[&str]) -> Option<f64> {
    let designs = &report.ceiling.as_ref()?.designs;
    let asked = designs.iter().filter(|figures| names.is_empty() || names.contains(&figures.design.as_str()));
    asked.map(|figures| figures.throughput_rps.median).reduce(f64::min).filter(|rps| *rps > 0.0)
}

/// The rate rounded down to two significant digits, so that two runs on one machine are likely to use the same rate.
pub(crate) fn rounded(rate_rps: f64) -> f64 {
    let unit = 10_f64.powf(rate_rps.max(10.0).log10().floor() - 1.0);
    ((rate_rps / unit).floor() * unit).max(10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_round_figure_that_is_not_above_what_was_asked() {
        assert_eq!(
            [rounded(48_765.0), rounded(990.0), rounded(123.4), rounded(3.0)],
            [48_000.0, 990.0, 120.0, 10.0]
        );
    }
}
