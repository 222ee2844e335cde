//! Measures the cost of tower-sessions around a store: `cargo bench -p measure --bench tower_sessions`.
//!
//! `session` is its `Session` alone, as the session lab uses it: one lookup, and the user read from the record. `layer`
//! is the whole library, as its documentation mounts it: the layer reads the cookie, puts a `Session` into the request,
//! and afterwards checks whether the session must be saved. `route` is the same route without either. No socket is used:
//! a request goes directly into the router. Every iteration uses another user's session.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use axum::extract::Extension;
use axum::routing::get;
use axum::{Json, Router};
use criterion::Criterion;
use http::header::COOKIE;
use http::{Request, StatusCode};
use kit::Redis;
use kit::config::RedisTimes;
use lab2_session::holder::{HOLDER, Holder};
use lab2_session::store::Store;
use lab2_session::suite::{Bench, somebody};
use tokio::runtime::Runtime;
use tower::ServiceExt;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{self, SessionStore};
use tower_sessions::{Session, SessionManagerLayer};
use uuid::Uuid;

const SESSIONS: usize = 1_024;
/// The library's default name for its cookie.
const NAME: &str = "id";

/// A store that can be cloned, as the layer requires.
#[derive(Debug)]
struct Shared<S>(Arc<S>);

impl<S> Clone for Shared<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[async_trait]
impl<S: Store> SessionStore for Shared<S> {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        self.0.create(record).await
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        self.0.save(record).await
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        self.0.load(id).await
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        self.0.delete(id).await
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = Runtime::new()?;
    let mut criterion = Criterion::default().configure_from_args();
    let open = Router::new().route("/me", get(async || Json(Uuid::nil())));
    routed(&mut criterion, &runtime, "route", &open, &[Id::default()])?;
    measure(&mut criterion, &runtime, "memory", &Bench::memory())?;
    let found = runtime.block_on(kit::testing::private_redis());
    if let Some(found) = &found {
        let redis = runtime.block_on(Redis::connect(&found.url, RedisTimes::default()))?;
        measure(&mut criterion, &runtime, "redis_tcp", &Bench::redis(&redis))?;
    }
    criterion.final_summary();
    Ok(())
}

fn measure<S: Store>(
    criterion: &mut Criterion,
    runtime: &Runtime,
    name: &str,
    bench: &Bench<S>,
) -> Result<(), Box<dyn Error>> {
    let mut ids = Vec::with_capacity(SESSIONS);
    for _ in 0..SESSIONS {
        ids.push(runtime.block_on(bench.log_in(&somebody(0))).id);
    }
    let mut turn = ids.iter().copied().cycle();
    criterion.bench_function(&format!("tower_sessions/session/{name}"), |bencher| {
        bencher.to_async(runtime).iter(|| {
            let session = Session::new(turn.next(), Arc::clone(&bench.store), None);
            async move { session.get::<Holder>(black_box(HOLDER)).await.is_ok_and(|holder| holder.is_some()) }
        });
    });
    let layer = SessionManagerLayer::new(Shared(Arc::clone(&bench.store)));
    let guarded = Router::new().route("/me", get(me)).layer(layer);
    routed(criterion, runtime, &format!("layer/{name}"), &guarded, &ids)
}

async fn me(Extension(session): Extension<Session>) -> Result<Json<Uuid>, StatusCode> {
    let holder = session.get::<Holder>(HOLDER).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(Json(holder.ok_or(StatusCode::UNAUTHORIZED)?.user_id))
}

fn routed(
    criterion: &mut Criterion,
    runtime: &Runtime,
    name: &str,
    router: &Router,
    ids: &[Id],
) -> Result<(), Box<dyn Error>> {
    let ask = |id: Id| {
        let request = Request::get("/me").header(COOKIE, format!("{NAME}={id}")).body(Body::empty());
        let router = router.clone();
        async move { Ok::<_, http::Error>(router.oneshot(request?).await.map(|answer| answer.status())) }
    };
    // Rejecting a session is fast and would give good figures, so make sure that every request succeeds.
    for id in ids {
        let status = runtime.block_on(ask(*id))?;
        if status != Ok(StatusCode::OK) {
            return Err(format!("{name}: {status:?}").into());
        }
    }
    let mut turn = ids.iter().copied().cycle();
    criterion.bench_function(&format!("tower_sessions/{name}"), |bencher| {
        bencher.to_async(runtime).iter(|| ask(turn.next().unwrap_or_default()));
    });
    Ok(())
}
