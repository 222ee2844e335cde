//! The store that a command uses, and its name in a report.

use std::fmt;
use std::str::FromStr;

use kit::config::{Store, StoreError};
use kit::redis::discovery::{self, DEFAULT_IMAGE, Found, Search};
use kit::store_url::without_secrets;

use crate::failure::Failure;

/// The store that the user asked for with `--store`.
///
/// ```
/// use harness::store::Wanted;
///
/// assert_eq!("memory".parse::<Wanted>()?, Wanted::Memory);
/// assert_eq!("redis".parse::<Wanted>()?, Wanted::AnyRedis);
/// assert_eq!("redis://127.0.0.1".parse::<Wanted>()?, Wanted::Url("redis://127.0.0.1".to_owned()));
/// assert!("postgres://db".parse::<Wanted>().is_err());
///
/// let wanted: Wanted = "redis://:hunter2@127.0.0.1:6379".parse()?;
/// assert!(!format!("{wanted:?}").contains("hunter2"));
/// # Ok::<(), kit::config::StoreError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The in-memory store.
    Memory,
    /// Any Redis that can be found.
    AnyRedis,
    /// The Redis at this URL.
    Url(String),
}

impl fmt::Debug for Wanted {
    /// Writes the URL without its password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("Memory"),
            Self::AnyRedis => f.write_str("AnyRedis"),
            Self::Url(url) => write!(f, "Url({})", without_secrets(url)),
        }
    }
}

impl FromStr for Wanted {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self, StoreError> {
        match text {
            "redis" => Ok(Self::AnyRedis),
            other => match other.parse()? {
                Store::Memory => Ok(Self::Memory),
                Store::Redis(url) => Ok(Self::Url(url)),
            },
        }
    }
}

/// A store that is ready. Dropping it ends the Redis that was started for it.
#[derive(Debug)]
pub struct Ready {
    redis: Option<Found>,
    /// Why there is no Redis: one sentence for each place that was tried.
    pub misses: Vec<String>,
}

impl Ready {
    /// The store's name in a report: `redis 7.0.15 (path)` or `memory`.
    pub fn description(&self) -> &str {
        self.redis.as_ref().map_or("memory", |redis| &redis.description)
    }

    /// The URL of the Redis, if the store is one.
    pub fn url(&self) -> Option<&str> {
        self.redis.as_ref().map(|redis| redis.url.as_str())
    }

    /// The process id of the Redis, if it was started here.
    pub fn pid(&self) -> Option<u32> {
        self.redis.as_ref().and_then(Found::pid)
    }

    /// The store as a server's setting.
    pub fn as_config(&self) -> Store {
        self.url().map_or(Store::Memory, |url| Store::Redis(url.to_owned()))
    }
}

/// Gets the store that the user asked for; `None` uses a Redis if one can be found, otherwise memory.
///
/// # Errors
/// The Redis that the user or the environment names does not work, or a Redis is required and none is found.
pub async fn get(wanted: Option<Wanted>) -> Result<Ready, Failure> {
    let environment = environment();
    let (asked, must) = match wanted {
        Some(Wanted::Memory) => return Ok(Ready { redis: None, misses: Vec::new() }),
        Some(Wanted::Url(url)) => (Some(url), true),
        Some(Wanted::AnyRedis) => (environment.redis_url, true),
        None => (environment.redis_url, false),
    };
    match discovery::find(asked.as_deref(), &environment.image).await? {
        Search::Found(redis) => Ok(Ready { redis: Some(redis), misses: Vec::new() }),
        Search::Missing(misses) if must => Err(Failure::new(format!(
            "no Redis was found: {}; `cargo lab doctor` says how to get one, and `--store memory` works without",
            misses.join("; ")
        ))),
        Search::Missing(misses) => Ok(Ready { redis: None, misses }),
    }
}

/// The URL of the Redis in the environment (`REDIS_URL`).
pub fn url_in_environment() -> Option<String> {
    environment().redis_url
}

/// The container image for a Redis.
pub fn image() -> String {
    environment().image
}

/// The environment variables about where to find a Redis.
struct Environment {
    redis_url: Option<String>,
    image: String,
}

#[expect(clippy::disallowed_methods, reason = "where to look for a Redis is no setting of a server")]
fn environment() -> Environment {
    let read = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Environment {
        redis_url: read("REDIS_URL"),
        image: read("AUTHLAB_REDIS_IMAGE").unwrap_or_else(|| DEFAULT_IMAGE.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_memory_redis_or_a_url_and_nothing_else() {
        assert_eq!("memory".parse::<Wanted>().unwrap(), Wanted::Memory);
        assert_eq!("redis".parse::<Wanted>().unwrap(), Wanted::AnyRedis);
        assert_eq!("redis://h:1".parse::<Wanted>().unwrap(), Wanted::Url("redis://h:1".into()));
        assert!("mysql".parse::<Wanted>().is_err());
    }

    #[tokio::test]
    async fn a_url_without_a_redis_is_a_fault_that_says_what_to_do() {
        let nobody = Wanted::Url("redis://127.0.0.1:1".into());
        let sentence = get(Some(nobody)).await.unwrap_err().to_string();
        assert!(sentence.starts_with("no Redis answers at redis://127.0.0.1:1"), "{sentence}");
        assert!(sentence.contains("--store memory"), "{sentence}");
    }
}
