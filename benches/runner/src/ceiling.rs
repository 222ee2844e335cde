//! Measures the highest throughput of each server, and the cost of a request at that load.
//!
//! A server that does nothing takes its turn in the same rounds. Its throughput is the ceiling of the generator, and a
//! design whose throughput is near that ceiling is doubted.

use measure::doubt::Doubt;
use measure::figures::{Comparison, DesignFigures};
use measure::load::{Reach, Target};
use measure::process;
use measure::rounds::Design as Measured;

use super::context::Bench;
use super::found::Found;
use super::lineup::Lineup;
use super::plan::CONNECTIONS;
use crate::yardstick::{self, Yardstick};

const GENERATOR: &str = "do-nothing";

/// The figures at the ceiling.
#[derive(Default)]
pub(crate) struct Ceiling {
    /// The designs; `None` when Ctrl-C came before the first round was over.
    pub(crate) comparison: Option<Comparison>,
    /// The generator against a server that does nothing.
    pub(crate) generator: Option<DesignFigures>,
    /// The memory of each server of the line-up afterwards, in their order.
    pub(crate) resident_bytes: Vec<Option<u64>>,
}

pub(crate) async fn measure(bench: &Bench, lineup: &Lineup) -> Found<Ceiling> {
    Found::by(async |found: &mut Found<Ceiling>| {
        let nothing = yardstick::start(Yardstick::Nothing, None).await?;
        let mut designs = lineup.measured.clone();
        designs.extend(lineup.control());
        designs.push(Measured {
            name: GENERATOR.to_owned(),
            target: Target::get(&nothing.url, "/me", Reach::LoopbackOnly)?,
            pid: Some(nothing.pid),
            store_pid: None,
            store_counter: None,
        });
        let rounds = bench.plan.ceiling.closed(CONNECTIONS);
        let Some(mut comparison) = bench.compare("finding each server's limit", &designs, rounds).await?
        else {
            return Ok(());
        };
        let place = comparison.designs.iter().position(|figures| figures.design == GENERATOR);
        found.value.generator = place.map(|place| comparison.designs.remove(place));
        match &found.value.generator {
            Some(generator) => doubt_what_is_near(&mut comparison, generator.throughput_rps.median),
            None => {
                let why = "The server that does nothing did not answer.";
                found.skip("the ceiling of the load generator", why);
            }
        }
        comparison.unserved.retain(|unserved| unserved.design != GENERATOR);
        for measured in &lineup.measured {
            found.value.resident_bytes.push(measured.pid.map(process::resident_bytes).transpose()?);
        }
        found.value.comparison = Some(comparison);
        Ok(())
    })
    .await
}

fn doubt_what_is_near(comparison: &mut Comparison, generator_rps: f64) {
    for figures in &mut comparison.designs {
        figures.doubts.extend(Doubt::about_generator(figures.throughput_rps.median, generator_rps));
    }
}

/// The throughput of the slowest of these designs at its ceiling, in requests per second; `None` when none of them was
/// measured.
pub(crate) fn slowest_rps(ceiling: &Comparison, names: &[&str]) -> Option<f64> {
    let designs = &ceiling.designs;
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
