//! A store that is away: killed, frozen, or behind a network that says nothing.

use std::time::{Duration, Instant};

use harness::Failure;
use measure::proxy::Impairment;

use super::judge::{self, Window};
use super::outage;
use super::row::{Outcome, Setup};
use super::stage::Stage;
use super::watch::Watch;

/// How long the story is followed after the cause is gone; longer than any promise.
const AFTERMATH: Duration = Duration::from_secs(15);

/// A process that dies: connections are reset, new ones refused, and what was on disk comes back.
pub(crate) async fn killed(setup: &Setup) -> Result<Outcome, Failure> {
    let mut stage = Stage::start(setup).await?;
    let watch = Watch::begin(&stage).await?;
    let began = Instant::now();
    stage.redis.kill().await?;
    stage.proxy.set(Impairment::Refuse);
    tokio::time::sleep(outage(setup)).await;
    let healed = stage.redis.restart().await?;
    stage.proxy.lead_to(stage.redis.address)?;
    stage.proxy.set(Impairment::None);
    told(watch, Window { began, healed }, Duration::from_secs(2)).await
}

/// A machine that hangs: connections stay open, and all that was sent in the meantime runs when it goes on.
pub(crate) async fn paused(setup: &Setup) -> Result<Outcome, Failure> {
    let stage = Stage::start(setup).await?;
    let watch = Watch::begin(&stage).await?;
    let began = Instant::now();
    stage.redis.pause().await?;
    tokio::time::sleep(outage(setup)).await;
    stage.redis.resume().await?;
    told(watch, Window { began, healed: Instant::now() }, Duration::from_secs(2)).await
}

/// A network that loses everything and says nothing: the old connections never come back, new ones do.
pub(crate) async fn black_holed(setup: &Setup) -> Result<Outcome, Failure> {
    let stage = Stage::start(setup).await?;
    let watch = Watch::begin(&stage).await?;
    let began = Instant::now();
    stage.proxy.set(Impairment::BlackHole);
    tokio::time::sleep(outage(setup)).await;
    stage.proxy.set(Impairment::None);
    told(watch, Window { began, healed: Instant::now() }, Duration::from_secs(5)).await
}

async fn told(watch: Watch, window: Window, recovery: Duration) -> Result<Outcome, Failure> {
    // Whether it recovered at all, the answers say.
    watch.steady_since(window.healed, AFTERMATH).await;
    Ok(Outcome::Seen(judge::outage(&watch.end().await?, window, recovery)))
}
