//! Measures the same designs with longer and longer round trips to Redis: a proxy delays each direction.

use std::net::SocketAddr;
use std::time::Duration;

use harness::client::Client;
use harness::server::Server;
use kit::Store;
use kit::design::Part;
use measure::figures::Comparison;
use measure::proxy::{Impairment, Proxy};
use measure::report::RoundTrip;
use measure::rounds::Design as Measured;

use super::ceiling::{rounded, slowest_rps};
use super::commands::Commands;
use super::context::Bench;
use super::entry::measured_in;
use super::found::Found;
use super::lineup::{Lineup, target};

/// The rate, as a share of the slowest design's limit. It is low because the proxy needs a core too.
const SHARE: f64 = 0.2;
const PINGS: usize = 51;
/// What the report calls this part when it is skipped.
const WHAT: &str = "the distance to Redis";

pub(crate) async fn measure(bench: &Bench, lineup: &Lineup, ceiling: &Comparison) -> Found<Vec<RoundTrip>> {
    Found::by(async |found: &mut Found<Vec<RoundTrip>>| {
        let Some(slowest) =
            slowest_rps(ceiling, &measured_in(Part::Distance)).filter(|_| !bench.stop.is_told())
        else {
            return Ok(());
        };
        let Some(url) = bench.store.url() else {
            found.skip(WHAT, "It needs a Redis, and there is none.");
            return Ok(());
        };
        let Some(redis) = on_this_machine(url) else {
            found.skip(WHAT, "The delaying proxy works only with a Redis on this machine.");
            return Ok(());
        };
        bench.timeline.stage("putting a proxy in front of Redis");
        let proxy = Proxy::start(redis).await?;
        let through = format!("redis://{}", proxy.address());
        let commands = Commands::of(&through).await?;
        let mut servers: Vec<Server> = Vec::new();
        let mut designs = Vec::new();
        for entry in measured_in(Part::Distance).iter().filter_map(|name| lineup.entered(name)) {
            let server = entry.entry.start(&Store::Redis(through.clone()), &[]).await?;
            let held = Client::of(&server)?.sign_up_and_log_in().await?;
            designs.push(Measured {
                name: entry.entry.variant.name.to_owned(),
                target: target(&server.url, &held)?,
                pid: Some(server.pid),
                store_pid: bench.store.pid(),
                store_counter: None,
            });
            servers.push(server);
        }
        let rate_rps = rounded(slowest * SHARE);
        for asked_ms in bench.plan.rtt_ms.iter().copied() {
            proxy.set(match asked_ms {
                0.0 => Impairment::None,
                ms => Impairment::delay(Duration::from_secs_f64(ms / 2e3)),
            });
            let measured_ms = commands.round_trip(PINGS).await?.as_secs_f64() * 1e3;
            let what = format!("Redis {measured_ms:.2} ms away");
            let rounds = bench.plan.distance.at_rate(rate_rps);
            let Some(comparison) = bench.compare(&what, &designs, rounds).await? else { break };
            found.value.push(RoundTrip { asked_ms, measured_ms, comparison });
        }
        Ok(())
    })
    .await
}

/// The address of a Redis at a plain URL on this machine. The proxy can only be put in front of such a Redis.
fn on_this_machine(url: &str) -> Option<SocketAddr> {
    let place = url.strip_prefix("redis://")?.trim_end_matches('/');
    let address: SocketAddr = place.replace("localhost", "127.0.0.1").parse().ok()?;
    address.ip().is_loopback().then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proxy_is_put_before_a_redis_on_this_machine_and_before_no_other() {
        assert_eq!(on_this_machine("redis://127.0.0.1:6379/"), "127.0.0.1:6379".parse().ok());
        assert_eq!(on_this_machine("redis://localhost:6379"), "127.0.0.1:6379".parse().ok());
        for elsewhere in ["redis://10.0.0.1:6379", "redis://:secret@127.0.0.1:6379", "unix:///run/redis.sock"]
        {
            assert_eq!(on_this_machine(elsewhere), None, "{elsewhere}");
        }
    }
}
