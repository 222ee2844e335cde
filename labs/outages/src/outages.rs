//! A store that cannot be reached: killed, frozen, or behind a network that drops all packets.

use std::time::{Duration, Instant};

use harness::Failure;
use measure::proxy::Impairment;

use super::judge::{self, Window};
use super::outage;
use super::row::{Outcome, Setup};
use super::stage::Stage;
use super::watch::Watch;

/// How long the answers are watched after the cause is removed; longer than any promise.
const AFTERMATH: Duration = Duration::from_secs(15);

/// The process dies: connections are reset, new ones are refused, and a restart restores the data from disk.
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

/// The machine hangs: connections stay open, and all commands sent in the meantime run when it continues.
pub(crate) async fn paused(setup: &Setup) -> Result<Outcome, Failure> {
    let stage = Stage::start(setup).await?;
    let watch = Watch::begin(&stage).await?;
    let began = Instant::now();
    stage.redis.pause().await?;
    tokio::time::sleep(outage(setup)).await;
    stage.redis.resume().await?;
    told(watch, Window { began, healed: Instant::now() }, Duration::from_secs(2)).await
}

/// The network drops all packets without an error: the old connections stay dead, new connections work.
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
    // The result is not needed: the answers themselves show whether the servers recovered.
    watch.steady_since(window.healed, AFTERMATH).await;
    Ok(Outcome::Seen(judge::outage(&watch.end().await?, window, recovery)))
}
