//! One connection to Redis, set up so that an outage is short and loud.
//!
//! The client's defaults leave `TCP_NODELAY` off and give up on a dead link only when the kernel does. Here a route that
//! needs Redis has its answer, or its 503, within [`RedisTimes::deadline`] of its first call; after several calls in vain
//! the answer is a 503 at once, until a new connection works; and the calls under way at one time are bounded, so that a
//! slow Redis does not fill the server's memory. A command that timed out may have been applied all the same: everything
//! that writes must be safe to repeat.
//!
//! Only a primary is used. A node that was made a replica is left as soon as a refused write or its role says so, and the
//! address is looked up again, since it may lead to the new primary by now.

mod belief;
mod breaker;
pub mod discovery;
mod manager;
mod mend;
mod node;
mod readiness;
mod refusal;
mod rights;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use redis::{
    Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisResult, ScriptInvocation, ServerErrorKind,
};
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use self::belief::Belief;
use self::breaker::{Breaker, Why};
use self::manager::{Manager, Opener};
use self::node::Node;
pub use self::node::Unfit;
pub use self::refusal::ConnectError;
pub use self::rights::Rights;
use crate::config::RedisTimes;

/// How long a replica may take to confirm when it is found out whether there is one. It is asked at once, and every start
/// without a replica takes so much longer.
const CONFIRMATION_MS: u64 = 100;

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
    /// Whether a node that is a replica is left.
    only_primary: AtomicBool,
}

impl Redis {
    /// Connects, and makes sure that what answers is a Redis that this server may keep its state in: a primary, or a
    /// cluster whose URL says so, of a version that is new enough.
    ///
    /// # Errors
    /// Says why there is no connection, and what to do about it.
    pub async fn connect(url: &str, times: RedisTimes) -> Result<Self, ConnectError> {
        let redis = Self::connect_as_it_is(url, times).await?;
        let node = redis.node().await.map_err(|source| ConnectError::NotRedis { url: shown(url), source })?;
        if let Some(unfit) = node.unfit(&shown(url)) {
            return Err(ConnectError::Unfit { url: shown(url), unfit });
        }
        if !redis.link.opener.is_cluster() {
            redis.link.only_primary.store(true, Ordering::Relaxed);
            tokio::spawn(mend::watch(Arc::downgrade(&redis.link)));
        }
        Ok(redis)
    }

    /// Connects to a node in whatever role it is, and stays there: for tests and tools that look after a Redis. Nothing is
    /// known about it, not even whether it is one.
    ///
    /// # Errors
    /// Says why there is no connection.
    pub async fn connect_as_it_is(url: &str, times: RedisTimes) -> Result<Self, ConnectError> {
        let opener =
            Opener::new(url, times).map_err(|source| ConnectError::Url { url: shown(url), source })?;
        let manager = match tokio::time::timeout(times.connect * 4, opener.open(times)).await {
            Ok(Ok(manager)) => manager,
            Ok(Err(source)) if source.is_io_error() && !source.is_timeout() => {
                return Err(ConnectError::Unreachable { url: shown(url), source });
            }
            Ok(Err(source)) => return Err(ConnectError::NotRedis { url: shown(url), source }),
            Err(_) => return Err(ConnectError::Unreachable { url: shown(url), source: late() }),
        };
        let (manager, places) = (RwLock::new(manager), Semaphore::new(times.in_flight));
        let (breaker, only_primary) = (Breaker::default(), AtomicBool::new(false));
        let belief = Belief::default();
        let link = Link { opener, times, manager, breaker, belief, places, only_primary };
        Ok(Self { link: Arc::new(link), guarded: true })
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
    ///
    /// # Errors
    /// Redis does not answer, or what answers is none.
    pub async fn version(&self) -> RedisResult<String> {
        Ok(self.node().await?.version)
    }

    /// Whether a replica follows, which a failover could promote. A user without the right to ask for `INFO` finds out
    /// whether one confirms at once.
    ///
    /// # Errors
    /// Redis does not answer.
    pub async fn has_replicas(&self) -> RedisResult<bool> {
        match self.query::<String>(redis::cmd("INFO").arg("replication")).await {
            Ok(info) => Ok(node::names_a_replica(&info)),
            Err(error) if readiness::is_forbidden(&error) => {
                let confirmed: u64 = self.query(redis::cmd("WAIT").arg(1).arg(CONFIRMATION_MS)).await?;
                Ok(confirmed > 0)
            }
            Err(error) => Err(error),
        }
    }

    async fn node(&self) -> RedisResult<Node> {
        Node::read(self.query(&redis::cmd("HELLO")).await?)
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
        if let Some(why) = link.breaker.open_because() {
            return Err(refused(why.problem()));
        }
        let Ok(_place) = link.places.try_acquire() else {
            return Err(refused("too many calls are waiting for Redis"));
        };
        let until = Instant::now() + link.times.deadline;
        let turn = match self.guarded {
            true => Some(timeout_at(until, link.belief.pass()).await.unwrap_or_else(|_| Err(late()))?),
            false => None,
        };
        let answer = link.send(until, send).await;
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
    /// The link without the guard, while another holder keeps it alive.
    pub(crate) fn upgrade(&self) -> Option<Redis> {
        self.0.upgrade().map(|link| Redis { link, guarded: false })
    }
}

impl Link {
    /// Sends something until its deadline, and learns from the answer about the connection.
    async fn send<T, F>(self: &Arc<Self>, until: Instant, send: impl FnOnce(Manager) -> F) -> RedisResult<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let manager = self.manager.read().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = timeout_at(until, send(manager)).await.unwrap_or_else(|_| Err(late()));
        if answer.as_ref().is_err_and(is_broken) {
            self.belief.doubt();
        }
        match &answer {
            Err(error) if is_silence(error) => {
                if self.breaker.failed() {
                    tracing::error!(%error, "Redis does not answer: refusing at once until it does");
                    tokio::spawn(mend::mend(Arc::downgrade(self)));
                }
            }
            Err(error) if is_replica(error) && self.only_primary.load(Ordering::Relaxed) => {
                self.leave(Why::Replica);
            }
            // An error that Redis itself wrote is an answer: the link is fine.
            _ => self.breaker.answered(),
        }
        answer
    }

    /// Refuses calls until a new connection leads to a node that can be used.
    fn leave(self: &Arc<Self>, why: Why) {
        if self.breaker.trip(why) {
            tracing::error!("Redis {}: refusing until a primary answers", why.problem());
            tokio::spawn(mend::mend(Arc::downgrade(self)));
        }
    }
}

/// The URL as it may be shown.
fn shown(url: &str) -> String {
    crate::config::Store::Redis(url.to_owned()).to_string()
}

/// Whether an error is the word of a replica: it takes no writes, or has lost the primary that it copies.
fn is_replica(error: &RedisError) -> bool {
    use ServerErrorKind::{MasterDown, ReadOnly};
    matches!(error.kind(), ErrorKind::Server(ReadOnly | MasterDown))
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

/// Whether an error says that the server does not know a script by its hash (any more).
pub fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

fn late() -> RedisError {
    RedisError::from((ErrorKind::Io, "no answer in time"))
}

fn refused(why: &'static str) -> RedisError {
    RedisError::from((ErrorKind::Io, why))
}
