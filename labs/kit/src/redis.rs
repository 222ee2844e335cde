//! One connection to Redis, set up so that an outage is short and loud.
//!
//! The client's defaults leave `TCP_NODELAY` off and give up on a dead link only when the kernel does. Here a route that
//! needs Redis has its answer, or its 503, within [`RedisTimes::deadline`] of its first call. A command that timed out may
//! have been applied all the same, so everything that writes must be safe to repeat.

pub mod discovery;

use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{Cmd, FromRedisValue, IntoConnectionInfo, Pipeline, RedisError, RedisResult, ScriptInvocation};

use crate::config::RedisTimes;
use crate::scheme::NotReady;

/// A shared, self-mending connection. Clones share it; commands of many requests travel in one pipeline.
#[derive(Clone)]
pub struct Redis {
    manager: ConnectionManager,
    times: RedisTimes,
}

/// Why there is no connection. The URL is shown without its password.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The URL does not parse.
    #[error("`{url}` is no Redis URL ({source}); write it as redis://127.0.0.1:6379")]
    Url {
        /// The URL without its password.
        url: String,
        /// What the client says.
        source: RedisError,
    },
    /// Nobody answers there.
    #[error("no Redis answers at {url} ({source}); start one there, or use `--store memory`")]
    Unreachable {
        /// The URL without its password.
        url: String,
        /// What the client says.
        source: RedisError,
    },
    /// Somebody answers who is no Redis, or does not let us in.
    #[error("what answers at {url} does not work as Redis ({source}); check the address and the password")]
    NotRedis {
        /// The URL without its password.
        url: String,
        /// What the client says.
        source: RedisError,
    },
}

impl Redis {
    /// Connects, and makes sure that a Redis answers.
    pub async fn connect(url: &str, times: RedisTimes) -> Result<Self, ConnectError> {
        let shown = || crate::config::Store::Redis(url.to_owned()).to_string();
        let info = url.into_connection_info().map_err(|source| ConnectError::Url { url: shown(), source })?;
        let client = redis::Client::open(info.set_tcp_settings(tcp_settings(times)))
            .map_err(|source| ConnectError::Url { url: shown(), source })?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(times.connect))
            .set_response_timeout(Some(times.response))
            // A new attempt at least every 200 ms: the deadline bounds each caller, the manager goes on for the next.
            .set_min_delay(Duration::from_millis(10))
            .set_max_delay(Duration::from_millis(200))
            .set_number_of_retries(3);
        let connecting = ConnectionManager::new_with_config(client, config);
        let manager = match tokio::time::timeout(times.connect * 4, connecting).await {
            Ok(Ok(manager)) => manager,
            Ok(Err(source)) if source.is_io_error() && !source.is_timeout() => {
                return Err(ConnectError::Unreachable { url: shown(), source });
            }
            Ok(Err(source)) => return Err(ConnectError::NotRedis { url: shown(), source }),
            Err(_) => return Err(ConnectError::Unreachable { url: shown(), source: late() }),
        };
        let redis = Self { manager, times };
        match redis.version().await {
            Ok(_) => Ok(redis),
            Err(source) => Err(ConnectError::NotRedis { url: shown(), source }),
        }
    }

    /// Sends one command.
    pub async fn query<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        let mut manager = self.manager.clone();
        self.in_time(async move { command.query_async(&mut manager).await }).await
    }

    /// Sends several commands in one go.
    pub async fn pipeline<T: FromRedisValue>(&self, commands: &Pipeline) -> RedisResult<T> {
        let mut manager = self.manager.clone();
        self.in_time(async move { commands.query_async(&mut manager).await }).await
    }

    /// Runs a script by its hash; a server that has forgotten it is taught it again.
    pub async fn script<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> RedisResult<T> {
        let mut manager = self.manager.clone();
        self.in_time(async move { script.invoke_async(&mut manager).await }).await
    }

    /// The server's kind and version, as `redis 7.0.15` or `valkey 8.1.3`.
    pub async fn version(&self) -> RedisResult<String> {
        let info: String = self.query(redis::cmd("INFO").arg("server")).await?;
        discovery::version_of(&info)
            .ok_or_else(|| RedisError::from((redis::ErrorKind::Client, "its INFO names no Redis version")))
    }

    /// Whether Redis answers, and keeps what it is given: an eviction policy other than `noeviction` drops refresh tokens
    /// and lets revoked ones live again, so it counts as not ready.
    pub async fn ready(&self) -> Result<(), NotReady> {
        let memory: String = self
            .query(redis::cmd("INFO").arg("memory"))
            .await
            .map_err(|error| NotReady { part: "redis", problem: problem_of(&error).into() })?;
        let field = |name: &str| memory.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        match (field("maxmemory:"), field("maxmemory_policy:")) {
            (Some("0"), _) | (_, Some("noeviction") | None) => Ok(()),
            (_, Some(policy)) => Err(NotReady {
                part: "redis",
                problem: format!(
                    "maxmemory-policy is {policy}; it must be noeviction, or credentials get lost"
                ),
            }),
        }
    }

    /// How long a caller of this connection waits for an answer at most.
    pub fn deadline(&self) -> Duration {
        self.times.deadline
    }

    async fn in_time<T>(&self, call: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
        match tokio::time::timeout(self.times.deadline, call).await {
            Ok(answer) => answer,
            Err(_) => Err(late()),
        }
    }
}

/// Small commands want no Nagle; a dead peer is to be noticed by keepalive when idle and by the user time-out when not.
fn tcp_settings(times: RedisTimes) -> TcpSettings {
    let keepalive =
        TcpKeepalive::new().with_time(Duration::from_secs(5)).with_interval(Duration::from_secs(1));
    let settings = TcpSettings::default().set_nodelay(true).set_keepalive(keepalive);
    #[cfg(target_os = "linux")]
    let settings = settings.set_user_timeout(times.user_timeout);
    #[cfg(not(target_os = "linux"))]
    let _ = times;
    settings
}

fn late() -> RedisError {
    RedisError::from((redis::ErrorKind::Io, "no answer in time"))
}

/// A plain word for an operator; the client's own text may hold addresses.
fn problem_of(error: &RedisError) -> &'static str {
    if error.is_timeout() {
        "does not answer in time"
    } else if error.is_io_error() {
        "cannot be reached"
    } else {
        "refuses commands"
    }
}
