//! The marker in Redis: a hash without a TTL, because it must outlive everything beside it.
//!
//! | field | content |
//! |---|---|
//! | `id` | the store's random id, generated when the marker was created |
//! | `gen` | its generation, which only increases |
//! | `at` | when it last increased, in milliseconds by Redis' clock |
//!
//! A Redis whose memory is full still accepts the increase, because it needs no more memory.

/// The fields of a marker, in the order in which [`super::Seen`] reads them.
pub(super) const FIELDS: [&str; 2] = ["id", "gen"];

/// Creates the marker if there is none, and returns it. Of several servers at their first start, one creates it.
/// KEYS: 1 marker   ARGV: 1 the id that is proposed
pub(super) const MAKE: &str = "#!lua
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('HSET', KEYS[1], 'id', ARGV[1], 'gen', '1', 'at', '0')
end
return redis.call('HMGET', KEYS[1], 'id', 'gen')
";

/// Increases the generation by one, if it is this store's marker and the last increase is a period ago. However many
/// servers call this, it increases once per period.
/// KEYS: 1 marker   ARGV: 1 the id that is known   2 the period, in milliseconds
pub(super) const ADVANCE: &str = "#!lua flags=allow-oom
local mark = redis.call('HMGET', KEYS[1], 'id', 'gen', 'at')
if mark[1] ~= ARGV[1] then return 0 end
local time = redis.call('TIME')
local now, at = time[1] * 1000 + math.floor(time[2] / 1000), tonumber(mark[3])
-- A clock that was set back must not stop it: a rise too many does no harm.
if now >= at and now - at < tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 'gen', string.format('%.0f', mark[2] + 1), 'at', string.format('%.0f', now))
return 1
";

/// Replaces the marker, or whatever the key contains, with a new one.
/// KEYS: 1 marker   ARGV: 1 id   2 generation
pub(super) const REPLACE: &str = "#!lua flags=allow-oom
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'gen', ARGV[2], 'at', '0')
return 1
";
