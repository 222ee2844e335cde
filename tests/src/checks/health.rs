//! The endpoints that tell a load balancer whether to send requests to this server.

use crate::prelude::{Call, Check, RULE, Stage, Verdict};

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "health.live",
        title: "/health/live responds with 200 without a credential",
        gains: "An orchestrator restarts healthy servers, or keeps failed ones, because it cannot tell them apart.",
        read: "contract: the flows",
        run: |stage| Box::pin(healthy(stage, "/health/live")),
        ..RULE
    },
    Check {
        id: "health.ready",
        title: "/health/ready responds with 200 while the server can handle requests",
        gains: "A load balancer sends users to a server that cannot reach its store.",
        read: "contract: the flows",
        run: |stage| Box::pin(healthy(stage, "/health/ready")),
        ..RULE
    },
];

async fn healthy(stage: &Stage, path: &str) -> Verdict {
    stage.send(Call::get(path)).await?.is(200)
}
