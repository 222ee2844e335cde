//! Reads the keys of a user in Redis, for tools that display or test them.

use ::redis::RedisResult;
use kit::Redis;
use kit::watch::Entry;
use kit::watch::records::{keys_like, read};
use uuid::Uuid;

use super::keys::{UserKeys, sid};

/// All keys of a user in Redis and their content, as text.
///
/// # Errors
/// Fails if Redis does not answer.
pub(crate) async fn records_of(redis: &Redis, user_id: Uuid) -> RedisResult<Vec<Entry>> {
    let keys = keys_like(redis, &UserKeys::of(user_id).pattern()).await?;
    read(redis, keys).await
}

/// The number of a session's current refresh token: 1 at first, and one more after each rotation.
///
/// # Errors
/// Fails if Redis does not answer or has no such session.
pub async fn generation(redis: &Redis, user_id: Uuid, session_id: Uuid) -> RedisResult<i64> {
    let record = UserKeys::of(user_id).record(&sid(session_id));
    redis.query(::redis::cmd("HGET").arg(record).arg("gen")).await
}
