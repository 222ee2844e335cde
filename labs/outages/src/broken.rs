//! Connections that break in the middle: reset, closed on one side, or cut in the middle of an answer.

use std::time::{Duration, Instant};

use harness::Failure;
use measure::proxy::Impairment;

use super::judge;
use super::row::{Outcome, Promise, Setup};
use super::stage::Stage;
use super::watch::Watch;

/// How long each kind of break lasts. It is short, because errors are expected where the break begins and ends.
const EACH: Duration = Duration::from_millis(500);
const RECOVERY: Duration = Duration::from_secs(5);

pub(crate) async fn row(setup: &Setup) -> Result<Outcome, Failure> {
    let stage = Stage::start(setup).await?;
    let watch = Watch::begin(&stage).await?;
    let mut promises = Vec::new();
    let breaks = [
        ("reset", Impairment::Reset),
        ("half-close", Impairment::HalfClose),
        ("cut after 40 bytes", Impairment::CutAfter { bytes: 40 }),
    ];
    for (name, impairment) in breaks {
        stage.proxy.set(impairment);
        tokio::time::sleep(EACH).await;
        stage.proxy.set(Impairment::None);
        let healed = Instant::now();
        let steady = watch.steady_since(healed, RECOVERY * 2).await;
        let must = format!("{name}: all users served again within 5 s");
        promises.push(Promise::within(&must, steady.then(|| healed.elapsed()), RECOVERY));
    }
    promises.extend(judge::harmless(&watch.end().await?));
    Ok(Outcome::Seen(promises))
}
