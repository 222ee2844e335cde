//! What every handler gets to see.

use std::ops::Deref;
use std::sync::{Arc, Weak};

use crate::accounts::Accounts;
use crate::audit::AccountNames;
use crate::client_address::Proxies;
use crate::clock::Clock;
use crate::config::{Config, ConfigError, Limits, LogInLimits};
use crate::csrf::Origins;
use crate::device::Devices;
use crate::endings::Endings;
use crate::keyring::Keyring;
use crate::marker;
use crate::metrics::Metrics;
use crate::scheme::Scheme;
use crate::throttle::Throttle;

/// A server's state: one scheme over the shared kit. Clones share everything, by one count: axum makes several for each
/// request, and every count that two cores write to costs a trip between them.
pub struct App<S>(Arc<Shared<S>>);

impl<S> Clone for App<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Deref for App<S> {
    type Target = Shared<S>;

    fn deref(&self) -> &Shared<S> {
        &self.0
    }
}

/// What the clones of an [`App`] share.
pub struct Shared<S> {
    /// How credentials are issued, checked and ended.
    pub scheme: S,
    /// Who may log in.
    pub accounts: Accounts,
    /// What time it is.
    pub clock: Clock,
    pub(crate) endings: Endings,
    pub(crate) throttle: Throttle,
    pub(crate) devices: Devices,
    pub(crate) account_names: AccountNames,
    pub(crate) origins: Origins,
    pub(crate) proxies: Proxies,
    pub(crate) log_in: LogInLimits,
    pub(crate) limits: Limits,
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
    /// The accounts' database opens and cannot be read.
    #[error("the accounts' database cannot be read: {0}")]
    Endings(#[source] crate::error::Error),
    /// Redis does not answer, or is none.
    #[error(transparent)]
    Redis(#[from] crate::redis::ConnectError),
    /// A scheme refuses its keys or settings.
    #[error("{0}")]
    Scheme(String),
}

impl<S> App<S> {
    /// What does not keep the server's state alive.
    pub(crate) fn downgrade(&self) -> Weak<Shared<S>> {
        Arc::downgrade(&self.0)
    }

    pub(crate) fn from_shared(shared: Arc<Shared<S>>) -> Self {
        Self(shared)
    }
}

impl<S: Scheme> App<S> {
    /// Puts a server's state together. `scheme` was made with the same clock and the same origins.
    pub async fn new(scheme: S, config: &Config, clock: Clock, origins: Origins) -> Result<Self, StartError> {
        let accounts =
            Accounts::open(&config.accounts, &config.limits).await.map_err(StartError::Accounts)?;
        let metrics = Metrics::new(config.metrics);
        if let Some(store) = scheme.marked() {
            marker::watch(store, accounts.clone(), config.store_loss, metrics.clone()).await;
        }
        // Without keys of its own or refresh keys to derive them from, a device is recognised until the process ends.
        let keys = config.device_keys.as_ref().or(config.refresh_keys.as_ref()).cloned();
        let keys = keys.unwrap_or_else(Keyring::random);
        let app = Self(Arc::new(Shared {
            scheme,
            accounts,
            endings: Endings::default(),
            throttle: Throttle::new(config.log_in, clock.clone()),
            devices: Devices::new(&keys),
            account_names: AccountNames::new(&keys),
            origins,
            proxies: Proxies::new(config.trusted_proxies.clone()),
            log_in: config.log_in,
            limits: config.limits,
            controls: config.lab_controls,
            metrics,
            clock,
        }));
        app.keep_ending().await.map_err(StartError::Endings)?;
        Ok(app)
    }
}
