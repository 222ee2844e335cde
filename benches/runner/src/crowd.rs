//! Measures the designs with one connection, with a few, and with many.

use harness::Failure;
use kit::design::Part;
use measure::report::Report;

use super::context::Bench;
use super::entry::measured_in;
use super::lineup::Lineup;

pub(crate) async fn measure(bench: &Bench, lineup: &Lineup, report: &mut Report) -> Result<(), Failure> {
    let designs = lineup.named(&measured_in(Part::Crowd));
    for connections in bench.plan.connections {
        let what = format!("{connections} connections");
        let rounds = bench.plan.crowd.closed(*connections);
        let Some(comparison) = bench.compare(&what, &designs, rounds).await? else { break };
        report.concurrency.push(comparison);
    }
    Ok(())
}
