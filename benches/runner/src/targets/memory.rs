//! T10: whether a server's memory stays the same over many logins.
//!
//! A password hash takes 19 MiB for some milliseconds. A server whose allocator keeps each of them grows with every burst
//! of logins, until the operator restarts it.

use std::time::Duration;

use futures_util::future::try_join_all;
use harness::Failure;
use harness::client::Client;
use kit::design::Role;
use measure::figures::Median;
use measure::process;
use measure::targets::{Limit, Target};

use crate::context::{Bench, NO_REDIS};
use crate::entry::name_of;
use crate::lineup::Lineup;
use crate::plan::Effort;

/// Logins after which the server has everything that it needs.
const FIRST: usize = 20;
/// Clients that log in at the same time.
const CLIENTS: usize = 4;
/// The most MiB that the server may have grown by.
const MOST_MIB: f64 = 5.0;

pub(super) async fn measure(bench: &Bench, lineup: &Lineup, effort: Effort) -> Result<Target, Failure> {
    let name = name_of(Role::SignedAndRefreshed);
    let what = format!("MiB that a server grows by over {} logins: {name}", effort.log_ins);
    let target = |figure| {
        let how = format!(
            "resident memory of a server of its own after {FIRST} logins and after the others, {CLIENTS} at a time"
        );
        Target::new("T10", &what, Limit::AtMost(MOST_MIB), figure, how)
    };
    let Some(hybrid) = lineup.in_role(Role::SignedAndRefreshed) else {
        return Ok(target(Err(NO_REDIS.to_owned())));
    };
    bench.timeline.stage("logging in many times, to see whether the server grows");
    let server = hybrid.entry.start(&bench.store.as_config(), &[]).await?;
    let client = Client::of(&server)?;
    let account = client.sign_up().await?;
    let log_in = async |times: usize| {
        let each = (0..CLIENTS).map(async |client_number| {
            for _ in (client_number..times).step_by(CLIENTS) {
                client.log_in(&account).await?;
            }
            Ok::<(), Failure>(())
        });
        try_join_all(each).await
    };
    log_in(FIRST).await?;
    let before = process::resident_bytes(server.pid)?;
    log_in(effort.log_ins).await?;
    let after = process::resident_bytes(server.pid)?;
    bench.timeline.passed(duration(effort));
    let grown_mib = (after as f64 - before as f64) / f64::from(1 << 20);
    Ok(target(Ok(Median::exactly(grown_mib))))
}

/// The planned duration: a password hash takes about 20 ms.
pub(super) fn duration(effort: Effort) -> Duration {
    Duration::from_millis(20) * effort.log_ins as u32
}
