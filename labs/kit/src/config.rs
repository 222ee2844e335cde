//! All settings, read in one place.
//!
//! [`Config`] is plain data with a default for each value except the secrets. [`Config::from_env`] is the only reader of
//! the environment in the project; the command line overrides the values it found.

mod bounds;
mod variables;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

pub use self::variables::Variables;
use crate::client_address::TrustedProxy;
use crate::keyring::{Keyring, KeyringError};
use crate::origin::{Origin, OriginError};
use crate::password::length;
use crate::store_url::without_secrets;

/// A server's settings.
///
/// ```
/// use std::time::Duration;
///
/// use kit::Config;
/// use kit::config::Variables;
///
/// // `Config::from_env` calls `read` with the environment of the process.
/// let config = Config::read(Variables::of(&[("AUTHLAB_ACCESS_TTL", "60")]))?;
/// assert_eq!(config.access_ttl, Duration::from_secs(60));
/// assert_eq!(config.idle_ttl, Config::default().idle_ttl);
///
/// let refused = Config::read(Variables::of(&[("AUTHLAB_ACCESS_TTL", "soon")])).unwrap_err();
/// assert!(refused.to_string().starts_with("AUTHLAB_ACCESS_TTL is `soon`"));
/// # Ok::<(), kit::config::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Config {
    /// The address to listen on. Port 0 takes a free port. `AUTHLAB_LISTEN`
    pub listen: SocketAddr,
    /// The origins whose pages may use this server (RFC 6454), such as `https://app.example`: its own, and others, which
    /// get CORS with credentials. If empty, the server accepts the loopback names of the address it is bound to and sends
    /// no CORS headers. Never derived from the `Host` header. `AUTHLAB_ORIGIN`, a list separated by commas or new lines
    pub origins: Vec<Origin>,
    /// The store of sessions and refresh tokens. `AUTHLAB_STORE` or `REDIS_URL`
    pub store: Store,
    /// The store of accounts. `AUTHLAB_ACCOUNTS`: `memory` or a path
    pub accounts: AccountsAt,
    /// Lifetime of an access token, never longer than its session; at most a day. `AUTHLAB_ACCESS_TTL`, seconds
    pub access_ttl: Duration,
    /// Absolute lifetime of a session, however often it is used; at most 400 days. `AUTHLAB_REFRESH_TTL`, seconds
    pub refresh_ttl: Duration,
    /// Lifetime of an unused session. `AUTHLAB_IDLE_TTL`, seconds
    pub idle_ttl: Duration,
    /// How many seconds of its last writes the store may lose in a crash before the server stops trusting it; see
    /// [`crate::marker`]. From 2 seconds to a day. `AUTHLAB_STORE_LOSS`, seconds
    pub store_loss: Duration,
    /// How far a token's `iat` and `nbf` may be in the future by this server's clock. `exp` has no leeway. At most five
    /// minutes. `AUTHLAB_LEEWAY`, seconds
    pub leeway: Duration,
    /// The `iss` claim of this server's access tokens. `AUTHLAB_ISSUER`
    pub issuer: String,
    /// The `aud` claim of this server's access tokens. `AUTHLAB_AUDIENCE`
    pub audience: String,
    /// The keys that sign access tokens. `None`: a random key that is lost at a restart. A list of `number=secret`, or a
    /// JWK Set. `AUTHLAB_ACCESS_KEYS`
    pub access_keys: Option<Keyring>,
    /// The secrets by which the server recognises a device that logged in before, and by which the audit log names an
    /// account without its e-mail address. `None`: a random key that is lost at a restart. `AUTHLAB_DEVICE_KEYS`
    pub device_keys: Option<Keyring>,
    /// Whether clients may move this server's clock with `/lab/clock`. Loopback only; off by default, and the environment
    /// cannot turn it on.
    pub lab_controls: bool,
    /// The proxies whose `X-Forwarded-For` the server believes. `AUTHLAB_TRUSTED_PROXIES`, addresses and CIDR ranges
    /// separated by commas or new lines
    pub trusted_proxies: Vec<TrustedProxy>,
    /// Limits on logins and sign-ups. `AUTHLAB_FAILURES_…`, `AUTHLAB_SIGN_UPS_PER_ADDRESS`
    pub log_in: LogInLimits,
    /// Limits on everything else.
    pub limits: Limits,
    /// Time limits and call limit for Redis.
    pub redis: RedisTimes,
    /// Whether the server serves `/metrics`. `AUTHLAB_METRICS`: `on` or `off`
    pub metrics: bool,
    /// The format of log lines. `AUTHLAB_LOG`: `text` or `json`
    pub log: LogFormat,
    /// The variables from which a lab reads the settings that only it has.
    pub variables: Variables,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Text for a person at a terminal.
    #[default]
    Text,
    /// One JSON object per line, for a program that collects logs.
    Json,
}

/// The store of sessions and refresh tokens.
#[derive(Clone, PartialEq, Eq)]
pub enum Store {
    /// In this process: lost when the process ends, and not shared with other processes.
    Memory,
    /// In Redis or Valkey, at a URL that the `redis` crate understands; or in a Redis Cluster, named by any of its nodes as
    /// `redis+cluster://host:port,host:port`.
    Redis(String),
}

/// The store of accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccountsAt {
    /// In this process: lost when the process ends.
    Memory,
    /// In a SQLite file, created if it does not exist. Servers on one machine may share it.
    File(PathBuf),
}

/// How many failed logins the server allows in a window before it stops checking passwords, and how many sign-ups it
/// accepts. A device that has logged in before and a live session have counts of their own, so that an attacker's failures
/// on an account do not lock out its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LogInLimits {
    /// Failures for one account from one address in a window.
    pub failures_per_account_and_address: u32,
    /// Failures for one account from all addresses in a window.
    pub failures_per_account: u32,
    /// Failures from one address for all accounts in a window.
    pub failures_per_address: u32,
    /// Failures from a device that has logged in to the account before, in a window.
    pub failures_per_device: u32,
    /// Wrong passwords from one session in a window, when it changes the password or deletes the account.
    pub failures_per_session: u32,
    /// Sign-ups from one address in a window, successful or not.
    pub sign_ups_per_address: u32,
    /// Length of the window, in seconds.
    pub window_seconds: u64,
}

/// Limits on a server's resources.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections open at once; further ones wait in the kernel's queue. `AUTHLAB_CONNECTIONS`
    pub connections: usize,
    /// Connections open at once from one address; the server closes further ones. An IPv6 /64 counts as one address. A
    /// trusted proxy may open all `connections`. `AUTHLAB_CONNECTIONS_PER_ADDRESS`
    pub connections_per_address: usize,
    /// Time for the client to send a request's headers, and as much again to send its body.
    pub read_timeout: Duration,
    /// Time for the client to read a response: the server cuts the connection of a client that has not read all of it by
    /// then.
    pub write_timeout: Duration,
    /// How long an idle connection stays open between two requests. It must be longer than the idle timeout of the proxies
    /// in front of the server; otherwise a proxy sends a request into a connection that the server is closing.
    /// `AUTHLAB_IDLE_TIMEOUT`, seconds
    pub idle_timeout: Duration,
    /// Size of a request's line and headers together, in bytes.
    pub header_bytes: usize,
    /// Size of a request's body, in bytes.
    pub body_bytes: usize,
    /// Passwords hashed at once; each uses 19 MiB of memory and a core. `AUTHLAB_HASHING`
    pub hashing: usize,
    /// Logins that may wait for a hashing slot; the server refuses further ones as `overloaded`.
    pub hashing_queue: usize,
    /// Sessions of one account; a further login ends the least recently used one. `AUTHLAB_SESSIONS_PER_USER`
    pub sessions_per_user: usize,
    /// The shortest new password, in characters. `AUTHLAB_PASSWORD_MIN`, from 8 to 64
    pub password_min: usize,
    /// How long a shutdown waits for running requests.
    pub drain: Duration,
}

/// Time limits for Redis, and how many calls may wait for it. While Redis does not answer, a route that needs it answers
/// 503 within `deadline` of its first call.
#[derive(Clone, Copy, Debug)]
pub struct RedisTimes {
    /// Time to open a connection.
    pub connect: Duration,
    /// Time for one answer on an open connection.
    pub response: Duration,
    /// Time for one answer in total, reconnecting included.
    pub deadline: Duration,
    /// Time after which the kernel gives up a connection whose peer does not acknowledge sent bytes.
    pub user_timeout: Duration,
    /// Calls running at once; further ones are refused, so that a slow Redis does not fill the memory.
    /// `AUTHLAB_REDIS_IN_FLIGHT`
    pub in_flight: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            origins: Vec::new(),
            store: Store::Memory,
            accounts: AccountsAt::Memory,
            access_ttl: Duration::from_secs(15 * 60),
            refresh_ttl: Duration::from_secs(30 * 24 * 60 * 60),
            idle_ttl: Duration::from_secs(14 * 24 * 60 * 60),
            store_loss: Duration::from_secs(10),
            leeway: Duration::from_secs(5),
            issuer: "https://authlab.example".into(),
            audience: "authlab-api".into(),
            access_keys: None,
            device_keys: None,
            lab_controls: false,
            trusted_proxies: Vec::new(),
            log_in: LogInLimits::default(),
            limits: Limits::default(),
            redis: RedisTimes::default(),
            metrics: false,
            log: LogFormat::default(),
            variables: Variables::default(),
        }
    }
}

impl Default for LogInLimits {
    fn default() -> Self {
        Self {
            failures_per_account_and_address: 10,
            failures_per_account: 100,
            failures_per_address: 100,
            failures_per_device: 10,
            failures_per_session: 10,
            sign_ups_per_address: 300,
            window_seconds: 15 * 60,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        Self {
            connections: 10_000,
            connections_per_address: share_of_one_address(10_000),
            read_timeout: Duration::from_secs(10),
            write_timeout: Duration::from_secs(10),
            // Longer than the 60 s of nginx, AWS's ALB and many other proxies.
            idle_timeout: Duration::from_secs(75),
            header_bytes: 16 * 1024,
            body_bytes: 16 * 1024,
            hashing: (cores / 2).max(1),
            hashing_queue: 64,
            sessions_per_user: 50,
            password_min: length::DEFAULT_MIN_CHARACTERS,
            drain: Duration::from_secs(10),
        }
    }
}

/// The default of [`Limits::connections_per_address`]: a tenth of all connections, so that an attacker needs ten addresses
/// to take them all, and enough for an office behind one address.
fn share_of_one_address(connections: usize) -> usize {
    (connections / 10).max(64).min(connections)
}

impl Default for RedisTimes {
    fn default() -> Self {
        Self {
            connect: Duration::from_millis(500),
            response: Duration::from_millis(500),
            deadline: Duration::from_millis(800),
            user_timeout: Duration::from_secs(2),
            in_flight: 4096,
        }
    }
}

/// A setting that cannot be used. The message names the variable and the values it accepts.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A value that does not parse.
    #[error("{name} is `{value}`, and should be {expected}")]
    Value {
        /// The variable's name.
        name: &'static str,
        /// The variable's value.
        value: String,
        /// The values that the variable accepts.
        expected: &'static str,
    },
    /// A list of keys that cannot be used. The message does not repeat the keys.
    #[error("{name} cannot be used: {source}")]
    Keys {
        /// The variable's name.
        name: &'static str,
        /// Why the keys cannot be used.
        source: KeyringError,
    },
    /// A list of origins with an entry that is not an origin. The message of the cause does not repeat a password.
    #[error("{name} cannot be used: {source}")]
    Origin {
        /// The variable's name.
        name: &'static str,
        /// Which entry is wrong, and why.
        source: OriginError,
    },
    /// A value that is out of bounds, or an invalid combination of settings.
    #[error("{0}")]
    Combination(&'static str),
}

impl Config {
    /// The settings from the process's environment; a variable that is unset or empty takes its default.
    ///
    /// # Errors
    /// A value that does not parse, keys or origins that cannot be used, and the failures of [`Config::checked`].
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(Variables::of_this_process())
    }

    /// The settings from these variables; a variable without a value takes its default.
    ///
    /// # Errors
    /// A value that does not parse, keys or origins that cannot be used, and the failures of [`Config::checked`].
    pub fn read(vars: Variables) -> Result<Self, ConfigError> {
        let d = Self::default();
        let connections = vars.count("AUTHLAB_CONNECTIONS")?.map_or(d.limits.connections, |n| n as usize);
        let config = Self {
            listen: vars
                .parsed("AUTHLAB_LISTEN", "an address and a port, as 127.0.0.1:8080")?
                .unwrap_or(d.listen),
            origins: vars.origins("AUTHLAB_ORIGIN")?,
            store: match vars.text("AUTHLAB_STORE") {
                Some(value) => value.parse().map_err(|StoreError| ConfigError::Value {
                    name: "AUTHLAB_STORE",
                    value: without_secrets(&value),
                    expected: StoreError::EXPECTED,
                })?,
                None => vars.text("REDIS_URL").map_or(d.store, Store::Redis),
            },
            accounts: vars.text("AUTHLAB_ACCOUNTS").map_or(d.accounts, AccountsAt::named),
            access_ttl: vars.seconds("AUTHLAB_ACCESS_TTL")?.unwrap_or(d.access_ttl),
            refresh_ttl: vars.seconds("AUTHLAB_REFRESH_TTL")?.unwrap_or(d.refresh_ttl),
            idle_ttl: vars.seconds("AUTHLAB_IDLE_TTL")?.unwrap_or(d.idle_ttl),
            store_loss: vars.seconds("AUTHLAB_STORE_LOSS")?.unwrap_or(d.store_loss),
            leeway: vars.seconds("AUTHLAB_LEEWAY")?.unwrap_or(d.leeway),
            issuer: vars.text("AUTHLAB_ISSUER").unwrap_or(d.issuer),
            audience: vars.text("AUTHLAB_AUDIENCE").unwrap_or(d.audience),
            access_keys: vars.signing_keys("AUTHLAB_ACCESS_KEYS")?,
            device_keys: vars.keys("AUTHLAB_DEVICE_KEYS")?,
            lab_controls: false,
            trusted_proxies: vars.proxies("AUTHLAB_TRUSTED_PROXIES")?,
            log_in: vars.log_in_limits()?,
            limits: Limits {
                connections,
                connections_per_address: vars
                    .count("AUTHLAB_CONNECTIONS_PER_ADDRESS")?
                    .map_or(share_of_one_address(connections), |n| n as usize),
                idle_timeout: vars.seconds("AUTHLAB_IDLE_TIMEOUT")?.unwrap_or(d.limits.idle_timeout),
                hashing: vars.count("AUTHLAB_HASHING")?.map_or(d.limits.hashing, |n| n as usize),
                sessions_per_user: vars
                    .count("AUTHLAB_SESSIONS_PER_USER")?
                    .map_or(d.limits.sessions_per_user, |n| n as usize),
                password_min: vars.password_min("AUTHLAB_PASSWORD_MIN")?.unwrap_or(d.limits.password_min),
                ..d.limits
            },
            redis: RedisTimes {
                in_flight: vars.count("AUTHLAB_REDIS_IN_FLIGHT")?.map_or(d.redis.in_flight, |n| n as usize),
                ..d.redis
            },
            metrics: vars.switch("AUTHLAB_METRICS")?.unwrap_or(d.metrics),
            log: vars.choice("AUTHLAB_LOG", "`text` or `json`", LogFormat::named)?.unwrap_or(d.log),
            variables: vars,
        };
        config.checked()
    }

    /// Refuses values and combinations that would break a design's promise.
    ///
    /// # Errors
    /// [`ConfigError::Combination`] when a value is out of bounds or two settings contradict each other.
    pub fn checked(self) -> Result<Self, ConfigError> {
        bounds::check(&self)?;
        if self.access_ttl.is_zero() || self.refresh_ttl.is_zero() || self.idle_ttl.is_zero() {
            return Err(ConfigError::Combination("a credential needs a lifetime of at least one second"));
        }
        if self.idle_ttl > self.refresh_ttl {
            return Err(ConfigError::Combination("the idle limit cannot be longer than the absolute limit"));
        }
        if !STORE_LOSS.contains(&self.store_loss) {
            return Err(ConfigError::Combination(
                "AUTHLAB_STORE_LOSS must be from 2 to 86400: the store may lose the writes of this many seconds unnoticed",
            ));
        }
        if self.log_in.window_seconds == 0 {
            return Err(ConfigError::Combination(
                "AUTHLAB_FAILURES_WINDOW must be at least 1: in a window of 0 seconds, no number of failures is limited",
            ));
        }
        if self.lab_controls && !self.listen.ip().is_loopback() {
            return Err(ConfigError::Combination(
                "lab controls move the clock for every client, so they need a loopback address to listen on",
            ));
        }
        Ok(self)
    }
}

impl AccountsAt {
    /// The store that a setting names: `memory`, or a path.
    pub fn named(name: impl Into<PathBuf>) -> Self {
        let name = name.into();
        if name.as_os_str() == "memory" { Self::Memory } else { Self::File(name) }
    }
}

impl LogFormat {
    /// The format that the environment asks for. Logging starts before the settings are read, so that it can report their
    /// errors: here an unknown word means text, and reading the settings refuses it afterwards.
    pub(crate) fn from_env() -> Self {
        Variables::of_this_process()
            .text("AUTHLAB_LOG")
            .and_then(|word| Self::named(&word))
            .unwrap_or_default()
    }

    fn named(word: &str) -> Option<Self> {
        match word {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// Below 2 s, each crash of a Redis with `appendfsync everysec` would raise an alarm; above a day, the server would trust
/// any backup.
const STORE_LOSS: std::ops::RangeInclusive<Duration> = Duration::from_secs(2)..=Duration::from_secs(86_400);

/// An invalid store name. The message says which names are valid.
#[derive(Debug, thiserror::Error)]
#[error("a store is {}", Self::EXPECTED)]
pub struct StoreError;

impl StoreError {
    /// The valid store names, for messages.
    pub const EXPECTED: &'static str = "`memory` or a URL such as redis://127.0.0.1:6379";
}

/// The beginning of a Redis Cluster's URL.
pub(crate) const CLUSTER_SCHEME: &str = "redis+cluster://";

impl Store {
    /// Whether the store is a Redis Cluster, where one command or script may touch the keys of one slot only.
    pub fn is_cluster(&self) -> bool {
        matches!(self, Self::Redis(url) if url.starts_with(CLUSTER_SCHEME))
    }
}

impl std::str::FromStr for Store {
    type Err = StoreError;

    fn from_str(name: &str) -> Result<Self, StoreError> {
        let redis = ["redis://", "redis+unix://", "unix://", "valkey://", CLUSTER_SCHEME];
        match name {
            "memory" => Ok(Self::Memory),
            url if redis.iter().any(|scheme| url.starts_with(scheme)) => Ok(Self::Redis(url.to_owned())),
            _ => Err(StoreError),
        }
    }
}

impl fmt::Display for Store {
    /// Writes the store without the password that its URL may contain.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("memory"),
            Self::Redis(url) => f.write_str(&without_secrets(url)),
        }
    }
}

impl fmt::Debug for Store {
    /// The same as `Display`, without the password, because settings get logged.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &'static str) -> Result<Config, ConfigError> {
        Config::read(Variables::of(&[(name, value)]))
    }

    #[test]
    fn an_empty_environment_gives_the_figures_that_the_course_teaches() {
        let config = Config::read(Variables::default()).unwrap();
        assert_eq!(config.access_ttl.as_secs(), 900);
        assert_eq!(config.refresh_ttl.as_secs(), 2_592_000);
        assert_eq!(config.idle_ttl.as_secs(), 1_209_600);
        assert_eq!(config.store, Store::Memory);
        assert!(!config.lab_controls);
    }

    #[test]
    fn a_value_that_does_not_parse_names_its_variable_and_what_it_takes() {
        assert_eq!(with("AUTHLAB_ACCESS_TTL", "60").unwrap().access_ttl.as_secs(), 60);
        let error = with("AUTHLAB_ACCESS_TTL", "soon").unwrap_err();
        assert_eq!(error.to_string(), "AUTHLAB_ACCESS_TTL is `soon`, and should be a number of seconds");
    }

    #[test]
    fn a_word_is_one_of_those_that_are_known() {
        assert!(with("AUTHLAB_METRICS", "on").unwrap().metrics);
        assert!(!with("AUTHLAB_METRICS", "off").unwrap().metrics);
        let error = with("AUTHLAB_METRICS", "yes").unwrap_err();
        assert_eq!(error.to_string(), "AUTHLAB_METRICS is `yes`, and should be `on` or `off`");
        assert_eq!(with("AUTHLAB_LOG", "json").unwrap().log, LogFormat::Json);
        assert_eq!(with("AUTHLAB_LOG", "text").unwrap().log, LogFormat::Text);
        assert!(with("AUTHLAB_LOG", "JSON").is_err());
    }

    #[test]
    fn each_limit_on_guesses_and_sign_ups_is_read_from_its_own_variable_and_none_may_be_zero() {
        let names = [
            "AUTHLAB_FAILURES_PER_ACCOUNT_AND_ADDRESS",
            "AUTHLAB_FAILURES_PER_ACCOUNT",
            "AUTHLAB_FAILURES_PER_ADDRESS",
            "AUTHLAB_FAILURES_PER_DEVICE",
            "AUTHLAB_FAILURES_PER_SESSION",
            "AUTHLAB_SIGN_UPS_PER_ADDRESS",
        ];
        let place = move |name: &str| names.iter().position(|known| *known == name);
        let variables = Variables::new(move |name| place(name).map(|place| (place + 1).to_string()));
        let config = Config::read(variables).unwrap();
        let expected = LogInLimits {
            failures_per_account_and_address: 1,
            failures_per_account: 2,
            failures_per_address: 3,
            failures_per_device: 4,
            failures_per_session: 5,
            sign_ups_per_address: 6,
            window_seconds: 900,
        };
        assert_eq!(config.log_in, expected);
        for name in names {
            assert!(with(name, "0").is_err(), "{name}");
        }
        assert!(with("AUTHLAB_FAILURES_WINDOW", "0").is_err());
        assert!(with("AUTHLAB_FAILURES_WINDOW", "1").is_ok());
    }

    #[test]
    fn an_idle_limit_beyond_the_absolute_limit_is_refused() {
        assert!(with("AUTHLAB_IDLE_TTL", "2592000").is_ok());
        assert!(with("AUTHLAB_IDLE_TTL", "2592001").is_err());
    }

    #[test]
    fn the_loss_that_a_store_is_forgiven_is_from_two_seconds_to_a_day() {
        for (seconds, is_taken) in [("1", false), ("2", true), ("86400", true), ("86401", false)] {
            assert_eq!(with("AUTHLAB_STORE_LOSS", seconds).is_ok(), is_taken, "{seconds}");
        }
    }

    #[test]
    fn a_store_shows_itself_without_its_password() {
        let store: Store = "redis://user:hunter2@db.example:6379/1".parse().unwrap();
        assert_eq!(store.to_string(), "redis://db.example:6379/1");
        assert_eq!(format!("{store:?}"), "Store(redis://db.example:6379/1)");
        let socket: Store = "redis+unix:///run/redis.sock?user=ann&pass=hunter2".parse().unwrap();
        assert_eq!(socket.to_string(), "redis+unix:///run/redis.sock");
        assert!("postgres://x".parse::<Store>().is_err());
    }

    #[test]
    fn a_cluster_is_a_store_and_shows_itself_without_its_password() {
        let store: Store = "redis+cluster://user:hunter2@a.example:7000,b.example:7001".parse().unwrap();
        assert!(store.is_cluster());
        assert_eq!(store.to_string(), "redis+cluster://a.example:7000,b.example:7001");
        assert!(!"redis://a.example:7000".parse::<Store>().unwrap().is_cluster());
    }

    #[test]
    fn a_store_that_cannot_be_used_is_named_without_its_password() {
        let error = with("AUTHLAB_STORE", "rediss://user:hunter2@db.example").unwrap_err();
        assert_eq!(
            error.to_string(),
            "AUTHLAB_STORE is `rediss://db.example`, and should be `memory` or a URL such as redis://127.0.0.1:6379"
        );
    }

    #[test]
    fn every_list_takes_commas_and_new_lines_alike() {
        const KEY: &str = "0123456789abcdef0123456789abcdef";
        for between in [",", "\n", "\r\n", ",\n", "\n\n"] {
            let list = |entries: [&str; 2]| format!("{}{between}{}{between}", entries[0], entries[1]);
            let with = |name, entries| Config::read(Variables::of(&[(name, &list(entries))]));
            let origins = ["https://app.example", "https://www.app.example"];
            let read = with("AUTHLAB_ORIGIN", origins).unwrap().origins;
            assert_eq!(read.iter().map(Origin::as_str).collect::<Vec<_>>(), origins, "{between:?}");
            let names = ["10.0.0.1", "fd00::/8"];
            let proxies = with("AUTHLAB_TRUSTED_PROXIES", names).unwrap().trusted_proxies;
            assert_eq!(proxies, names.map(|name| name.parse().unwrap()), "{between:?}");
            let (new, old) = (format!("2={KEY}"), format!("1={KEY}"));
            let keys = with("AUTHLAB_DEVICE_KEYS", [&new, &old]).unwrap().device_keys.unwrap();
            assert_eq!(keys.all().map(|key| key.id).collect::<Vec<_>>(), [2, 1], "{between:?}");
        }
        let error = with("AUTHLAB_TRUSTED_PROXIES", "10.0.0.1 ::1").unwrap_err();
        assert_eq!(
            error.to_string(),
            "AUTHLAB_TRUSTED_PROXIES is `10.0.0.1 ::1`, and should be addresses or ranges such as 10.0.0.0/8, separated by commas or new lines; a range of all addresses is refused"
        );
    }

    #[test]
    fn an_origin_is_read_as_browsers_spell_it_and_what_is_not_one_is_refused_by_name() {
        let origins = with("AUTHLAB_ORIGIN", "https://App.example:443/").unwrap().origins;
        assert_eq!(origins.iter().map(Origin::as_str).collect::<Vec<_>>(), ["https://app.example"]);
        let error = with("AUTHLAB_ORIGIN", "https://app.example,*").unwrap_err();
        assert_eq!(
            error.to_string(),
            "AUTHLAB_ORIGIN cannot be used: `*` is not an origin: it would let in every site; write scheme, host and port \
             alone, as https://app.example or https://app.example:8443"
        );
        for wrong in ["app.example", "null", "https://app.example/login", "file:///a", "https://*.example"] {
            assert!(with("AUTHLAB_ORIGIN", wrong).is_err(), "{wrong}");
        }
        let error = with("AUTHLAB_ORIGIN", "https://ann:hunter2@app.example").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }

    #[test]
    fn keys_that_cannot_be_used_are_not_repeated_in_the_message() {
        for secrets in ["1=hunter2hunter2 hunter2hunter2hunter2", "1=hunter2hunter2hunter2hunter2hunter22=x"]
        {
            let error = with("AUTHLAB_DEVICE_KEYS", secrets).unwrap_err();
            assert!(error.to_string().starts_with("AUTHLAB_DEVICE_KEYS cannot be used: the secret of key 1"));
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        let error = with("AUTHLAB_ACCESS_KEYS", "1=short").unwrap_err();
        assert!(!error.to_string().contains("short="), "{error}");
        assert!(error.to_string().starts_with("AUTHLAB_ACCESS_KEYS cannot be used"), "{error}");
    }

    #[test]
    fn access_keys_may_be_a_jwk_set_and_device_keys_may_not() {
        const SET: &str = r#"{"keys":[{"kty":"oct","kid":"1","k":"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY","use":"sig"}]}"#;
        let config = with("AUTHLAB_ACCESS_KEYS", SET).unwrap();
        assert_eq!(config.access_keys.unwrap().issuing().id, 1);
        assert!(with("AUTHLAB_DEVICE_KEYS", SET).is_err());
        let error = with("AUTHLAB_ACCESS_KEYS", r#" {"keys":[{"kty":"oct","use":"enc"}]}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "AUTHLAB_ACCESS_KEYS cannot be used: key 1 of the JWK Set cannot be used: its `use` is not `sig`"
        );
    }
}
