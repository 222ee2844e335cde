//! The endpoints that tell a load balancer whether to send requests to this server.

use crate::{
    check::{Check, RULE, Verdict},
    client::Call,
    stage::Stage,
};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "health.live",
        title: "/health/live answers 200 without a credential",
        gains: "An orchestrator that cannot ask restarts healthy servers, or keeps dead ones.",
        read: "contract: the five flows",
        run: |stage| Box::pin(healthy(stage, "/health/live")),
        ..RULE
    },
    Check {
        id: "health.ready",
        title: "/health/ready answers 200 while the server can serve",
        gains: "A balancer that cannot ask sends people to a server whose store is gone.",
        read: "contract: the five flows",
        run: |stage| Box::pin(healthy(stage, "/health/ready")),
        ..RULE
    },
];

async fn healthy(stage: &Stage, path: &str) -> Verdict {
    stage.send(Call::get(path)).await?.is(200)?;
    Ok(())
}
