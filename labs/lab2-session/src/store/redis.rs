//! Session records in Redis (7.0 or later) or Valkey: every server sees them, and a request looks its session up with
//! one command.
//!
//! | key | type | content |
//! |---|---|---|
//! | `session:{hash}` | string | its expiry and its data; `hash` is of the cookie's value, which is not stored |
//! | `session:user:{uid}` | sorted set | the hashes of a user's sessions, sorted by the time each is over |
//! | `session:epoch:{uid}` | string | the epoch under which all of the user's sessions were created, once it is above 0 |
//! | `session:marker` | hash | which store this is, and how old it is ([`kit::marker`]); the only key without a TTL |
//!
//! **Sliding expiry.** `GETEX` reads a session and extends its TTL in one command. The time at which the session is
//! over is in the value, though, where it can be compared with the clock that is passed in; this time is written again
//! only when the last recorded use is a [`Limits::step`] old. So nearly every request costs exactly one command, about
//! as much as a `GET`.
//!
//! Each change to more than one key is one script, which Redis applies completely or not at all. The scripts access
//! keys that they find in other keys. A session's key cannot be in the same cluster slot as its user's keys, because a
//! cookie does not say which user it belongs to. So this store needs a single Redis, with replicas if desired, and does
//! not run on a Redis Cluster. Every command may be repeated. A command that times out may have been applied all the
//! same; at worst it leaves a session behind whose id was never sent to a client.
//!
//! **When Redis is full** (`maxmemory` with `noeviction`), logins are refused, while existing sessions stay alive and
//! can be ended: each script's flags say whether it may run then. Redis 6 does not support such flags; the server
//! refuses it at start.

mod rights;

use std::collections::HashMap;
use std::fmt;

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::audit::session_evicted;
use kit::config::RedisTimes;
use kit::marker::Marked;
use kit::watch::Entry;
use kit::watch::records::read;
use kit::{Clock, NotReady, Redis, StartError};
use redis::{RedisResult, Script, cmd};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{Error, Result, SessionStore};
use uuid::Uuid;

use self::rights::RIGHTS;
use super::{Store, no_holder, store_ahead};
use crate::holder::{Holder, Limits, millis, moment, moment_ms};

/// The key of the store's marker.
const MARKER: &str = "session:marker";
/// The prefix of a session's key; the hash of its id follows.
const SESSION: &str = "session:";
/// How many ids are tried for a new session before it fails. A collision of two random 128-bit ids is not chance, but a
/// fault.
const DRAWS: usize = 3;

/// The session store in Redis.
pub struct RedisStore {
    redis: Redis,
    limits: Limits,
    clock: Clock,
    scripts: Scripts,
}

struct Scripts {
    create: Script,
    save: Script,
    delete: Script,
    end_others: Script,
    end_all: Script,
}

/// A record as it is stored: the time at which it is over, in milliseconds since the Unix epoch, and its data. It does
/// not contain the id, so that a reader of the database cannot use it as a cookie.
type Stored<D> = (u64, D);

/// The part of a record's data that each request needs.
#[derive(Deserialize)]
struct HolderOnly {
    holder: Holder,
}

impl RedisStore {
    /// Connects to a single Redis, with or without replicas, and checks that the Redis user has the rights that the
    /// store needs.
    ///
    /// # Errors
    /// Fails if the URL names a Redis Cluster, Redis cannot be reached, or the Redis user lacks a right. A cluster is refused
    /// here because otherwise the server would start, and then fail at the first login.
    pub async fn connect(
        url: &str,
        times: RedisTimes,
        limits: Limits,
        clock: Clock,
    ) -> std::result::Result<Self, StartError> {
        let store = kit::Store::Redis(url.to_owned());
        if store.is_cluster() {
            return Err(StartError::Scheme(format!(
                "the session lab cannot keep its sessions in a Redis Cluster ({store}); name one Redis, with replicas \
                 if you like, or run the hybrid, which can"
            )));
        }
        let redis = Redis::connect(url, times).await?;
        redis.require(url, &RIGHTS).await?;
        Ok(Self::new(redis, limits, clock))
    }

    /// A store over an existing connection.
    pub fn new(redis: Redis, limits: Limits, clock: Clock) -> Self {
        let script = |flags: &str, code: &str| Script::new(&format!("#!lua{flags}\n{ENDING}{code}"));
        // May run when memory is full: saving a session needs no more memory than it already has, and ending one frees
        // memory.
        let keeping = |code: &str| script(" flags=allow-oom", code);
        let scripts = Scripts {
            create: script("", CREATE),
            save: keeping(SAVE),
            delete: keeping(DELETE),
            end_others: keeping(END_OTHERS),
            end_all: keeping(END_ALL),
        };
        Self { redis, limits, clock, scripts }
    }

    /// Reads the record of a session that is not over, and extends its TTL, in one command.
    async fn read<D: DeserializeOwned>(&self, id: &Id) -> Result<Option<Stored<D>>> {
        let mut get = cmd("GETEX");
        get.arg(session_key(&hash(id))).arg("PX").arg(self.session_ttl_ms());
        let value: Option<Vec<u8>> = self.redis.query(&get).await.map_err(outage)?;
        let Some(value) = value else { return Ok(None) };
        let stored: Stored<D> =
            serde_json::from_slice(&value).map_err(|error| Error::Decode(error.to_string()))?;
        if stored.0 <= self.clock.now_ms() {
            self.delete(id).await?;
            return Ok(None);
        }
        Ok(Some(stored))
    }

    /// The TTL of a session's key, in milliseconds. It is one step longer than the idle limit, so that the value always
    /// ends the session before the TTL does.
    fn session_ttl_ms(&self) -> u64 {
        millis(self.limits.idle.saturating_add(self.limits.step()))
    }

    /// The TTL of a user's index, in milliseconds. It is extended when a session is saved, which may be one step later
    /// than the session's own TTL was, so it is two steps longer than the idle limit.
    fn index_ttl_ms(&self) -> u64 {
        millis(self.limits.idle.saturating_add(self.limits.step() * 2))
    }

    /// The TTL of a user's epoch, in milliseconds: as long as any session that was created under it can live.
    fn epoch_ttl_ms(&self) -> u64 {
        millis(self.limits.absolute.saturating_add(self.limits.step()))
    }
}

#[async_trait]
impl SessionStore for RedisStore {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let holder = Holder::among(&record.data).ok_or_else(no_holder)?;
        let value = encode(record)?;
        for _ in 0..DRAWS {
            let hash = hash(&record.id);
            let mut create = self.scripts.create.key(session_key(&hash));
            create.key(index_key(holder.user_id)).key(epoch_key(holder.user_id));
            create.arg(&value).arg(&hash).arg(moment_ms(record.expiry_date)).arg(self.clock.now_ms());
            create.arg(holder.epoch).arg(self.limits.per_user);
            create.arg(self.session_ttl_ms()).arg(self.index_ttl_ms()).arg(self.epoch_ttl_ms());
            let (outcome, evicted): (String, usize) = self.redis.script(&create).await.map_err(outage)?;
            // A session's key does not contain its public id, and the script has deleted the value that did.
            (0..evicted).for_each(|_| session_evicted(holder.user_id, None));
            match outcome.as_str() {
                "created" => return Ok(()),
                "taken" => record.id = Id::default(),
                later => return Err(later.parse().map_or_else(|_| unreadable(later), store_ahead)),
            }
        }
        Err(Error::Backend("every id that was generated is taken".into()))
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let holder = Holder::among(&record.data).ok_or_else(no_holder)?;
        let hash = hash(&record.id);
        let mut save = self.scripts.save.key(session_key(&hash));
        save.key(index_key(holder.user_id)).arg(encode(record)?).arg(&hash);
        save.arg(moment_ms(record.expiry_date)).arg(self.session_ttl_ms()).arg(self.index_ttl_ms());
        self.redis.script(&save).await.map_err(outage)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let stored: Option<Stored<HashMap<String, Value>>> = self.read(id).await?;
        Ok(stored.map(|(over_at_ms, data)| Record { id: *id, data, expiry_date: moment(over_at_ms) }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        let hash = hash(id);
        let mut delete = self.scripts.delete.key(session_key(&hash));
        self.redis.script(delete.arg(&hash)).await.map_err(outage)
    }
}

impl Store for RedisStore {
    const NAME: &'static str = "redis";

    async fn holder(&self, id: &Id) -> Result<Option<Holder>> {
        let stored: Option<Stored<HolderOnly>> = self.read(id).await?;
        Ok(stored.map(|(_over_at_ms, data)| data.holder))
    }

    async fn end_others(&self, user: Uuid, keep: Uuid) -> Result<()> {
        let mut end = self.scripts.end_others.key(index_key(user));
        self.redis.script(end.arg(keep.simple().to_string())).await.map_err(outage)
    }

    async fn end_all(&self, user: Uuid, epoch: u64) -> Result<u64> {
        let mut end = self.scripts.end_all.key(index_key(user));
        self.redis.script(end.key(epoch_key(user)).arg(epoch).arg(self.epoch_ttl_ms())).await.map_err(outage)
    }

    fn marked(&self) -> Option<Marked> {
        Some(Marked { redis: self.redis.clone(), key: MARKER })
    }

    async fn ready(&self) -> std::result::Result<(), NotReady> {
        self.redis.ready().await
    }
}

/// A Lua function that ends the sessions in `hashes`: it deletes their records and their entries in the index.
const ENDING: &str = "
local function end_sessions(index, hashes)
  for _, hash in ipairs(hashes) do
    redis.call('UNLINK', 'session:' .. hash)
    redis.call('ZREM', index, hash)
  end
end
";

/// Creates a session, unless its id is taken or its epoch is lower than the known one; then the script returns `taken`
/// or the known epoch. Makes room for it in the user's index: removes expired sessions first, then those that expire
/// first. An epoch that is higher than the known one ends all older sessions.
const CREATE: &str = "
local session, index, epochs = KEYS[1], KEYS[2], KEYS[3]
local value, hash, over_at, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local epoch, per_user = tonumber(ARGV[5]), tonumber(ARGV[6])
local session_ttl, index_ttl, epoch_ttl = ARGV[7], ARGV[8], ARGV[9]

local known = tonumber(redis.call('GET', epochs) or 0)
local evicted = 0
if epoch < known then return {string.format('%.0f', known), 0} end
if not redis.call('SET', session, value, 'NX', 'PX', session_ttl) then return {'taken', 0} end
if epoch > known then
  end_sessions(index, redis.call('ZRANGE', index, 0, -1))
else
  end_sessions(index, redis.call('ZRANGEBYSCORE', index, '-inf', now))
  local too_many = redis.call('ZCARD', index) + 1 - per_user
  if too_many > 0 then
    evicted = too_many
    end_sessions(index, redis.call('ZRANGE', index, 0, too_many - 1))
  end
end
redis.call('ZADD', index, over_at, hash)
redis.call('PEXPIRE', index, index_ttl)
if epoch > 0 then redis.call('SET', epochs, ARGV[5], 'PX', epoch_ttl) end
return {'created', evicted}
";

// ANCHOR: save
/// Saves a session that still exists. A session that was ended since it was read stays ended.
const SAVE: &str = "
local session, index = KEYS[1], KEYS[2]
local value, hash, over_at, session_ttl, index_ttl = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

if redis.call('SET', session, value, 'XX', 'PX', session_ttl) then
  redis.call('ZADD', index, 'XX', over_at, hash)
  redis.call('PEXPIRE', index, index_ttl)
end
";
// ANCHOR_END: save

/// Ends one session. Its user, and so its index, is known only from its value.
const DELETE: &str = "
local value = redis.call('GET', KEYS[1])
if value then
  end_sessions('session:user:' .. cjson.decode(value)[2].holder[1], { ARGV[1] })
end
";

/// Ends a user's sessions except the one with the given public id.
const END_OTHERS: &str = "
local index, keep = KEYS[1], ARGV[1]

local others = {}
for _, hash in ipairs(redis.call('ZRANGE', index, 0, -1)) do
  local value = redis.call('GET', 'session:' .. hash)
  if not value or cjson.decode(value)[2].holder[2] ~= keep then table.insert(others, hash) end
end
end_sessions(index, others)
";

/// Ends a user's sessions that were created under an epoch below the given one, and sets the epoch *to* that value, so
/// that a repetition changes nothing.
const END_ALL: &str = "
local index, epochs = KEYS[1], KEYS[2]

local known = tonumber(redis.call('GET', epochs) or 0)
if tonumber(ARGV[1]) <= known then return known end
end_sessions(index, redis.call('ZRANGE', index, 0, -1))
redis.call('SET', epochs, ARGV[1], 'PX', ARGV[2])
return tonumber(ARGV[1])
";

/// The first 128 bits of the SHA-256 of the cookie's value, in base64url. The id has 128 bits itself, so a longer hash
/// would take more memory without being harder to guess. An attacker cannot search 128 random bits, so a slow hash
/// would only slow the server down.
pub(crate) fn hash(id: &Id) -> String {
    URL_SAFE_NO_PAD.encode(&digest(&SHA256, id.to_string().as_bytes()).as_ref()[..16])
}

pub(crate) fn session_key(hash: &str) -> String {
    format!("{SESSION}{hash}")
}

/// All records of a user in Redis, for display. A session's key does not contain the user's id, so the keys are read
/// from the user's index.
///
/// # Errors
/// Fails if Redis does not answer.
pub(crate) async fn records_of(redis: &Redis, user: Uuid) -> RedisResult<Vec<Entry>> {
    let (index, epoch) = (index_key(user), epoch_key(user));
    let hashes: Vec<String> = redis.query(cmd("ZRANGE").arg(&index).arg(0).arg(-1)).await?;
    let mut keys: Vec<String> = hashes.iter().map(|hash| session_key(hash)).collect();
    keys.extend([index, epoch]);
    read(redis, keys).await
}

pub(crate) fn index_key(user: Uuid) -> String {
    format!("session:user:{}", user.simple())
}

pub(crate) fn epoch_key(user: Uuid) -> String {
    format!("session:epoch:{}", user.simple())
}

fn encode(record: &Record) -> Result<String> {
    let stored: Stored<_> = (moment_ms(record.expiry_date), &record.data);
    serde_json::to_string(&stored).map_err(|error| Error::Encode(error.to_string()))
}

fn unreadable(answer: &str) -> Error {
    Error::Backend(format!("a script answered {answer:?}, which is not an answer of this server's scripts"))
}

fn outage(error: redis::RedisError) -> Error {
    Error::Backend(error.to_string())
}

/// Session data and connections must not appear in a log.
impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").finish_non_exhaustive()
    }
}
