//! Reads the command counters and the memory of a Redis, without the commands that this program sends itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use harness::Failure;
use harness::client::Client;
use kit::Redis;
use kit::config::RedisTimes;
use measure::load::{self, ClosedLoop, Load, Target};
use measure::report::StorePerRequest;
use measure::rounds::StoreCounter;

/// The number of requests over which the cost of one request is averaged.
const REQUESTS: u64 = 200;
const PATIENCE: Duration = Duration::from_secs(5);
/// The most keys whose memory is measured. A user's own Redis may contain millions, and measuring all would put it under
/// load.
const MOST_KEYS: u64 = 5_000;

/// The command counters of one Redis.
#[derive(Clone)]
pub(crate) struct Commands {
    redis: Redis,
    own: Arc<AtomicU64>,
}

impl Commands {
    pub(crate) async fn of(url: &str) -> Result<Self, Failure> {
        let redis = Redis::connect(url, RedisTimes::default()).await?;
        Ok(Self { redis, own: Arc::default() })
    }

    /// Counts the commands of a round. Clones share the count of the commands that this program sent.
    pub(crate) fn counter(&self) -> StoreCounter {
        let commands = self.clone();
        StoreCounter::new(move || {
            let commands = commands.clone();
            async move {
                let info = commands.info("stats").await?;
                let total = info.get("total_commands_processed").copied().unwrap_or_default();
                // An INFO does not count itself, only those before it.
                let own = commands.own.load(Ordering::Relaxed) - 1;
                Ok((total as u64).saturating_sub(own))
            }
        })
    }

    /// The Redis traffic of one request, on a server without load.
    pub(crate) async fn per_request(&self, target: &Target) -> Result<StorePerRequest, Failure> {
        let alone = ClosedLoop { max_requests: REQUESTS, ..ClosedLoop::new(1, PATIENCE) };
        let idle = self.info("stats").await?;
        let before = self.info("stats").await?;
        let run = load::run(target, &Load::Closed(alone)).await?;
        let after = self.info("stats").await?;
        let requests = run.requests().max(1) as f64;
        let of = |name: &str| added(name, [&idle, &before, &after]) / requests;
        Ok(StorePerRequest {
            commands: of("total_commands_processed"),
            bytes_in: of("total_net_input_bytes"),
            bytes_out: of("total_net_output_bytes"),
        })
    }

    /// Round trips to Redis and the commands that it ran, for each of some exchanges that one client makes, without other
    /// load. Each message of one client is read at once, so reads are counted for round trips.
    pub(crate) async fn per_exchange(
        &self,
        exchanges: usize,
        work: impl Future<Output = Result<(), Failure>>,
    ) -> Result<(f64, f64), Failure> {
        let idle = self.info("stats").await?;
        let before = self.info("stats").await?;
        work.await?;
        let after = self.info("stats").await?;
        let of = |name: &str| added(name, [&idle, &before, &after]) / exchanges.max(1) as f64;
        Ok((of("total_reads_processed"), of("total_commands_processed")))
    }

    /// Deletes the keys whose names begin like this.
    pub(crate) async fn delete(&self, prefix: &str) -> Result<(), Failure> {
        let (mut cursor, pattern) = (0_u64, format!("{prefix}*"));
        loop {
            let mut scan = redis::cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(1_000);
            let (next, keys): (u64, Vec<String>) = self.ask(&scan).await?;
            if !keys.is_empty() {
                let _deleted: u64 = self.ask(redis::cmd("UNLINK").arg(keys)).await?;
            }
            cursor = next;
            if cursor == 0 {
                return Ok(());
            }
        }
    }

    /// Memory that one more session of one user takes, averaged over some logins; `None` when there are too many keys to
    /// measure.
    pub(crate) async fn stored_per_session(
        &self,
        log_ins: usize,
        client: &Client<'_>,
    ) -> Result<Option<f64>, Failure> {
        let person = client.sign_up().await?;
        let Some(before) = self.weight().await? else { return Ok(None) };
        for _ in 0..log_ins {
            client.log_in(&person).await?;
        }
        let after = self.weight().await?;
        Ok(after.map(|after| after.saturating_sub(before) as f64 / log_ins as f64))
    }

    /// How often clients called scripts; each call is one round trip.
    pub(crate) async fn script_calls(&self) -> Result<f64, Failure> {
        let info: String = self.ask(redis::cmd("INFO").arg("commandstats")).await?;
        let calls = |name: &str| {
            let line = info.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.split(',').next()?.parse::<f64>().ok()).unwrap_or_default()
        };
        Ok(calls("cmdstat_evalsha:calls=") + calls("cmdstat_eval:calls="))
    }

    /// The round trip to Redis: the median of some `PING`s, one after the other.
    pub(crate) async fn round_trip(&self, pings: usize) -> Result<Duration, Failure> {
        let mut took = Vec::with_capacity(pings);
        for _ in 0..pings {
            let asked = std::time::Instant::now();
            let _pong: String = self.ask(&redis::cmd("PING")).await?;
            took.push(asked.elapsed());
        }
        took.sort_unstable();
        took.get(pings / 2)
            .copied()
            .ok_or_else(|| Failure::new("a round trip is measured with one PING at least"))
    }

    /// The memory of all keys together, in bytes; `None` when there are too many to measure.
    pub(crate) async fn weight(&self) -> Result<Option<u64>, Failure> {
        if self.ask::<u64>(&redis::cmd("DBSIZE")).await? > MOST_KEYS {
            return Ok(None);
        }
        let (mut cursor, mut sum) = (0_u64, 0);
        loop {
            let (next, keys): (u64, Vec<String>) =
                self.ask(redis::cmd("SCAN").arg(cursor).arg("COUNT").arg(500)).await?;
            let mut pipeline = redis::pipe();
            for key in &keys {
                pipeline.cmd("MEMORY").arg("USAGE").arg(key).arg("SAMPLES").arg(0);
            }
            if !keys.is_empty() {
                self.own.fetch_add(keys.len() as u64, Ordering::Relaxed);
                let weights: Vec<Option<u64>> = self.redis.pipeline(&pipeline).await?;
                sum += weights.into_iter().flatten().sum::<u64>();
            }
            cursor = next;
            if cursor == 0 {
                return Ok(Some(sum));
            }
        }
    }

    async fn info(&self, section: &str) -> redis::RedisResult<HashMap<String, f64>> {
        self.own.fetch_add(1, Ordering::Relaxed);
        let info: String = self.redis.query(redis::cmd("INFO").arg(section)).await?;
        let number = |line: &str| {
            let (name, value) = line.trim().split_once(':')?;
            Some((name.to_owned(), value.parse().ok()?))
        };
        Ok(info.lines().filter_map(number).collect())
    }

    async fn ask<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, Failure> {
        self.own.fetch_add(1, Ordering::Relaxed);
        Ok(self.redis.query(command).await?)
    }
}

/// What the work between the last two readings added to a counter. The difference between the first two is the cost of
/// one `INFO`.
fn added(name: &str, readings: [&HashMap<String, f64>; 3]) -> f64 {
    let [idle, before, after] = readings.map(|info| info.get(name).copied().unwrap_or_default());
    ((after - before) - (before - idle)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_read_without_the_cost_of_reading_it() {
        let info = |count: f64| HashMap::from([("commands".to_owned(), count)]);
        let readings = [info(10.0), info(12.0), info(54.0)];
        assert_eq!(added("commands", [&readings[0], &readings[1], &readings[2]]), 40.0);
        assert_eq!(added("commands", [&readings[0], &readings[1], &readings[1]]), 0.0);
        assert_eq!(added("reads", [&readings[0], &readings[1], &readings[2]]), 0.0);
    }
}
