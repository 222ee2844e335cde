//! The state that every part of the measurement uses.

use harness::Failure;
use harness::store::Ready;
use measure::figures::Comparison;
use measure::rounds::{self, Design as Measured, Plan as Rounds};

use super::plan::Plan;
use super::stop::Stop;
use super::timeline::Timeline;

/// Why something was not measured that needs a Redis.
pub(crate) const NO_REDIS: &str = "It needs a Redis; `cargo lab doctor` says how to get one.";

/// The plan, the store, and what a part asks and tells while it measures.
pub(crate) struct Bench {
    pub(crate) plan: Plan,
    pub(crate) store: Ready,
    pub(crate) stop: Stop,
    pub(crate) timeline: Timeline,
}

impl Bench {
    /// Measures one comparison and shows its progress; `None` when Ctrl-C ended it before the first round.
    pub(crate) async fn compare(
        &self,
        what: &str,
        designs: &[Measured],
        rounds: Rounds,
    ) -> Result<Option<Comparison>, Failure> {
        if self.stop.is_told() || designs.is_empty() {
            return Ok(None);
        }
        self.timeline.stage(what);
        let each = rounds.load.duration();
        let warm_up = rounds.warm_up;
        let mut before = None;
        let comparison = rounds::compare_until(self.stop.told(), designs, &rounds, |now| {
            // Progress is reported before each step, so the step of the previous report is finished now.
            self.timeline.passed(before.take().unwrap_or_default());
            before = Some(if now.round == 0 { warm_up } else { each });
            let round = if now.round == 0 {
                "warm-up".into()
            } else {
                let most = if rounds.enough.is_some() { "at most " } else { "" };
                format!("round {} of {most}{}", now.round, rounds.rounds)
            };
            self.timeline.detail(&format!("{what}: {}, {round}", now.design));
        })
        .await?;
        Ok((comparison.rounds > 0).then_some(comparison))
    }
}
