//! Measures what exchanging a refresh token costs its store: `cargo bench -p measure --bench rotation`.
//!
//! It measures the store alone, in memory and as a script in Redis: without HTTP, and without checking the token or
//! creating the next one, which happen between the timed parts. Every exchange rotates, so every iteration presents
//! another token.

use std::error::Error;
use std::time::{Duration, Instant};

use criterion::Criterion;
use kit::config::RedisTimes;
use kit::keyring::Keyring;
use kit::{Client, ClientKind, Clock};
use lab4_hybrid::chain::Keys;
use lab4_hybrid::store::memory::Memory;
use lab4_hybrid::store::redis::Redis;
use lab4_hybrid::store::{NewSession, Policy, Refresh, Store};
use lab4_hybrid::token::VerifiedToken;
use tokio::runtime::Runtime;
use uuid::Uuid;

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::new()?;
    let keys = Keys::derive(&Keyring::random())?;
    let policy = Policy { window: Duration::ZERO, ..Policy::default() };
    let mut criterion = Criterion::default().configure_from_args();
    rotate(&mut criterion, &runtime, "memory", &Memory::new(policy, Clock::system()), &keys)?;
    let found = runtime.block_on(kit::testing::private_redis());
    if let Some(found) = &found {
        let redis = Redis::connect(&found.url, RedisTimes::default(), policy, Clock::system());
        let redis = runtime.block_on(redis)?;
        rotate(&mut criterion, &runtime, "redis_tcp", &redis, &keys)?;
    }
    criterion.final_summary();
    Ok(())
}

fn rotate<S: Store>(
    criterion: &mut Criterion,
    runtime: &Runtime,
    name: &str,
    store: &S,
    keys: &Keys,
) -> Result<(), Box<dyn Error>> {
    let mut token = runtime.block_on(open(store, keys))?;
    criterion.bench_function(&format!("rotation/{name}"), |bencher| {
        bencher.iter_custom(|times| {
            let mut took = Duration::ZERO;
            for _ in 0..times {
                let began = Instant::now();
                let exchanged = runtime.block_on(store.refresh(&token, 0, None));
                took += began.elapsed();
                // Rejecting a token is fast and would give good figures, so make sure that every exchange succeeds.
                assert!(matches!(exchanged, Ok(Refresh::Rotated { .. })), "{exchanged:?}");
                match keys.verify(token.successor().expose()) {
                    Some(next) => token = next,
                    None => panic!("a successor is a token of ours"),
                }
            }
            took
        });
    });
    Ok(())
}

/// Opens a session and returns its first token.
async fn open<S: Store>(store: &S, keys: &Keys) -> Result<VerifiedToken, Box<dyn Error>> {
    let (user_id, client) = (Uuid::new_v4(), Client { kind: ClientKind::Mobile, ..Client::default() });
    let first = keys.first_token(user_id, client.kind)?;
    let session = NewSession {
        user_id,
        session_id: first.session_id,
        epoch: 0,
        digests: first.digests,
        client: &client,
    };
    store.issue(&session).await?;
    Ok(keys.verify(first.token.expose()).ok_or("a first token is a token of ours")?)
}
