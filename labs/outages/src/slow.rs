//! A store that answers slowly. Latency may rise by the delay of the network, and requests that cannot be served in
//! time are refused.

use std::time::Duration;

use harness::Failure;
use measure::load::{self, ClosedLoop, Load};
use measure::proxy::Impairment;

use super::row::{Outcome, Promise, Setup};
use super::stage::Stage;
use super::watch::{Loaded, slice};

const RPS: f64 = 100.0;
const LENGTH: Duration = Duration::from_secs(1);
/// Enough connections that no request waits for one at the longest delay: otherwise the generator's own queue would be
/// measured.
const CONNECTIONS: usize = 64;
const DELAYS_MS: [u32; 3] = [5, 50, 200];
/// How much proxy and machine may add to a round trip, besides a tenth of it.
const SLACK: Duration = Duration::from_millis(5);

/// The limit of commands under way (`AUTHLAB_REDIS_IN_FLIGHT`) in the second row, and the number of callers.
const PLACES: &str = "16";
const CALLERS: usize = 64;

/// Latency rises by one round trip of the network and no more, so requests do not queue.
pub(crate) async fn rises(setup: &Setup) -> Result<Outcome, Failure> {
    let stage = Stage::start(setup).await?;
    let session = stage.on_session().await?.me_target()?;
    let hybrid = stage.on_hybrid("mobile").await?.me_target()?;
    let quiet = slice(&session, RPS, CONNECTIONS, LENGTH).await?;
    let mut promises = vec![good("undisturbed: session /me", &quiet)];
    for delay_ms in DELAYS_MS {
        let delay = Duration::from_millis(u64::from(delay_ms));
        stage.proxy.set(Impairment::delay(delay / 2));
        let (slow, stateless) =
            tokio::join!(slice(&session, RPS, CONNECTIONS, LENGTH), slice(&hybrid, RPS, CONNECTIONS, LENGTH));
        let (slow, stateless) = (slow?, stateless?);
        let rise_us = slow.latency.quantile_us(0.5) - quiet.latency.quantile_us(0.5);
        let rise = Duration::from_secs_f64(rise_us.max(0.0) / 1e6);
        let most = delay + delay / 10 + SLACK;
        promises.push(
            Promise::new(
                format!("+{delay_ms} ms: session /me slower by that much, at most {} ms", most.as_millis()),
                format!("p50 +{:.1} ms", rise.as_secs_f64() * 1e3),
                slow.errors.total() == 0 && slow.answered > 0 && rise >= delay - delay / 20 && rise <= most,
            )
            .of_a_ratio(),
        );
        promises.push(good(&format!("+{delay_ms} ms: stateless /me"), &stateless));
    }
    Ok(Outcome::Seen(promises))
}

/// There are more callers than places: the server refuses those above the limit at once, and the others do not wait for
/// them.
pub(crate) async fn sheds(setup: &Setup) -> Result<Outcome, Failure> {
    let stage = Stage::with(setup, &[("AUTHLAB_REDIS_IN_FLIGHT", PLACES)]).await?;
    let session = stage.on_session().await?.me_target()?;
    let delay = Duration::from_millis(200);
    stage.proxy.set(Impairment::delay(delay / 2));
    let run = load::run(&session, &Load::Closed(ClosedLoop::new(CALLERS, LENGTH))).await?;
    let shed = run.errors.unexpected_status.get(&503).copied().unwrap_or_default();
    let p99 = Duration::from_secs_f64(run.latency.quantile_us(0.99) / 1e6);
    // Each place is free again once its call is answered, one round trip later.
    let places: f64 = PLACES.parse()?;
    let most = places * (LENGTH.as_secs_f64() / delay.as_secs_f64() + 1.0);
    Ok(Outcome::Seen(vec![
        Promise::new(
            format!("{CALLERS} callers, {PLACES} places: no more calls at once than places"),
            format!("{} served in {} s, {most:.0} would be the most", run.answered, LENGTH.as_secs()),
            run.answered > 0 && run.answered as f64 <= most,
        ),
        Promise::new(
            "served callers wait one round trip",
            format!("p99 {:.0} ms", p99.as_secs_f64() * 1e3),
            p99 <= delay * 2,
        )
        .of_a_ratio(),
        Promise::new(
            "all others are refused with 503",
            format!("{shed} refused, {} other", run.errors.total() - shed),
            shed > 0 && run.errors.total() == shed,
        ),
    ]))
}

fn good(what: &str, load: &Loaded) -> Promise {
    let seen = format!(
        "{} good, {} bad, p50 {:.1} ms",
        load.answered,
        load.errors.total(),
        load.latency.quantile_us(0.5) / 1e3
    );
    Promise::new(format!("{what} is all good"), seen, load.answered > 0 && load.errors.total() == 0)
}
