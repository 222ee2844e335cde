//! Finds the reasons to doubt the figures of one design.

use super::median::Median;
use super::round::RoundFigures;
use crate::doubt::Doubt;
use crate::load::Errors;

const LITTLES_LAW_OFF: f64 = 0.05;
const ACHIEVED_OF_ASKED: f64 = 0.99;
const GENERATOR_SHARE: f64 = 0.80;
const UNCERTAINTY: f64 = 0.05;
/// The share of the processors' time that other processes may use in a round.
pub(crate) const OTHERS_SHARE: f64 = 0.05;
const RECONNECTS: f64 = 0.01;

/// All doubts about the figures of one design. Shares are medians over its rounds.
pub(super) fn about(errors: &Errors, throughput_rps: Median, rounds: &[RoundFigures]) -> Vec<Doubt> {
    let median = |figure: fn(&RoundFigures) -> Option<f64>| {
        Median::of(rounds.iter().filter_map(figure)).map(|over_rounds| over_rounds.median)
    };
    let mut doubts = Vec::new();
    if errors.total() > 0 {
        doubts.push(Doubt::Errors { count: errors.total() });
    }
    let answered: u64 = rounds.iter().map(|round| round.answered).sum();
    let share = errors.reconnects as f64 / answered.max(1) as f64;
    if share > RECONNECTS {
        doubts.push(Doubt::Reconnects { share });
    }
    if let Some(off) = median(|round| round.littles_law_off).filter(|off| *off > LITTLES_LAW_OFF) {
        doubts.push(Doubt::LittlesLaw { off });
    }
    let achieved = median(|round| round.asked_rps.map(|asked| round.throughput_rps / asked));
    if let Some(achieved) = achieved.filter(|achieved| *achieved < ACHIEVED_OF_ASKED) {
        doubts.push(Doubt::BelowAskedRate { achieved });
    }
    if let Some(share) = median(|round| round.generator_share).filter(|share| *share > GENERATOR_SHARE) {
        doubts.push(Doubt::GeneratorBusy { share });
    }
    if let Some(share) = median(|round| round.others_share).filter(|share| *share > OTHERS_SHARE) {
        doubts.push(Doubt::Disturbed { share });
    }
    // The whole machine is faster in some rounds than in others. A ratio does not vary with it, and is what is compared.
    let ratios: Option<Vec<f64>> = rounds.iter().map(|round| round.ratio).collect();
    let uncertainty = ratios.and_then(Median::of).unwrap_or(throughput_rps).uncertainty();
    if uncertainty > UNCERTAINTY {
        doubts.push(Doubt::Uncertain { uncertainty });
    }
    doubts
}
