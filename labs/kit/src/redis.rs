//! One connection to Redis, set up so that an outage is short and loud.
//!
//! The client's defaults leave `TCP_NODELAY` off and give up on a dead link only when the kernel does. Here a route that
//! needs Redis has its answer, or its 503, within [`RedisTimes::deadline`] of its first call; after several calls in vain
//! the answer is a 503 at once, until a new connection works; and the calls under way at one time are bounded, so that a
//! slow Redis does not fill the server's memory. A command that timed out may have been applied all the same: everything
//! that writes must be safe to repeat.

mod belief;
mod breaker;
pub mod discovery;
mod manager;

use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use redis::{Cmd, FromRedisValue, Pipeline, RedisError, RedisResult, ScriptInvocation};
use tokio::sync::Semaphore;

use self::belief::Belief;
use self::breaker::Breaker;
use self::manager::{Manager, Opener};
use crate::config::RedisTimes;
use crate::scheme::NotReady;

/// The pause between two looks at a Redis that is away.
const MENDING_PAUSE: Duration = Duration::from_millis(100);

/// A shared, self-mending connection. Clones share it; commands of many requests travel in one pipeline.
#[derive(Clone)]
pub struct Redis {
    link: Arc<Link>,
    /// Whether calls wait for the verdict of the store's watch. The watch's own do not.
    guarded: bool,
}

/// A link as its watch holds it: it does not keep the link alive.
pub(crate) struct WatchedRedis(Weak<Link>);

/// What the clones share.
struct Link {
    opener: Opener,
    times: RedisTimes,
    manager: RwLock<Manager>,
    breaker: Breaker,
    belief: Belief,
    places: Semaphore,
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
        let opener = Opener::new(url, times).map_err(|source| ConnectError::Url { url: shown(), source })?;
        let manager = match tokio::time::timeout(times.connect * 4, opener.open(times)).await {
            Ok(Ok(manager)) => manager,
            Ok(Err(source)) if source.is_io_error() && !source.is_timeout() => {
                return Err(ConnectError::Unreachable { url: shown(), source });
            }
            Ok(Err(source)) => return Err(ConnectError::NotRedis { url: shown(), source }),
            Err(_) => return Err(ConnectError::Unreachable { url: shown(), source: late() }),
        };
        let (manager, places) = (RwLock::new(manager), Semaphore::new(times.in_flight));
        let (breaker, belief) = (Breaker::default(), Belief::default());
        let link = Link { opener, times, manager, breaker, belief, places };
        let redis = Self { link: Arc::new(link), guarded: true };
        match redis.version().await {
            Ok(_) => Ok(redis),
            Err(source) => Err(ConnectError::NotRedis { url: shown(), source }),
        }
    }

    /// Sends one command.
    pub async fn query<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        self.call(async |mut manager| command.query_async(&mut manager).await).await
    }

    /// Sends several commands in one go.
    pub async fn pipeline<T: FromRedisValue>(&self, commands: &Pipeline) -> RedisResult<T> {
        self.call(async |mut manager| commands.query_async(&mut manager).await).await
    }

    /// Runs a script by its hash; a server that has forgotten it is taught it again. The client does so once; a server that
    /// forgets between the lesson and the call is taught once more.
    pub async fn script<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> RedisResult<T> {
        self.call(async |mut manager| match script.invoke_async(&mut manager).await {
            Err(error) if is_unknown_script(&error) => script.invoke_async(&mut manager).await,
            answer => answer,
        })
        .await
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
        if let Some(problem) = self.link.belief.problem() {
            return Err(NotReady { part: "redis", problem });
        }
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
        self.link.times.deadline
    }

    async fn call<T, F>(&self, send: impl FnOnce(Manager) -> F) -> RedisResult<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let link = &self.link;
        if link.breaker.is_open() {
            return Err(refused("Redis has not answered for a while"));
        }
        let Ok(_place) = link.places.try_acquire() else {
            return Err(refused("too many calls are waiting for Redis"));
        };
        let until = tokio::time::Instant::now() + link.times.deadline;
        let turn = match self.guarded {
            true => Some(
                tokio::time::timeout_at(until, link.belief.pass()).await.unwrap_or_else(|_| Err(late()))?,
            ),
            false => None,
        };
        let manager = link.manager.read().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = tokio::time::timeout_at(until, send(manager)).await.unwrap_or_else(|_| Err(late()));
        if answer.as_ref().is_err_and(is_broken) {
            link.belief.doubt();
        }
        match &answer {
            Err(error) if is_silence(error) => {
                if link.breaker.failed() {
                    tracing::error!(%error, "Redis does not answer: refusing at once until it does");
                    tokio::spawn(mend(Arc::downgrade(link)));
                }
            }
            // An error that Redis itself wrote is an answer: the link is fine.
            _ => link.breaker.answered(),
        }
        // What was sent on a new connection may have been answered by another store.
        if answer.is_ok() && turn.is_some_and(|turn| !link.belief.holds(turn)) {
            return Err(refused("the connection changed while the call was under way"));
        }
        answer
    }
}

/// For the watch of [`marker`](crate::marker) alone.
impl Redis {
    /// From now on calls need a watch's verdict.
    pub(crate) fn watched(&self) -> WatchedRedis {
        self.link.belief.begin();
        WatchedRedis(Arc::downgrade(&self.link))
    }

    /// The same link without the guard.
    pub(crate) fn unguarded(&self) -> Self {
        Self { link: Arc::clone(&self.link), guarded: false }
    }

    pub(crate) fn is_doubted(&self) -> bool {
        self.link.belief.is_doubted()
    }

    pub(crate) fn suspect(&self) {
        self.link.belief.suspect();
    }

    pub(crate) async fn doubts(&self) {
        self.link.belief.doubts().await;
    }

    /// `true`: it had been refused before.
    pub(crate) fn believe(&self) -> bool {
        self.link.belief.believe()
    }

    /// `true`: that is news.
    pub(crate) fn refuse(&self, problem: &str) -> bool {
        self.link.belief.refuse(problem)
    }
}

impl WatchedRedis {
    /// The link without the guard, while anybody else holds it.
    pub(crate) fn upgrade(&self) -> Option<Redis> {
        self.0.upgrade().map(|link| Redis { link, guarded: false })
    }
}

/// Tries new connections until one works, then lets calls through on it. Gives up when nobody holds the link any more. A
/// new connection each time, since one whose packets vanish stays silent for as long as the kernel is patient.
async fn mend(link: Weak<Link>) {
    loop {
        let Some(link) = link.upgrade() else { return };
        let found = tokio::time::timeout(link.times.deadline, working(&link.opener, link.times)).await;
        if let Ok(Ok(manager)) = found {
            // Before anybody can use it: what is at its other end has not been looked at.
            link.belief.doubt();
            *link.manager.write().unwrap_or_else(PoisonError::into_inner) = manager;
            link.breaker.close();
            tracing::info!("Redis answers again");
            return;
        }
        drop(link);
        tokio::time::sleep(MENDING_PAUSE).await;
    }
}

/// A connection that has answered a question.
async fn working(opener: &Opener, times: RedisTimes) -> RedisResult<Manager> {
    let mut manager = opener.open(times).await?;
    redis::cmd("PING").query_async::<()>(&mut manager).await?;
    Ok(manager)
}

/// Whether an error says that nobody answered, as opposed to an answer that is an error.
pub(crate) fn is_silence(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || error.is_connection_refusal()
}

/// Whether an error says that a connection is gone, so that the next call travels on another.
fn is_broken(error: &RedisError) -> bool {
    is_silence(error) && !error.is_timeout()
}

fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == redis::ErrorKind::Server(redis::ServerErrorKind::NoScript)
}

fn late() -> RedisError {
    RedisError::from((redis::ErrorKind::Io, "no answer in time"))
}

fn refused(why: &'static str) -> RedisError {
    RedisError::from((redis::ErrorKind::Io, why))
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
