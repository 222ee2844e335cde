//! The state that every handler gets.

mod any_scheme;
mod audit;
mod body;
mod ending;
pub(crate) mod lift;
mod principal;

use std::ops::Deref;
use std::sync::{Arc, Weak};

use self::any_scheme::AnyScheme;
use crate::accounts::Accounts;
use crate::audit::AccountNames;
use crate::boxed::Boxed;
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
///
/// It is the same type for every scheme, so that the shared routes are compiled once, in this crate.
#[derive(Clone)]
pub struct App(Arc<Shared>);

impl Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl AsRef<App> for App {
    fn as_ref(&self) -> &App {
        self
    }
}

/// What the clones of an [`App`] share.
pub struct Shared {
    /// How credentials are issued, checked and ended.
    pub(crate) scheme: Box<dyn AnyScheme>,
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

/// The state of routes that only one scheme has: the server's state, and beside it the scheme by its own type.
#[derive(Clone)]
pub struct AppOf<S> {
    app: App,
    /// The scheme, which shares everything with the one in the server's state.
    pub scheme: S,
}

impl<S> Deref for AppOf<S> {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

impl<S> AsRef<App> for AppOf<S> {
    fn as_ref(&self) -> &App {
        &self.app
    }
}

impl App {
    /// Builds a server's state. `scheme` must have been built with the same clock and the same origins.
    ///
    /// # Errors
    /// [`StartError::Accounts`] when the accounts' database cannot be opened, and [`StartError::Endings`] when it cannot be
    /// read.
    pub async fn new(
        scheme: impl Scheme,
        config: &Config,
        clock: Clock,
        origins: Origins,
    ) -> Result<Self, StartError> {
        Self::over(Box::new(scheme), config, clock, origins).await
    }

    /// This state together with the scheme that it was built with, by its own type.
    pub fn with<S: Scheme>(&self, scheme: S) -> AppOf<S> {
        AppOf { app: self.clone(), scheme }
    }

    /// A reference that does not keep the server's state alive.
    pub(crate) fn downgrade(&self) -> Weak<Shared> {
        Arc::downgrade(&self.0)
    }

    pub(crate) fn from_shared(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// [`Self::new`] for a scheme of any type.
    fn over(
        scheme: Box<dyn AnyScheme>,
        config: &Config,
        clock: Clock,
        origins: Origins,
    ) -> Boxed<'_, Result<Self, StartError>> {
        Box::pin(Self::opened(scheme, config, clock, origins))
    }

    async fn opened(
        scheme: Box<dyn AnyScheme>,
        config: &Config,
        clock: Clock,
        origins: Origins,
    ) -> Result<Self, StartError> {
        let accounts =
            Accounts::open(&config.accounts, &config.limits).await.map_err(StartError::Accounts)?;
        let metrics = Metrics::new(config.metrics);
        if let Some(store) = scheme.marked() {
            marker::watch(store, accounts.clone(), config.store_loss, metrics.clone()).await;
        }
        // With a random key, devices are recognised only until the process ends.
        let keys = config.device_keys.clone().unwrap_or_else(Keyring::random);
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
