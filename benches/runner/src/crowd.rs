//! Measures the designs with one connection, with a few, and with many.

use kit::design::Part;
use measure::figures::Comparison;

use super::context::Bench;
use super::entry::measured_in;
use super::found::Found;
use super::lineup::Lineup;

pub(crate) async fn measure(bench: &Bench, lineup: &Lineup) -> Found<Vec<Comparison>> {
    Found::by(async |found: &mut Found<Vec<Comparison>>| {
        let designs = lineup.named(&measured_in(Part::Crowd));
        for connections in bench.plan.connections {
            let what = format!("{connections} connections");
            let rounds = bench.plan.crowd.closed(*connections);
            let Some(comparison) = bench.compare(&what, &designs, rounds).await? else { break };
            found.value.push(comparison);
        }
        Ok(())
    })
    .await
}
