//! Measures looking up a session: `cargo bench -p measure --bench session_lookup`.
//!
//! It measures lookups in memory, in Redis one after another, and in Redis 64 at a time, as on a busy server. The last
//! two differ by almost an order of magnitude, because concurrent lookups share round trips: never multiply the
//! sequential figure. Redis is reached over TCP on loopback, and over a Unix socket, which only a Redis on the same
//! machine can offer. Every iteration looks up another user's session.

use std::error::Error;
use std::hint::black_box;

use criterion::{Criterion, Throughput};
use futures_util::future::join_all;
use kit::Redis;
use kit::config::RedisTimes;
use lab2_session::suite::{Bench, somebody};
use tokio::runtime::Runtime;
use tower_sessions::session::Id;

const SESSIONS: usize = 1_024;
const TOGETHER: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::new()?;
    let mut criterion = Criterion::default().configure_from_args();
    let memory = Bench::memory();
    let ids = runtime.block_on(log_in(&memory));
    sequential(&mut criterion, &runtime, "memory", &memory, &ids);
    let found = runtime.block_on(kit::testing::private_redis());
    if let Some(found) = &found {
        let ways = [("redis_tcp", Some(&found.url)), ("redis_unix_socket", found.socket_url.as_ref())];
        for (name, url) in ways.into_iter().filter_map(|(name, url)| Some((name, url?))) {
            let redis = runtime.block_on(Redis::connect(url, RedisTimes::default()))?;
            let redis = Bench::redis(&redis);
            let ids = runtime.block_on(log_in(&redis));
            sequential(&mut criterion, &runtime, name, &redis, &ids);
            together(&mut criterion, &runtime, name, &redis, &ids);
        }
    }
    criterion.final_summary();
    Ok(())
}

/// Creates sessions of as many users and returns their ids.
async fn log_in<S: lab2_session::store::Store>(bench: &Bench<S>) -> Vec<Id> {
    let mut ids = Vec::with_capacity(SESSIONS);
    for _ in 0..SESSIONS {
        ids.push(bench.log_in(&somebody(0)).await.id);
    }
    ids
}

fn sequential<S: lab2_session::store::Store>(
    criterion: &mut Criterion,
    runtime: &Runtime,
    name: &str,
    bench: &Bench<S>,
    ids: &[Id],
) {
    let mut turn = ids.iter().cycle();
    criterion.bench_function(&format!("session_lookup/{name}/1"), |bencher| {
        bencher.to_async(runtime).iter(|| {
            let id = turn.next();
            async move {
                match id {
                    Some(id) => bench.store.load(black_box(id)).await.is_ok_and(|found| found.is_some()),
                    None => false,
                }
            }
        });
    });
}

fn together<S: lab2_session::store::Store>(
    criterion: &mut Criterion,
    runtime: &Runtime,
    name: &str,
    bench: &Bench<S>,
    ids: &[Id],
) {
    let mut turn = ids.chunks(TOGETHER).cycle();
    let mut group = criterion.benchmark_group(format!("session_lookup/{name}"));
    // The printed rate is that of single lookups; the printed time is that of all 64.
    group.throughput(Throughput::Elements(TOGETHER as u64));
    group.bench_function(TOGETHER.to_string(), |bencher| {
        bencher.to_async(runtime).iter(|| {
            let chunk = turn.next().unwrap_or_default();
            join_all(chunk.iter().map(|id| bench.store.load(black_box(id))))
        });
    });
    group.finish();
}
