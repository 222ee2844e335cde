//! One connection to Redis, with short outages that are logged.
//!
//! The client's defaults leave `TCP_NODELAY` off and give up a dead connection only when the kernel does. Here a route that
//! needs Redis gets its answer, or its 503, within [`RedisTimes::deadline`] of its first call. After several calls without
//! an answer, further calls get a 503 at once, until a new connection works. The number of calls running at once is
//! limited, so that a slow Redis does not fill the server's memory. A command that timed out may have been executed all the
//! same, so every command that writes must be safe to repeat.
//!
//! Only a primary is used. When a refused write or its role shows that a node has become a replica, the server leaves it
//! and resolves the address again, which may lead to the new primary by now.

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
    Value,
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
use crate::boxed::Boxed;
use crate::config::RedisTimes;

/// How long `WAIT` waits for a replica's confirmation when the server asks whether there is a replica, in milliseconds. A
/// replica confirms at once; a start without a replica takes this much longer.
const CONFIRMATION_MS: u64 = 100;

/// A shared connection that reconnects by itself. Clones share it; the commands of many requests are pipelined on it.
#[derive(Clone)]
pub struct Redis {
    link: Arc<Link>,
    /// Whether calls wait for the store's watch to trust the store. The watch's own calls do not.
    guarded: bool,
}

/// A weak reference to a link, for its watch: it does not keep the link alive.
pub(crate) struct WatchedRedis(Weak<Link>);

/// The state that the clones of a [`Redis`] share.
struct Link {
    opener: Opener,
    times: RedisTimes,
    manager: RwLock<Manager>,
    breaker: Breaker,
    belief: Belief,
    places: Semaphore,
    /// Whether the link leaves a node that is a replica.
    only_primary: AtomicBool,
}

/// What is sent to Redis in one call.
#[derive(Clone, Copy)]
enum Call<'a> {
    Command(&'a Cmd),
    Pipeline(&'a Pipeline),
    Script(&'a ScriptInvocation<'a>),
}

impl Call<'_> {
    async fn send(self, mut manager: Manager) -> RedisResult<Value> {
        match self {
            Self::Command(command) => command.query_async(&mut manager).await,
            Self::Pipeline(commands) => commands.query_async(&mut manager).await,
            Self::Script(script) => match script.invoke_async(&mut manager).await {
                Err(error) if is_unknown_script(&error) => script.invoke_async(&mut manager).await,
                answer => answer,
            },
        }
    }
}

/// Reads an answer into a type.
fn read<T: FromRedisValue>(answer: Value) -> RedisResult<T> {
    Ok(redis::from_redis_value(answer)?)
}

impl Redis {
    /// Connects, and checks that this server may store its state at the other end: it must be a primary, or a cluster if
    /// the URL says so, of a version that is new enough.
    ///
    /// # Errors
    /// There is no connection, or the node cannot be used. The message says what to do about it.
    pub fn connect(url: &str, times: RedisTimes) -> Boxed<'_, Result<Self, ConnectError>> {
        Box::pin(Self::connected(url, times))
    }

    async fn connected(url: &str, times: RedisTimes) -> Result<Self, ConnectError> {
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

    /// Connects to a node in whatever role, and stays connected to it: for tests and for tools that maintain a Redis. It
    /// does not check the node, not even whether it is a Redis.
    ///
    /// # Errors
    /// There is no connection. The message says why.
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

    /// Sends one command and returns its answer.
    ///
    /// # Errors
    /// Redis does not answer in time or is not trusted, too many calls are running, or the answer is an error or not a `T`.
    pub async fn query<T: FromRedisValue>(&self, command: &Cmd) -> RedisResult<T> {
        self.answer(Call::Command(command)).await.and_then(read)
    }

    /// Sends several commands at once and returns their answers.
    ///
    /// # Errors
    /// Redis does not answer in time or is not trusted, too many calls are running, or the answer is an error or not a `T`.
    pub async fn pipeline<T: FromRedisValue>(&self, commands: &Pipeline) -> RedisResult<T> {
        self.answer(Call::Pipeline(commands)).await.and_then(read)
    }

    /// Runs a script by its hash. The client loads the script once if the server does not know it; if the server forgets it
    /// again before the call, this loads it once more.
    ///
    /// # Errors
    /// Redis does not answer in time or is not trusted, too many calls are running, or the answer is an error or not a `T`.
    pub async fn script<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> RedisResult<T> {
        self.answer(Call::Script(script)).await.and_then(read)
    }

    /// The server's kind and version, such as `redis 7.0.15` or `valkey 8.1.3`.
    ///
    /// # Errors
    /// Redis does not answer, or the answer is not that of a Redis.
    pub async fn version(&self) -> RedisResult<String> {
        Ok(self.node().await?.version)
    }

    /// Whether the server has a replica, which a failover could promote. If the user may not send `INFO`, this finds out by
    /// asking for a replica's confirmation.
    ///
    /// # Errors
    /// Redis does not answer.
    pub fn has_replicas(&self) -> Boxed<'_, RedisResult<bool>> {
        Box::pin(self.finds_replicas())
    }

    async fn finds_replicas(&self) -> RedisResult<bool> {
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

    /// The longest time that a caller of this connection waits for an answer.
    pub fn deadline(&self) -> Duration {
        self.link.times.deadline
    }

    /// The answer to a call, not read into a type yet.
    fn answer<'a>(&'a self, call: Call<'a>) -> Boxed<'a, RedisResult<Value>> {
        Box::pin(self.answered(call))
    }

    async fn answered(&self, call: Call<'_>) -> RedisResult<Value> {
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
        let answer = link.send(until, call).await;
        // A call on a new connection may have been answered by another store.
        if answer.is_ok() && turn.is_some_and(|turn| !link.belief.holds(turn)) {
            return Err(refused("the connection changed during the call"));
        }
        answer
    }
}

/// Methods for the watch of [`marker`](crate::marker) alone.
impl Redis {
    /// From now on, calls wait until a watch trusts the store.
    pub(crate) fn watched(&self) -> WatchedRedis {
        self.link.belief.begin();
        WatchedRedis(Arc::downgrade(&self.link))
    }

    /// The same link, for calls that do not wait for the watch.
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

    /// Trusts the store. Returns `true` if it had been refused before.
    pub(crate) fn believe(&self) -> bool {
        self.link.belief.believe()
    }

    /// Refuses the store for this problem. Returns `true` if it was not refused for the same problem already.
    pub(crate) fn refuse(&self, problem: &str) -> bool {
        self.link.belief.refuse(problem)
    }
}

impl WatchedRedis {
    /// The link, for calls that do not wait for the watch; `None` if no other holder keeps it alive.
    pub(crate) fn upgrade(&self) -> Option<Redis> {
        self.0.upgrade().map(|link| Redis { link, guarded: false })
    }
}

impl Link {
    /// Sends a call until its deadline, and updates the link's state from the answer.
    async fn send(self: &Arc<Self>, until: Instant, call: Call<'_>) -> RedisResult<Value> {
        let manager = self.manager.read().unwrap_or_else(PoisonError::into_inner).clone();
        let answer = timeout_at(until, call.send(manager)).await.unwrap_or_else(|_| Err(late()));
        if answer.as_ref().is_err_and(is_broken) {
            self.belief.doubt();
        }
        match &answer {
            Err(error) if is_silence(error) => {
                if self.breaker.failed() {
                    tracing::error!(%error, "Redis does not answer; the server refuses requests at once until it does");
                    tokio::spawn(mend::mend(Arc::downgrade(self)));
                }
            }
            Err(error) if is_replica(error) && self.only_primary.load(Ordering::Relaxed) => {
                self.leave(Why::Replica);
            }
            // An error that Redis itself sent is an answer: the link works.
            _ => self.breaker.answered(),
        }
        answer
    }

    /// Refuses calls until a new connection leads to a node that can be used.
    fn leave(self: &Arc<Self>, why: Why) {
        if self.breaker.trip(why) {
            tracing::error!("Redis {}; the server refuses requests until a primary answers", why.problem());
            tokio::spawn(mend::mend(Arc::downgrade(self)));
        }
    }
}

/// The URL without its password.
fn shown(url: &str) -> String {
    crate::config::Store::Redis(url.to_owned()).to_string()
}

/// Whether an error comes from a replica: it accepts no writes, or has lost its primary.
fn is_replica(error: &RedisError) -> bool {
    use ServerErrorKind::{MasterDown, ReadOnly};
    matches!(error.kind(), ErrorKind::Server(ReadOnly | MasterDown))
}

/// Whether an error means that there was no answer, as opposed to an answer that is an error.
pub(crate) fn is_silence(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_timeout()
        || error.is_connection_dropped()
        || error.is_connection_refusal()
}

/// Whether an error means that a connection is gone, so that the next call uses another one.
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
