//! One lab's server inside this program: the lab's own routes and scheme on a port of its own, its store behind a gate.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use harness::Failure;
use harness::design::Design;
use kit::{Clock, Config, Origins, Redis, Store};
use lab2_session::Sessions;
use lab2_session::store::memory::MemoryStore;
use lab2_session::store::redis::RedisStore;
use lab4_hybrid::store as hybrid_store;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::contents::Contents;
use super::tabs;
use super::watched::{Gate, Watched};
use super::wire::{Call, Exchange};

/// A running server. It ends when this is dropped.
pub(super) struct Server {
    pub(super) gate: Arc<Gate>,
    pub(super) contents: Contents,
    address: SocketAddr,
    host: String,
    /// Where the visitor's own tabs find this server.
    tabs: String,
    _running: oneshot::Sender<()>,
}

/// What a server is put together from.
struct Parts<'a> {
    config: &'a Config,
    /// The store past the line.
    store: &'a Store,
    clock: Clock,
    origins: Origins,
    gate: Arc<Gate>,
}

impl Server {
    /// Starts a design on a free loopback port, with this clock. The server reaches its store `over` a line that may be
    /// cut; what the store holds is looked up past it.
    pub(super) async fn start(
        design: Design,
        over: &Store,
        store: &Store,
        clock: Clock,
    ) -> Result<Self, Failure> {
        let config = Config { store: over.clone(), ..Config::default() };
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        let gate = Arc::new(Gate::default());
        // Cookies ignore ports, and a browser may be in several rooms: each server's tabs have a name of their own.
        let name = format!("{design}-{}", address.port());
        let origins = Origins::new(&[], address, &name);
        let parts = Parts {
            config: &config,
            store,
            clock: clock.clone(),
            origins: origins.clone(),
            gate: Arc::clone(&gate),
        };
        let (router, contents) = match design {
            Design::Session => session(parts).await?,
            Design::Hybrid => {
                let (router, contents) = hybrid(parts).await?;
                (router.merge(tabs::router()), contents)
            }
            // These ask no store, so there is nothing to watch.
            Design::Access | Design::None => {
                (design.router(&config, clock, origins).await?, Contents::Nothing)
            }
        };
        let (running, dropped) = oneshot::channel::<()>();
        let limits = config.limits;
        tokio::spawn(kit::serve(listener, router, limits, async {
            // An error says that the other end is gone, which is what is waited for.
            let _gone = dropped.await;
        }));
        let host = format!("{design}.localhost:{}", address.port());
        let tabs = format!("http://{name}.localhost:{}{}", address.port(), tabs::PATH);
        Ok(Self { gate, contents, address, host, tabs, _running: running })
    }

    /// The address of the page for the visitor's own tabs. Only the hybrid has one.
    pub(super) fn tabs(&self) -> &str {
        &self.tabs
    }

    /// Sends a request to it, over its socket like anybody else's.
    pub(super) async fn ask(&self, call: &Call) -> Result<Exchange, Failure> {
        call.send(self.address, &self.host).await
    }
}

async fn session(parts: Parts<'_>) -> Result<(Router, Contents), Failure> {
    let Parts { config, store: past, clock, origins, gate } = parts;
    let limits = config.into();
    match &config.store {
        Store::Memory => {
            let store = Watched::new(Arc::new(MemoryStore::new(limits, clock.clone())), gate);
            let scheme = Sessions::new(store.clone(), limits, clock, origins);
            Ok((lab2_session::router_over(scheme, config).await?, Contents::SessionsInMemory(store)))
        }
        Store::Redis(url) => {
            let store = RedisStore::connect(url, config.redis, limits, clock.clone()).await?;
            let scheme = Sessions::new(Watched::new(Arc::new(store), gate), limits, clock, origins);
            let contents = Contents::SessionsInRedis(beside(past, config).await?);
            Ok((lab2_session::router_over(scheme, config).await?, contents))
        }
    }
}

async fn hybrid(parts: Parts<'_>) -> Result<(Router, Contents), Failure> {
    let Parts { config, store: past, clock, origins, gate } = parts;
    let policy = config.into();
    match &config.store {
        Store::Memory => {
            let store = Watched::new(Arc::new(hybrid_store::Memory::new(policy, clock.clone())), gate);
            let router = lab4_hybrid::router_over(store.clone(), config, clock, origins).await?;
            Ok((router, Contents::HybridInMemory(store)))
        }
        Store::Redis(url) => {
            let store = hybrid_store::Redis::connect(url, config.redis, policy, clock.clone()).await?;
            let store = Watched::new(Arc::new(store), gate);
            let contents = Contents::HybridInRedis(beside(past, config).await?);
            Ok((lab4_hybrid::router_over(store, config, clock, origins).await?, contents))
        }
    }
}

/// A connection past the line, to see what the store holds also while that is cut.
async fn beside(store: &Store, config: &Config) -> Result<Redis, Failure> {
    match store {
        Store::Redis(url) => Ok(Redis::connect(url, config.redis).await?),
        Store::Memory => Err(Failure::new("a store in memory has no connection")),
    }
}
