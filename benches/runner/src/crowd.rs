//! With one connection, with a few, and with a crowd.

use harness::Failure;
use measure::report::Report;

use super::Bench;
use super::lineup::Lineup;

pub(crate) const DESIGNS: [&str; 4] = ["none", "session-redis", "hybrid", "hybrid+denylist"];

pub(crate) async fn measure(bench: &Bench, lineup: &Lineup, report: &mut Report) -> Result<(), Failure> {
    let designs = lineup.named(&DESIGNS);
    for connections in bench.plan.connections {
        let what = format!("{connections} connections");
        let rounds = bench.plan.crowd.closed(*connections);
        let Some(comparison) = bench.compare(&what, &designs, rounds).await? else { break };
        report.concurrency.push(comparison);
    }
    Ok(())
}
