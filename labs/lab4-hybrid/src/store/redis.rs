//! Session records in Redis or Valkey, for any number of servers.
//!
//! There is one script per operation, in `redis/*.lua`, and each takes one round trip: no other server can come between
//! its reads and its writes. All keys of a user are in one slot of a cluster, and every key has a TTL.
//!
//! | key | type | content |
//! |---|---|---|
//! | `auth:{uid}:s:<sid>` | hash | the session: number and digests of its token, times, epoch, client |
//! | `auth:{uid}:sessions` | sorted set | the live sessions, sorted by expiry; membership is authoritative |
//! | `auth:{uid}:epoch` | number | a copy of the account's epoch, only ever raised; a missing key counts as 0 |
//! | `auth:{uid}:dead:<sid>` | word | why a single session ended, for as long as an access token lives |
//! | `auth:{uid}:fence` | empty | written for a second after a single ending, where there are replicas |
//! | `auth:marker` | hash | which store this is, and how old it is ([`kit::marker`]); the only key without a TTL |
//!
//! A record takes 344 bytes of Redis' memory after a login and 376 from its first rotation on, however many rotations
//! follow. A device label makes that 440, or 504 for one of 64 ASCII letters; a label of more than 64 bytes (64 kana,
//! for example) makes it over 1,000, because Redis packs only short values. The set takes about 50 more. Each record
//! contains the names of its fields, so those are short.
//!
//! # One Redis, one with replicas, or a cluster
//!
//! The store runs unchanged on a Redis Cluster (`redis+cluster://host:port,host:port`), because no script and no
//! pipeline touches two users. It estimates a single clock, though: each response of any master corrects the estimate
//! from which deadlines are computed. If the clocks of two masters differ by more than the response time-out, commands
//! to one of them arrive late because of responses of the other (a 503, and nothing is done). So keep the clocks
//! together, with NTP.
//!
//! # What an ending guarantees
//!
//! Replication is asynchronous: a failover may lose writes that the old primary had acknowledged.
//!
//! - **All sessions** (log out everywhere, a new password, deletion): holds over any failover. The account's row is
//!   authoritative, each refresh sends the row's epoch, and a record with a lower epoch is refused whatever Redis
//!   contains.
//! - **One session, or all others** (log out here, log out a device, reuse): holds while this Redis lives. If Redis had
//!   replicas when the server started, the call returns only after one of them has confirmed, so it also holds over a
//!   failover to that replica; without a confirmation the response is 503, and the client repeats the request. So after
//!   a failover that leaves no replica, each of these calls is answered with 503, although the session was ended, until
//!   there is a replica again. A cluster that promotes a replica which had not confirmed can still revive the session,
//!   and so can a Redis that got its first replica after the server had started.
//! - **A login** waits for no replica: a lost login never happened, and the user logs in once more. It does not wait
//!   for a replica to confirm the end of the replaced session either: a failover may revive that session.
//!
//! # When Redis is full
//!
//! At `maxmemory`, with `noeviction`, logins are refused. Refreshes and endings still work, because the flags of their
//! scripts allow it; such flags need Redis 7.0 or any Valkey. The server is not ready then, and reports the reason.

mod keys;
mod look;
mod records;
mod rights;
mod scripts;
mod server_clock;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use ::redis::{Script, ScriptInvocation};
use kit::audit::session_evicted;
use kit::config::RedisTimes;
use kit::marker::Marked;
use kit::redis::{ConnectError, is_unknown_script};
use kit::{Client, Clock, NotReady, Redis as Connection};
use uuid::Uuid;

use self::keys::{MARKER, UserKeys, sid};
pub use self::look::generation;
pub(crate) use self::look::records_of;
use self::records::{FIELDS, Record};
pub use self::rights::RIGHTS;
use self::scripts::Scripts;
use self::server_clock::ServerClock;
use super::{Issue, NewSession, Policy, Refresh, Session, Store, StoreError};
use crate::idempotency::IdempotencyKey;
use crate::token::VerifiedToken;

/// The session store in Redis. Clones share its connection.
#[derive(Clone)]
pub struct Redis {
    connection: Connection,
    shared: Arc<Shared>,
}

struct Shared {
    policy: Policy,
    clock: Clock,
    /// How long a response may take, and so how long a command may still run.
    patience: Duration,
    server_clock: ServerClock,
    /// A separate connection for waiting on replicas, because `WAIT` blocks every later command on its connection.
    replicated: Option<Connection>,
    scripts: Scripts,
}

/// The answer of every script: Redis' time in milliseconds, a verdict, and further values.
type Answer = (i64, String, Vec<String>);

impl Redis {
    /// Connects, checks the rights of the Redis user, reads Redis' clock, and finds out whether Redis has replicas.
    ///
    /// # Errors
    /// Fails with the reason why the Redis at this URL cannot be used.
    pub async fn connect(
        url: &str,
        times: RedisTimes,
        policy: Policy,
        clock: Clock,
    ) -> Result<Self, ConnectError> {
        let connection = Connection::connect(url, times).await?;
        connection.require(url, &RIGHTS).await?;
        let unusable =
            |source| ConnectError::NotRedis { url: kit::Store::Redis(url.into()).to_string(), source };
        let (seconds, micros): (i64, i64) =
            connection.query(&::redis::cmd("TIME")).await.map_err(unusable)?;
        let server_clock = ServerClock::new(seconds * 1000 + micros / 1000);
        let replicated = match connection.has_replicas().await.map_err(unusable)? {
            true => Some(Connection::connect(url, times).await?),
            false => None,
        };
        let shared = Shared {
            policy,
            clock,
            patience: times.response,
            server_clock,
            replicated,
            scripts: Scripts::new(),
        };
        Ok(Self { connection, shared: shared.into() })
    }

    /// Runs one script with its keys; its arguments are the deadline, the offset of the lab's clock, and then the
    /// script's own.
    async fn run(
        &self,
        script: &Script,
        keys: &[String],
        arguments: impl FnOnce(&mut ScriptInvocation<'_>),
    ) -> Result<(String, Vec<String>), StoreError> {
        let Shared { clock, patience, server_clock, .. } = &*self.shared;
        let mut invocation = script.prepare_invoke();
        invocation.key(keys).arg(server_clock.deadline(*patience)).arg(clock.offset_ms());
        arguments(&mut invocation);
        let sent = Instant::now();
        let (redis_ms, verdict, more): Answer = self.connection.script(&invocation).await?;
        server_clock.learn(sent, Instant::now(), redis_ms);
        match verdict.as_str() {
            "late" => Err(StoreError::Late),
            _ => Ok((verdict, more)),
        }
    }

    /// Deletes the records of sessions that were removed from the set. They are ended already, so a failure here only
    /// leaves the records until their TTL expires.
    async fn drop_records(&self, keys: &UserKeys, sids: &[String], remember: bool) {
        if sids.is_empty() {
            return;
        }
        let mut pipeline = ::redis::pipe();
        for sid in sids {
            pipeline.cmd("UNLINK").arg(keys.record(sid)).ignore();
            if remember {
                let ttl = ms(self.shared.policy.ended_remembered);
                pipeline.cmd("SET").arg(keys.dead(sid)).arg("ended").arg("PX").arg(ttl).ignore();
            }
        }
        if let Err(error) = self.connection.pipeline::<()>(&pipeline).await {
            tracing::warn!(%error, sessions = sids.len(), "the records of ended sessions could not be deleted and stay until they expire");
        }
    }

    /// Ends one session in this Redis, without waiting for a replica. Returns whether it was alive.
    async fn end_here(&self, user_id: Uuid, session_id: Uuid) -> Result<bool, StoreError> {
        let (keys, sid) = (UserKeys::of(user_id), sid(session_id));
        let touched = [keys.record(&sid), keys.sessions(), keys.dead(&sid)];
        let remembered = ms(self.shared.policy.ended_remembered);
        let arguments = |script: &mut ScriptInvocation<'_>| {
            script.arg(&sid).arg(remembered);
        };
        let (_, more) = self.run(&self.shared.scripts.end, &touched, arguments).await?;
        Ok(more.first().is_some_and(|was| was == "1"))
    }

    /// Waits until one replica, if Redis has any, has the ending of a session. The small write comes after the ending,
    /// even if an earlier call or another server ended the session, so a replica that confirms this write has the
    /// ending too.
    async fn confirmed(&self, keys: &UserKeys) -> Result<(), StoreError> {
        let Some(connection) = &self.shared.replicated else { return Ok(()) };
        let fence = &self.shared.scripts.fence;
        let mut pipeline = ::redis::pipe();
        pipeline.cmd("EVALSHA").arg(fence.get_hash()).arg(1).arg(keys.fence()).ignore();
        pipeline.cmd("WAIT").arg(1).arg(ms(self.shared.patience / 2));
        let answer = match connection.pipeline(&pipeline).await {
            Err(error) if is_unknown_script(&error) => {
                // Both commands are repeated, because `WAIT` covers only the writes of its own connection.
                connection.script::<()>(&fence.key(keys.fence())).await?;
                connection.pipeline(&pipeline).await
            }
            answer => answer,
        };
        let (replicas,): (u64,) = answer?;
        if replicas == 0 {
            return Err(StoreError::Unconfirmed);
        }
        Ok(())
    }
}

impl Store for Redis {
    const NAME: &'static str = "redis";

    async fn issue(&self, session: &NewSession<'_>) -> Result<Issue, StoreError> {
        let (policy, keys) = (&self.shared.policy, UserKeys::of(session.user_id));
        let sid = sid(session.session_id);
        let touched = [keys.record(&sid), keys.sessions(), keys.epoch()];
        let arguments = |script: &mut ScriptInvocation<'_>| {
            let [first, second] = &session.digests;
            script.arg(&sid).arg(first.as_bytes()).arg(second.as_bytes()).arg(session.epoch);
            script.arg(ms(policy.idle)).arg(ms(policy.absolute)).arg(policy.sessions_per_user);
            script.arg(ms(policy.expired_remembered)).arg(session.client.kind.as_str());
            script.arg(session.client.device.as_deref().unwrap_or_default());
        };
        let (verdict, more) = self.run(&self.shared.scripts.issue, &touched, arguments).await?;
        match (verdict.as_str(), more.split_first()) {
            ("issued" | "evicted", Some((expires_in, over))) => {
                if verdict == "evicted" {
                    over.iter().for_each(|sid| session_evicted(session.user_id, sid.parse().ok()));
                }
                self.drop_records(&keys, over, true).await;
                Ok(Issue::Issued { expires_in: duration(expires_in)? })
            }
            ("stale", Some((epoch, _))) => Ok(Issue::Stale { epoch: number(epoch)? }),
            _ => Err(StoreError::Answer(verdict)),
        }
    }

    async fn refresh(
        &self,
        token: &VerifiedToken,
        epoch: u64,
        attempt: Option<&IdempotencyKey>,
    ) -> Result<Refresh, StoreError> {
        let (policy, keys) = (&self.shared.policy, UserKeys::of(token.user_id()));
        let sid = sid(token.session_id());
        let touched = [keys.record(&sid), keys.sessions(), keys.epoch(), keys.dead(&sid)];
        let arguments = |script: &mut ScriptInvocation<'_>| {
            let [digest, next, after] = token.digests();
            script.arg(&sid).arg(token.generation());
            script.arg(digest.as_bytes()).arg(next.as_bytes()).arg(after.as_bytes());
            script.arg(epoch).arg(attempt.map_or(&[][..], IdempotencyKey::as_bytes));
            script.arg(ms(policy.window)).arg(ms(policy.idle));
            script.arg(ms(policy.expired_remembered)).arg(ms(policy.ended_remembered));
        };
        let (verdict, more) = self.run(&self.shared.scripts.refresh, &touched, arguments).await?;
        match (verdict.as_str(), more.as_slice()) {
            ("rotated", [expires_in]) => Ok(Refresh::Rotated { expires_in: duration(expires_in)? }),
            ("kept", [expires_in]) => Ok(Refresh::Kept { expires_in: duration(expires_in)? }),
            ("done", [expires_in]) => Ok(Refresh::Done { expires_in: duration(expires_in)? }),
            ("replayed", [expires_in]) => Ok(Refresh::Replayed { expires_in: duration(expires_in)? }),
            ("reused", _) => self.confirmed(&keys).await.map(|()| Refresh::Reused),
            ("expired", _) => Ok(Refresh::Expired),
            ("ended", _) => Ok(Refresh::Ended),
            ("ahead", _) => Ok(Refresh::Ahead),
            ("invalid", _) => Ok(Refresh::Invalid),
            _ => Err(StoreError::Answer(verdict)),
        }
    }

    async fn end(&self, user_id: Uuid, session_id: Uuid) -> Result<bool, StoreError> {
        let was_alive = self.end_here(user_id, session_id).await?;
        self.confirmed(&UserKeys::of(user_id)).await?;
        Ok(was_alive)
    }

    async fn end_replaced(&self, user_id: Uuid, session_id: Uuid) -> Result<(), StoreError> {
        self.end_here(user_id, session_id).await.map(drop)
    }

    async fn end_others(&self, user_id: Uuid, keep: Uuid) -> Result<usize, StoreError> {
        let (keys, keep) = (UserKeys::of(user_id), sid(keep));
        let arguments = |script: &mut ScriptInvocation<'_>| {
            script.arg(&keep);
        };
        let (_, over) = self.run(&self.shared.scripts.end_others, &[keys.sessions()], arguments).await?;
        self.drop_records(&keys, &over, true).await;
        self.confirmed(&keys).await?;
        Ok(over.len())
    }

    async fn end_all(&self, user_id: Uuid, epoch: u64) -> Result<u64, StoreError> {
        let (policy, keys) = (&self.shared.policy, UserKeys::of(user_id));
        let arguments = |script: &mut ScriptInvocation<'_>| {
            script.arg(epoch).arg(ms(policy.absolute + policy.expired_remembered));
        };
        let touched = [keys.sessions(), keys.epoch()];
        let (verdict, more) = self.run(&self.shared.scripts.end_all, &touched, arguments).await?;
        let Some((known, over)) = more.split_first() else { return Err(StoreError::Answer(verdict)) };
        // The sessions need no record of why they ended: the epoch shows it.
        self.drop_records(&keys, over, false).await;
        number(known)
    }

    async fn list(&self, user_id: Uuid, epoch: u64) -> Result<Vec<Session>, StoreError> {
        let keys = UserKeys::of(user_id);
        let touched = [keys.sessions(), keys.epoch()];
        let (verdict, more) = self.run(&self.shared.scripts.list, &touched, |_| {}).await?;
        let Some((known_epoch, sids)) = more.split_first() else { return Err(StoreError::Answer(verdict)) };
        let epoch = epoch.max(known_epoch.parse().or(Err(StoreError::Answer(verdict)))?);
        if sids.is_empty() {
            return Ok(Vec::new());
        }
        let mut pipeline = ::redis::pipe();
        for sid in sids {
            pipeline.cmd("HMGET").arg(keys.record(sid)).arg(&FIELDS);
        }
        let records: Vec<Record> = self.connection.pipeline(&pipeline).await?;
        let mut sessions: Vec<Session> = sids
            .iter()
            .zip(records)
            .filter_map(|(sid, record)| records::session(Uuid::parse_str(sid).ok()?, record, epoch))
            .collect();
        sessions.sort_by_key(|session| (std::cmp::Reverse(session.seen_at_ms), session.id));
        Ok(sessions)
    }

    async fn live(&self, user_id: Uuid, session_id: Uuid, epoch: u64) -> Result<Option<Client>, StoreError> {
        let (keys, sid) = (UserKeys::of(user_id), sid(session_id));
        let touched = [keys.record(&sid), keys.sessions(), keys.epoch()];
        let arguments = |script: &mut ScriptInvocation<'_>| {
            script.arg(&sid).arg(epoch);
        };
        let (verdict, more) = self.run(&self.shared.scripts.live, &touched, arguments).await?;
        match (verdict.as_str(), more.as_slice()) {
            ("done", [kind, device]) => Ok(Some(records::client(kind, Some(device.clone())))),
            ("ended", _) => Ok(None),
            _ => Err(StoreError::Answer(verdict)),
        }
    }

    fn marked(&self) -> Option<Marked> {
        Some(Marked { redis: self.connection.clone(), key: MARKER })
    }

    async fn ready(&self) -> Result<(), NotReady> {
        self.connection.ready().await
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn duration(text: &str) -> Result<Duration, StoreError> {
    number(text).map(Duration::from_millis)
}

fn number(text: &str) -> Result<u64, StoreError> {
    text.parse().map_err(|_| StoreError::Answer(text.to_owned()))
}
