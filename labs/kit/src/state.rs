//! What every handler gets to see.

use crate::accounts::Accounts;
use crate::client_address::Proxies;
use crate::clock::Clock;
use crate::config::LogInLimits;
use crate::config::{Config, ConfigError};
use crate::csrf::Origins;
use crate::metrics::Metrics;
use crate::throttle::Throttle;

/// A server's state: one scheme over the shared kit. Clones share everything.
#[derive(Clone)]
pub struct App<S> {
    /// How credentials are issued, checked and ended.
    pub scheme: S,
    /// Who may log in.
    pub accounts: Accounts,
    /// What time it is.
    pub clock: Clock,
    pub(crate) throttle: Throttle,
    pub(crate) origins: Origins,
    pub(crate) proxies: Proxies,
    pub(crate) log_in: LogInLimits,
    pub(crate) controls: bool,
    pub(crate) metrics: Metrics,
}

/// Why a server could not be put together. Each message says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting makes no sense.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The accounts' database does not open.
    #[error("the accounts' database cannot be opened: {0}; name a file that can be written, or `memory`")]
    Accounts(#[source] sqlx::Error),
    /// Redis does not answer, or is none.
    #[error(transparent)]
    Redis(#[from] crate::redis::ConnectError),
    /// A scheme refuses its keys or settings.
    #[error("{0}")]
    Scheme(String),
}

impl<S> App<S> {
    /// Puts a server's state together. `scheme` was made with the same clock and the same origins.
    pub async fn new(scheme: S, config: &Config, clock: Clock, origins: Origins) -> Result<Self, StartError> {
        Ok(Self {
            scheme,
            accounts: Accounts::open(&config.accounts, &config.limits).await.map_err(StartError::Accounts)?,
            throttle: Throttle::new(config.log_in, clock.clone()),
            origins,
            proxies: Proxies::new(config.trusted_proxies.clone()),
            log_in: config.log_in,
            controls: config.lab_controls,
            metrics: Metrics::new(config.metrics),
            clock,
        })
    }
}
