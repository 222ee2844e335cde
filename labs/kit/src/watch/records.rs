//! Reads records of any type from Redis as text.

use redis::{Cmd, RedisResult, Value};

use super::Entry;
use crate::boxed::Boxed;
use crate::redis::Redis;

/// The maximum number of entries to read.
pub const MOST_ENTRIES: usize = 40;
/// How many keys Redis scans per call, and below, the maximum number of calls: a shared Redis may contain very many keys.
const KEYS_AT_A_TIME: usize = 500;
const MOST_LOOKS: usize = 200;

/// The keys that match a pattern.
///
/// # Errors
/// Redis does not answer.
pub fn keys_like<'a>(redis: &'a Redis, pattern: &'a str) -> Boxed<'a, RedisResult<Vec<String>>> {
    Box::pin(scanned(redis, pattern))
}

async fn scanned(redis: &Redis, pattern: &str) -> RedisResult<Vec<String>> {
    let (mut keys, mut cursor) = (Vec::new(), 0_u64);
    for _ in 0..MOST_LOOKS {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(KEYS_AT_A_TIME);
        let (next, found): (u64, Vec<String>) = redis.query(&scan).await?;
        keys.extend(found);
        cursor = next;
        if cursor == 0 {
            break;
        }
    }
    Ok(keys)
}

/// The entries with these keys, their values as text. A key that no longer exists is left out.
///
/// # Errors
/// Redis does not answer.
pub fn read(redis: &Redis, keys: Vec<String>) -> Boxed<'_, RedisResult<Vec<Entry>>> {
    Box::pin(values_of(redis, keys))
}

async fn values_of(redis: &Redis, mut keys: Vec<String>) -> RedisResult<Vec<Entry>> {
    // SCAN may return a key twice.
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

/// The command that reads a key of this type; `None` for a key that no longer exists.
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

/// A value as text. Bytes that are not text, such as a digest, become hexadecimal digits.
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
}
