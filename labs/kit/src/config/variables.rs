//! The variables of an environment, read into types.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::{ConfigError, LogInLimits};
use crate::client_address::{TrustedProxy, TrustedProxyError};
use crate::keyring::Keyring;
use crate::list;
use crate::origin::Origin;
use crate::password::length;

/// A variable's value by its name.
type LookUp = dyn Fn(&'static str) -> Option<String> + Send + Sync;

/// The variables of an environment, with a reader for each kind of value. A setting that only one lab has is read by that
/// lab, from [`Config::variables`](super::Config::variables).
///
/// ```
/// use kit::config::Variables;
///
/// let variables = Variables::of(&[("AUTHLAB_REFRESH_WINDOW", "30")]);
/// assert_eq!(variables.seconds("AUTHLAB_REFRESH_WINDOW")?.map(|window| window.as_secs()), Some(30));
/// assert_eq!(variables.seconds("AUTHLAB_LEEWAY")?, None);
/// # Ok::<(), kit::config::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Variables(Arc<LookUp>);

impl Variables {
    /// The variables that `look_up` finds.
    pub fn new(look_up: impl Fn(&'static str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(look_up))
    }

    /// The variables of this process. One that is set and empty counts as not set.
    #[expect(clippy::disallowed_methods, reason = "this is the one reader of the environment")]
    pub fn of_this_process() -> Self {
        Self::new(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    /// These variables and no others.
    pub fn of(variables: &[(&str, &str)]) -> Self {
        let variables: BTreeMap<_, _> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self::new(move |name| variables.get(name).cloned())
    }

    /// The variable's value as it is.
    pub fn text(&self, name: &'static str) -> Option<String> {
        (self.0)(name)
    }

    /// Whether the variable has a value.
    pub fn has(&self, name: &'static str) -> bool {
        self.text(name).is_some()
    }

    /// The value, parsed into a `T`. `expected` tells what is accepted, for the error.
    ///
    /// # Errors
    /// The value does not parse.
    pub fn parsed<T: std::str::FromStr>(
        &self,
        name: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.text(name) else { return Ok(None) };
        match value.trim().parse() {
            Ok(parsed) => Ok(Some(parsed)),
            Err(_) => Err(ConfigError::Value { name, value, expected }),
        }
    }

    /// A time in whole seconds, of at most ten years.
    ///
    /// # Errors
    /// The value is not such a number.
    pub fn seconds(&self, name: &'static str) -> Result<Option<Duration>, ConfigError> {
        // This bound keeps every sum of a time and a lifetime from overflowing.
        const MAX: u64 = 10 * 366 * 24 * 60 * 60;
        match self.parsed::<u64>(name, "a number of seconds")? {
            Some(seconds) if seconds > MAX => {
                Err(ConfigError::Value { name, value: seconds.to_string(), expected: "at most ten years" })
            }
            seconds => Ok(seconds.map(Duration::from_secs)),
        }
    }

    /// A whole number from 1.
    ///
    /// # Errors
    /// The value is not such a number.
    pub fn count(&self, name: &'static str) -> Result<Option<u32>, ConfigError> {
        match self.parsed::<u32>(name, "a whole number from 1")? {
            Some(0) => Err(ConfigError::Value { name, value: "0".into(), expected: "a whole number from 1" }),
            count => Ok(count),
        }
    }

    pub(super) fn password_min(&self, name: &'static str) -> Result<Option<usize>, ConfigError> {
        const EXPECTED: &str = "a number of characters from 8 to 64";
        match self.parsed::<usize>(name, EXPECTED)? {
            Some(n) if !(length::MIN_CHARACTERS..=length::MAX_MIN_CHARACTERS).contains(&n) => {
                Err(ConfigError::Value { name, value: n.to_string(), expected: EXPECTED })
            }
            characters => Ok(characters),
        }
    }

    /// One of a few words. `expected` tells them, for the error.
    ///
    /// # Errors
    /// The value is none of the words.
    pub fn choice<T>(
        &self,
        name: &'static str,
        expected: &'static str,
        named: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.text(name) else { return Ok(None) };
        named(&value).map(Some).ok_or(ConfigError::Value { name, value, expected })
    }

    pub(super) fn proxies(&self, name: &'static str) -> Result<Vec<TrustedProxy>, ConfigError> {
        let Some(value) = self.text(name) else { return Ok(Vec::new()) };
        let proxies: Result<_, _> = list::entries(&value).map(str::parse).collect();
        proxies.or(Err(ConfigError::Value { name, value, expected: TrustedProxyError::EXPECTED }))
    }

    pub(super) fn log_in_limits(&self) -> Result<LogInLimits, ConfigError> {
        let d = LogInLimits::default();
        let count = |name, usual| self.count(name).map(|count| count.unwrap_or(usual));
        let window = self.seconds("AUTHLAB_FAILURES_WINDOW")?;
        Ok(LogInLimits {
            failures_per_account_and_address: count(
                "AUTHLAB_FAILURES_PER_ACCOUNT_AND_ADDRESS",
                d.failures_per_account_and_address,
            )?,
            failures_per_account: count("AUTHLAB_FAILURES_PER_ACCOUNT", d.failures_per_account)?,
            failures_per_address: count("AUTHLAB_FAILURES_PER_ADDRESS", d.failures_per_address)?,
            failures_per_device: count("AUTHLAB_FAILURES_PER_DEVICE", d.failures_per_device)?,
            failures_per_session: count("AUTHLAB_FAILURES_PER_SESSION", d.failures_per_session)?,
            sign_ups_per_address: count("AUTHLAB_SIGN_UPS_PER_ADDRESS", d.sign_ups_per_address)?,
            window_seconds: window.map_or(d.window_seconds, |window| window.as_secs()),
        })
    }

    pub(super) fn origins(&self, name: &'static str) -> Result<Vec<Origin>, ConfigError> {
        let Some(value) = self.text(name) else { return Ok(Vec::new()) };
        let origins: Result<_, _> = list::entries(&value).map(str::parse).collect();
        origins.map_err(|source| ConfigError::Origin { name, source })
    }

    /// A list of keys: `number=secret`, separated by commas or new lines.
    ///
    /// # Errors
    /// The keys cannot be used. The message does not repeat them.
    pub fn keys(&self, name: &'static str) -> Result<Option<Keyring>, ConfigError> {
        let Some(value) = self.text(name) else { return Ok(None) };
        value.parse().map(Some).map_err(|source| ConfigError::Keys { name, source })
    }

    /// A switch: `on` or `off`.
    ///
    /// # Errors
    /// The value is neither.
    pub fn switch(&self, name: &'static str) -> Result<Option<bool>, ConfigError> {
        self.choice(name, "`on` or `off`", |word| match word {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        })
    }

    /// The keys as [`keys`](Self::keys) reads them, or a JWK Set. The set's keys must be for signatures; other secrets are
    /// not, so their variables take no set.
    pub(super) fn signing_keys(&self, name: &'static str) -> Result<Option<Keyring>, ConfigError> {
        match self.text(name).filter(|value| value.trim_start().starts_with('{')) {
            Some(set) => {
                Keyring::from_jwk_set(&set).map(Some).map_err(|source| ConfigError::Keys { name, source })
            }
            None => self.keys(name),
        }
    }
}

impl Default for Variables {
    /// No variables.
    fn default() -> Self {
        Self::new(|_| None)
    }
}

impl fmt::Debug for Variables {
    /// No values: some are secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Variables")
    }
}
