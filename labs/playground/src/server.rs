//! One lab's server inside this program: the lab's own routes and scheme on a port of its own, with a gate before its
//! store.

use std::net::SocketAddr;
use std::sync::Arc;

use harness::Failure;
use harness::client::Request;
use harness::design::Design;
use kit::watch::{Gate, NoRecords, Records, Watching};
use kit::{Clock, Config, Origins, Redis, Store};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::tabs;
use super::wire::{self, Exchange};

/// A running server. It ends when this is dropped.
pub(super) struct Server {
    pub(super) gate: Arc<Gate>,
    pub(super) records: Box<dyn Records>,
    address: SocketAddr,
    host: String,
    /// The URL of the page for the visitor's own tabs on this server, if the design has a client for browsers.
    tabs: Option<String>,
    _running: oneshot::Sender<()>,
}

impl Server {
    /// Starts a design's server on a free loopback port, with this clock. The server reaches its store through `over`,
    /// a line that can be cut; the contents of the store are read directly from `store`.
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
        // Cookies ignore ports, and a browser may use several rooms, so the tabs of each server get a host name of
        // their own.
        let name = format!("{design}-{}", address.port());
        let origins = Origins::new(&[], address, &name);
        let (mut router, records) = match design.watched {
            Some(watched) => {
                let beside = beside(store, &config).await?;
                let (clock, gate) = (clock.clone(), Arc::clone(&gate));
                let made = watched(Watching { config: config.clone(), clock, origins, gate, beside }).await?;
                (made.router, made.records)
            }
            // The design has no store, so there is nothing to watch.
            None => {
                let records: Box<dyn Records> = Box::new(NoRecords);
                (design.router(&config, clock, origins).await?, records)
            }
        };
        if let Some(client) = design.browser_client {
            router = router.merge(tabs::router(client));
        }
        let (running, dropped) = oneshot::channel::<()>();
        let limits = config.limits;
        tokio::spawn(kit::serve(listener, router, limits, async {
            // An error means that the sender was dropped, and that is what this waits for.
            let _gone = dropped.await;
        }));
        let host = format!("{design}.localhost:{}", address.port());
        let tabs = design
            .browser_client
            .map(|_| format!("http://{name}.localhost:{}{}", address.port(), tabs::PATH));
        Ok(Self { gate, records, address, host, tabs, _running: running })
    }

    /// The URL of the page for the visitor's own tabs.
    pub(super) fn tabs(&self) -> Option<&str> {
        self.tabs.as_deref()
    }

    /// Sends a request to the server over its socket, as any other client does.
    pub(super) async fn ask(&self, request: &Request) -> Result<Exchange, Failure> {
        wire::send(request, self.address, &self.host).await
    }
}

/// A direct connection to Redis, to read its contents even while the line is cut.
async fn beside(store: &Store, config: &Config) -> Result<Option<Redis>, Failure> {
    match store {
        Store::Redis(url) => Ok(Some(Redis::connect(url, config.redis).await?)),
        Store::Memory => Ok(None),
    }
}
