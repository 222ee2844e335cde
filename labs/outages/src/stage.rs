//! The processes of a row: a Redis, the proxy in front of it, and the two servers that use it as their store.

use harness::Failure;
use harness::design::{HYBRID, SESSION};
use harness::server::Server;
use measure::proxy::Proxy;

use super::person::Person;
use super::redis_server::RedisServer;
use super::row::Setup;

/// All that a row may break. The processes end when this is dropped.
pub(crate) struct Stage {
    pub(crate) hybrid: Server,
    pub(crate) session: Server,
    pub(crate) proxy: Proxy,
    pub(crate) redis: RedisServer,
}

/// Every refresh rotates the token: in a fault, the strictest mode has the most to lose.
const STRICT: (&str, &str) = ("AUTHLAB_REFRESH_WINDOW", "0");

/// The hybrid server with its store in memory, for rows that do not involve Redis.
pub(crate) async fn hybrid_alone(settings: &[(&str, &str)]) -> Result<Server, Failure> {
    Server::start_with(HYBRID, &kit::Store::Memory, &["--accounts", "memory"], settings).await
}

impl Stage {
    pub(crate) async fn start(setup: &Setup) -> Result<Self, Failure> {
        Self::with(setup, &[]).await
    }

    /// Starts the processes; `settings` are additional environment variables of the servers.
    pub(crate) async fn with(setup: &Setup, settings: &[(&str, &str)]) -> Result<Self, Failure> {
        let redis = setup.source.start().await?;
        let proxy = Proxy::start(redis.address).await?;
        let store = kit::Store::Redis(format!("redis://{}", proxy.address()));
        let settings = [&[STRICT], settings].concat();
        let serve =
            async |design| Server::start_with(design, &store, &["--accounts", "memory"], &settings).await;
        let (hybrid, session) = (serve(HYBRID).await?, serve(SESSION).await?);
        Ok(Self { hybrid, session, proxy, redis })
    }

    pub(crate) async fn on_hybrid(&self, client: &'static str) -> Result<Person, Failure> {
        Person::sign_up(&self.hybrid.url, client).await
    }

    pub(crate) async fn on_session(&self) -> Result<Person, Failure> {
        Person::sign_up(&self.session.url, "web").await
    }
}
