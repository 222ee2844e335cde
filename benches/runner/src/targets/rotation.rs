//! T4: compares an exchange of a refresh token with a bare handler that runs a script which does nothing.

use harness::Failure;
use kit::design::Role;
use measure::figures::Median;
use measure::targets::{Limit, Target};

use crate::context::{Bench, NO_REDIS};
use crate::exchange::{CLIENTS, Exchange, Round};
use crate::lineup::Lineup;
use crate::plan::Effort;
use crate::refresh::rotating;
use crate::yardstick::{self, Yardstick};

const TRIPS: &str = "round trips to Redis an exchange";
const CPU: &str = "server CPU of an exchange: hybrid / bare no-op script";

pub(super) async fn measure(bench: &Bench, lineup: &Lineup, effort: Effort) -> Result<Vec<Target>, Failure> {
    let (Some(hybrid), Some(commands), Some(url)) =
        (lineup.in_role(Role::SignedAndRefreshed), &lineup.commands, bench.store.url())
    else {
        return Ok(rows(&[], &[]));
    };
    bench.timeline.stage("exchanging refresh tokens, in turn with a script that does nothing");
    let (_server, mut ours) = rotating(bench, hybrid, CLIENTS).await?;
    let twin = yardstick::start(Yardstick::Script, Some(url)).await?;
    // The counterpart returns the token that it was sent, so its tokens are as long as ours.
    let mut bare = Exchange { url: twin.url.clone(), pid: twin.pid, holders: ours.holders.clone() };
    let (mut one, mut other) = (Vec::new(), Vec::new());
    let (duration, store) = (effort.exchange.round(), bench.store.pid());
    for round in 0..=effort.exchange.rounds() {
        let (of_ours, of_bare) =
            (ours.round(commands, store, duration).await?, bare.round(commands, store, duration).await?);
        // The first round is the warm-up.
        if round > 0 {
            one.push(of_ours);
            other.push(of_bare);
        }
        bench.timeline.passed(duration * 2);
    }
    Ok(rows(&one, &other))
}

fn rows(ours: &[Round], bare: &[Round]) -> Vec<Target> {
    let trips = Median::of(ours.iter().map(Round::trips)).ok_or_else(|| NO_REDIS.to_owned());
    let ratios = ours.iter().zip(bare).map(|(ours, bare)| ours.server_us() / bare.server_us());
    let cpu = Median::of(ratios).ok_or_else(|| NO_REDIS.to_owned());
    let how = format!(
        "{CLIENTS} clients, each exchanging one token after the other, every one rotating; {} rounds in turn",
        ours.len()
    );
    vec![
        Target::new("T4", TRIPS, Limit::Exactly(1.0), trips, &*how),
        Target::new("T4", CPU, Limit::AtMost(2.2), cpu, how),
    ]
}
