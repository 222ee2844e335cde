//! The state that every handler gets.

mod audit;
mod body;
mod ending;
pub(crate) mod lift;
mod principal;

use std::ops::Deref;
use std::sync::{Arc, Weak};

use crate::accounts::Accounts;
use crate::audit::AccountNames;
use crate::client_address::Proxies;
use crate::clock::Clock;
use crate::config::{Config, Limits, LogInLimits};
use crate::csrf::Origins;
use crate::device::Devices;
use crate::endings::Endings;
use crate::keyring::Keyring;
use crate::marker;
use crate::metrics::Metrics;
use crate::scheme::Scheme;
use crate::start_error::StartError;
use crate::throttle::Throttle;

/// A server's state: one scheme over the shared kit. Clones share everything through one reference count: axum makes
/// several clones for each request, and each count that two cores write to moves between their caches.
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
    /// The accounts that may log in.
    pub accounts: Accounts,
    /// The server's source of time.
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

impl<S> App<S> {
    /// A reference that does not keep the server's state alive.
    pub(crate) fn downgrade(&self) -> Weak<Shared<S>> {
        Arc::downgrade(&self.0)
    }

    pub(crate) fn from_shared(shared: Arc<Shared<S>>) -> Self {
        Self(shared)
    }
}

impl<S: Scheme> App<S> {
    /// Builds a server's state. `scheme` must have been built with the same clock and the same origins.
    ///
    /// # Errors
    /// [`StartError::Accounts`] when the accounts' database cannot be opened, and [`StartError::Endings`] when it cannot be
    /// read.
    pub async fn new(scheme: S, config: &Config, clock: Clock, origins: Origins) -> Result<Self, StartError> {
        let accounts =
            Accounts::open(&config.accounts, &config.limits).await.map_err(StartError::Accounts)?;
        let metrics = Metrics::new(config.metrics);
        if let Some(store) = scheme.marked() {
            marker::watch(store, accounts.clone(), config.store_loss, metrics.clone()).await;
        }
        // With a random key, devices are recognised only until the process ends.
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
