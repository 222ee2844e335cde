//! Whether a session store is the one that the accounts know, and no older than they know it.
//!
//! A Redis that was restored from a backup accepts sessions that have been ended since, and refresh tokens that were
//! exchanged long ago; one that lost its data would answer every legitimate client with a 401. The session records
//! themselves do not show either case. So the server creates a marker in the store: a random id and a generation that only
//! increases. The accounts keep a copy of it, and a store whose marker is missing, different or older is **refused**: each
//! route that needs it answers 503 (never 401, never with a cleared cookie), `/health/ready` says why, and the audit log
//! has a line. An operator either restores the right store, which the servers notice within a second, or accepts this one
//! with `authlab store accept`.
//!
//! # Precision
//!
//! Redis with `appendfsync everysec` may lose its last one or two seconds in a crash, and a lost second must not take a
//! site down. So the generation increases once per half of the tolerated loss ([`Config::store_loss`], 10 s), and the
//! accounts remember the generation of two increases earlier. A store that lost less than the tolerated loss is always
//! accepted; one that lost more than twice that (20 s, and a second or two for the watch itself) never is. Between the two,
//! either may happen. What the labs say about a failover also holds for what an accepted store may have lost.
//!
//! # When running servers notice
//!
//! A restart breaks the connection. From that moment callers wait until the server has read the marker over the new
//! connection, so it uses no answer of the new store unchecked. Three changes do not break a connection that the server
//! sees: `FLUSHALL` on a running Redis, a cluster's master that came back (the client repeats a command by itself), and a
//! connection with `protocol=resp3`, which the client renews by itself. The check once a second notices these, and until
//! then an answer may be wrong. In a cluster the marker is one key in one slot, so only the master of that slot is watched;
//! for the other masters, a token with a greater generation than its record reveals the loss.
//!
//! # Limits
//!
//! Accounts in memory remember the marker only as long as the process runs. A restart begins with whatever store it finds,
//! and no earlier account is left to be harmed. Sessions in memory need no marker: they end with the process, and a 401 is
//! then the truth.
//!
//! [`Config::store_loss`]: crate::Config::store_loss

pub mod accept;
mod lua;

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use redis::{Script, cmd};
use uuid::Uuid;

use crate::accounts::Accounts;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::redis::{Redis, WatchedRedis, is_silence};

/// How often the server checks a marker.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The pause before the next check while the store is in doubt and Redis does not answer.
const DOUBT_PAUSE: Duration = Duration::from_millis(50);
/// How many increases of the generation an accepted store may have lost.
const TOLERATED: u64 = 2;

static MAKE: LazyLock<Script> = LazyLock::new(|| Script::new(lua::MAKE));
static ADVANCE: LazyLock<Script> = LazyLock::new(|| Script::new(lua::ADVANCE));

/// A store with a marker.
#[derive(Clone)]
pub struct Marked {
    /// The store's connection, the same one that its routes use, because this link is the one to be refused.
    pub redis: Redis,
    /// The name of the marker's key, with the same prefix as all keys of that store.
    pub key: &'static str,
}

/// A marker, as it is in the store or as the accounts remember it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The store's random id.
    pub store: Uuid,
    /// The store's generation, which only increases.
    pub generation: u64,
}

impl Mark {
    /// The marker that the accounts may remember after this one was read.
    fn remembered(self) -> Self {
        Self { generation: self.generation.saturating_sub(TOLERATED), ..self }
    }
}

/// What is wrong with the marker in the store, or `None`. `/health/ready` and the audit log contain the text.
fn problem(known: Mark, seen: Option<Mark>) -> Option<String> {
    match seen {
        None => Some(
            "its marker is missing, so the store is empty or was replaced; restore the right one, or \
             run `authlab store accept`, which logs every user out"
                .to_owned(),
        ),
        Some(seen) if seen.store != known.store => Some(
            "its marker is another store's; name the right store, or run `authlab store accept`, which logs every \
             user out"
                .to_owned(),
        ),
        Some(seen) if seen.generation < known.generation => Some(format!(
            "it is older than the accounts: its marker is at generation {}, and the accounts have seen {}; restore the \
             newest data, or run `authlab store accept`, which logs every user out",
            seen.generation, known.generation
        )),
        Some(_) => None,
    }
}

/// Checks a store's marker now, and then again for as long as the store's connection exists.
pub(crate) async fn watch(store: Marked, accounts: Accounts, loss: Duration, metrics: Metrics) {
    let redis = store.redis.watched();
    let mut watch = Watch {
        redis,
        key: store.key,
        accounts,
        period: loss / 2,
        known: None,
        advanced: None,
        told_unmarked: false,
        metrics,
    };
    watch.look(&store.redis.unguarded()).await;
    tokio::spawn(watch.go_on());
}

struct Watch {
    redis: WatchedRedis,
    key: &'static str,
    accounts: Accounts,
    period: Duration,
    /// The marker that the accounts are known to remember.
    known: Option<Mark>,
    advanced: Option<Instant>,
    told_unmarked: bool,
    metrics: Metrics,
}

impl Watch {
    async fn go_on(mut self) {
        loop {
            let Some(redis) = self.redis.upgrade() else { return };
            let pause = if redis.is_doubted() { DOUBT_PAUSE } else { LOOK_EVERY.min(self.period) };
            // A doubt causes a check at once; but while Redis does not answer, no more often than the pause.
            let woken = tokio::time::timeout(pause, redis.doubts()).await.is_ok();
            if woken && pause == DOUBT_PAUSE {
                tokio::time::sleep(DOUBT_PAUSE).await;
            }
            self.look(&redis).await;
        }
    }

    /// One check. If Redis or the accounts do not answer, there is no verdict, and the store's state stays what it was.
    async fn look(&mut self, redis: &Redis) {
        match self.verdict(redis).await {
            Ok(None) => {
                self.metrics.store_refused(false);
                if redis.believe() {
                    tracing::warn!(target: "audit", event = "store_believed", "the store is trusted again");
                }
                self.keep_up(redis).await;
            }
            Ok(Some(problem)) => {
                self.metrics.store_refused(true);
                if redis.refuse(&problem) {
                    tracing::error!(target: "audit", event = "store_refused", problem);
                }
            }
            Err(error) => tracing::debug!(%error, "the store's marker could not be compared"),
        }
    }

    /// What is wrong with the store, or `None` if it is the right one.
    async fn verdict(&mut self, redis: &Redis) -> Result<Option<String>, Error> {
        let seen = read(redis, self.key).await?;
        if let Some(known) = self.known
            && problem(known, seen).is_none()
        {
            return Ok(None);
        }
        // Before the store is refused: the accounts may know something by now that this server does not, from another
        // server or an operator. They are read first, so that the marker compared with them is the newer of the two.
        redis.suspect();
        self.known = self.accounts.mark(self.key).await?;
        let seen = match self.known {
            Some(_) => read(redis, self.key).await?,
            None => match self.first(redis).await? {
                Some(made) => Some(made),
                // The accounts know nothing about this store, so there is no reason to refuse it.
                None => return Ok(None),
            },
        };
        Ok(self.known.and_then(|known| problem(known, seen)))
    }

    /// Creates the marker of a store that the accounts have never seen, or takes the one that it has. `None`: Redis accepts
    /// no writes (because it is full, for example), so the next check tries again.
    async fn first(&mut self, redis: &Redis) -> Result<Option<Mark>, Error> {
        let made = redis.script::<Seen>(MAKE.key(self.key).arg(Uuid::new_v4().simple().to_string())).await;
        let made = match made {
            Ok(made) => mark_of(made)?,
            Err(refusal) if !is_silence(&refusal) => {
                if !std::mem::replace(&mut self.told_unmarked, true) {
                    tracing::warn!(error = %refusal, "the store refuses its marker so far, so the server cannot tell it from another store");
                }
                return Ok(None);
            }
            Err(silence) => return Err(silence.into()),
        };
        let made = made.ok_or_else(|| Error::Internal("a marker was written and is missing".into()))?;
        // The marker that the accounts remember counts: another server may have been first, and with another store.
        self.known = Some(self.accounts.remember_mark(self.key, made.remembered()).await?);
        Ok(Some(made))
    }

    /// Increases the generation, and makes the accounts remember it. If that fails, a later check tries again.
    async fn keep_up(&mut self, redis: &Redis) {
        let Some(known) = self.known else { return };
        if self.advanced.is_some_and(|at| at.elapsed() < self.period) {
            return;
        }
        self.advanced = Some(Instant::now());
        let kept = async {
            let seen = read(redis, self.key).await?.filter(|seen| seen.store == known.store);
            if let Some(seen) = seen.map(Mark::remembered)
                && seen.generation > known.generation
            {
                self.known = Some(self.accounts.remember_mark(self.key, seen).await?);
            }
            let period_ms = u64::try_from(self.period.as_millis()).unwrap_or(u64::MAX);
            let mut advance = ADVANCE.key(self.key);
            redis.script::<()>(advance.arg(known.store.simple().to_string()).arg(period_ms)).await?;
            Ok::<_, Error>(())
        };
        if let Err(error) = kept.await {
            tracing::debug!(%error, "the store's marker could not be advanced");
        }
    }
}

/// A marker's fields as Redis returns them.
type Seen = (Option<String>, Option<u64>);

async fn read(redis: &Redis, key: &str) -> Result<Option<Mark>, Error> {
    mark_of(redis.query(cmd("HMGET").arg(key).arg(&lua::FIELDS)).await?)
}

/// Parses a marker's fields. A hash without both of them is not a marker.
fn mark_of((id, generation): Seen) -> Result<Option<Mark>, Error> {
    let (Some(id), Some(generation)) = (id, generation) else { return Ok(None) };
    let store = Uuid::parse_str(&id).map_err(|error| Error::Internal(error.into()))?;
    Ok(Some(Mark { store, generation }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Mark = Mark { store: Uuid::from_u128(1), generation: 9 };

    #[test]
    fn a_marker_as_old_as_the_accounts_know_or_younger_is_believed() {
        assert_eq!(problem(KNOWN, Some(KNOWN)), None);
        assert_eq!(problem(KNOWN, Some(Mark { generation: 10, ..KNOWN })), None);
    }

    #[test]
    fn a_missing_an_older_and_another_marker_are_refused_and_told_apart() {
        let told = |seen| problem(KNOWN, seen).unwrap();
        assert!(told(None).starts_with("its marker is missing"));
        assert!(
            told(Some(Mark { generation: 8, ..KNOWN }))
                .contains("generation 8, and the accounts have seen 9")
        );
        assert!(told(Some(Mark { store: Uuid::from_u128(2), ..KNOWN })).starts_with("its marker is another"));
    }

    #[test]
    fn the_accounts_remember_the_generation_before_the_last_two() {
        assert_eq!(KNOWN.remembered().generation, 7);
        assert_eq!(Mark { generation: 1, ..KNOWN }.remembered().generation, 0);
    }
}
