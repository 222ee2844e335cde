//! What a store holds of one person, to be looked at: past the gate, uncounted, and also while the line is cut.

use kit::Redis;
use lab2_session::store::memory::MemoryStore;
use lab4_hybrid::store::{Memory, Store as _};
use redis::{Cmd, RedisResult, Value};
use serde::Serialize;
use tower_sessions::SessionStore;
use tower_sessions::session::Id;
use uuid::Uuid;

use super::watched::Watched;

/// The most entries that are shown, and the most characters of one value.
const MOST_ENTRIES: usize = 40;
const MOST_CHARS: usize = 600;
/// Keys that Redis looks through at a time, and how many times it is asked: somebody's Redis may hold a great many.
const KEYS_AT_A_TIME: usize = 500;
const MOST_LOOKS: usize = 200;

/// One thing that a store holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) value: String,
    /// When it is over by what it says itself, in seconds since the Unix epoch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) until: Option<u64>,
    /// In how many seconds Redis throws it away. This clock does not move with the room's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ttl: Option<u64>,
}

/// Where to look.
pub(super) enum Contents {
    /// The design keeps nothing.
    Nothing,
    SessionsInMemory(Watched<MemoryStore>),
    HybridInMemory(Watched<Memory>),
    SessionsInRedis(Redis),
    HybridInRedis(Redis),
}

/// Whose things are looked for.
#[derive(Clone, Debug, Default)]
pub(super) struct Whose {
    pub(super) user: Uuid,
    /// The names in the cookies that the person was given.
    pub(super) cookies: Vec<String>,
}

impl Contents {
    /// Everything that is kept of a person, or why that cannot be seen.
    pub(super) async fn of(&self, whose: &Whose) -> Result<Vec<Entry>, String> {
        let unseen = |error: redis::RedisError| error.to_string();
        let mut entries = match self {
            Self::Nothing => Vec::new(),
            Self::SessionsInMemory(watched) => sessions_in_memory(&watched.store, whose).await?,
            Self::HybridInMemory(watched) => hybrid_in_memory(&watched.store, whose.user).await?,
            Self::SessionsInRedis(redis) => sessions_in_redis(redis, whose.user).await.map_err(unseen)?,
            Self::HybridInRedis(redis) => hybrid_in_redis(redis, whose.user).await.map_err(unseen)?,
        };
        entries.sort_by(|one, other| one.key.cmp(&other.key));
        entries.truncate(MOST_ENTRIES);
        for entry in &mut entries {
            if let Some((end, _)) = entry.value.char_indices().nth(MOST_CHARS) {
                entry.value.truncate(end);
                entry.value.push('…');
            }
        }
        Ok(entries)
    }
}

async fn sessions_in_memory(store: &MemoryStore, whose: &Whose) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    for name in &whose.cookies {
        let Ok(id) = name.parse::<Id>() else { continue };
        if let Some(record) = store.load(&id).await.map_err(|error| error.to_string())? {
            let value = serde_json::to_string(&record.data).unwrap_or_default();
            let until = u64::try_from(record.expiry_date.unix_timestamp()).ok();
            entries.push(Entry { key: format!("session {name}"), value, until, ttl: None });
        }
    }
    Ok(entries)
}

async fn hybrid_in_memory(store: &Memory, user: Uuid) -> Result<Vec<Entry>, String> {
    let sessions = store.list(user, 0).await.map_err(|error| error.to_string())?;
    let entry = |session: lab4_hybrid::store::Session| Entry {
        key: format!("session {}", session.id),
        value: serde_json::json!({
            "client": session.client.kind.as_str(),
            "created_at_ms": session.created_at_ms,
            "seen_at_ms": session.seen_at_ms,
            "expires_at_ms": session.expires_at_ms,
        })
        .to_string(),
        until: Some(session.expires_at_ms / 1000),
        ttl: None,
    };
    Ok(sessions.into_iter().map(entry).collect())
}

/// A session's key does not say whose it is; the person's index does.
async fn sessions_in_redis(redis: &Redis, user: Uuid) -> RedisResult<Vec<Entry>> {
    let user = user.simple();
    let (index, epoch) = (format!("session:user:{user}"), format!("session:epoch:{user}"));
    let hashes: Vec<String> = redis.query(redis::cmd("ZRANGE").arg(&index).arg(0).arg(-1)).await?;
    let mut keys: Vec<String> = hashes.iter().map(|hash| format!("session:{hash}")).collect();
    keys.extend([index, epoch]);
    entries(redis, keys).await
}

async fn hybrid_in_redis(redis: &Redis, user: Uuid) -> RedisResult<Vec<Entry>> {
    let pattern = format!("auth:{{{}}}:*", user.simple());
    let (mut keys, mut cursor) = (Vec::new(), 0_u64);
    for _ in 0..MOST_LOOKS {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(KEYS_AT_A_TIME);
        let (next, found): (u64, Vec<String>) = redis.query(&scan).await?;
        keys.extend(found);
        cursor = next;
        if cursor == 0 {
            break;
        }
    }
    entries(redis, keys).await
}

async fn entries(redis: &Redis, mut keys: Vec<String>) -> RedisResult<Vec<Entry>> {
    // SCAN may tell a key twice.
    keys.sort();
    keys.dedup();
    keys.truncate(MOST_ENTRIES);
    let mut entries = Vec::new();
    for key in keys {
        let kind: String = redis.query(redis::cmd("TYPE").arg(&key)).await?;
        let Some(read) = reading(&kind, &key) else { continue };
        let value: Value = redis.query(&read).await?;
        let ttl_ms: i64 = redis.query(redis::cmd("PTTL").arg(&key)).await?;
        let ttl = u64::try_from(ttl_ms).ok().map(|ms| ms / 1000);
        entries.push(Entry { value: shown(&value), key, until: None, ttl });
    }
    Ok(entries)
}

/// The command that reads a key of this type; none for a key that has gone meanwhile.
fn reading(kind: &str, key: &str) -> Option<Cmd> {
    let mut command = match kind {
        "string" => redis::cmd("GET"),
        "hash" => redis::cmd("HGETALL"),
        "zset" => redis::cmd("ZRANGE"),
        _ => return None,
    };
    command.arg(key);
    if kind == "zset" {
        command.arg(0).arg(-1).arg("WITHSCORES");
    }
    Some(command)
}

/// A value as text. What is no text, a digest, is shown in hexadecimal digits.
fn shown(value: &Value) -> String {
    match value {
        Value::BulkString(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
            _ => bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
        },
        Value::SimpleString(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Double(number) => number.to_string(),
        Value::Array(values) | Value::Set(values) => pairs(&values.iter().map(shown).collect::<Vec<_>>()),
        Value::Map(fields) => {
            let fields: Vec<String> =
                fields.iter().flat_map(|(name, value)| [shown(name), shown(value)]).collect();
            pairs(&fields)
        }
        _ => String::new(),
    }
}

fn pairs(words: &[String]) -> String {
    words.chunks(2).map(|pair| pair.join(" ")).collect::<Vec<_>>().join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_shown_as_text_and_a_digest_in_digits() {
        let text = |bytes: &[u8]| Value::BulkString(bytes.to_vec());
        assert_eq!(shown(&text(b"[1,2]")), "[1,2]");
        assert_eq!(shown(&text(&[0xff, 0x00, 0x0a])), "ff000a");
        let hash = Value::Array(vec![text(b"epoch"), text(b"0"), text(b"seen_at"), text(b"17")]);
        assert_eq!(shown(&hash), "epoch 0 · seen_at 17");
    }

    #[tokio::test]
    async fn a_design_that_keeps_nothing_has_nothing_to_show() {
        assert_eq!(Contents::Nothing.of(&Whose::default()).await, Ok(Vec::new()));
    }
}
