-- Raises the epoch to what the account's row says, and drops the sessions that began before.
-- KEYS: 1 sessions   2 epoch
-- ARGV: 3 epoch of the row   4 how long the key lives at least
-- 'done' {the key's epoch, sids that are over ...}
--
-- Raised to, never incremented: a second copy of this command finds nothing to do, and sessions that began since are safe
-- from it.
local known = tonumber(redis.call('GET', KEYS[2]) or '0')
if tonumber(ARGV[3]) <= known then return answer('done', {int(known)}) end
redis.call('SET', KEYS[2], ARGV[3], 'KEEPTTL')
outlive(KEYS[2], tonumber(ARGV[4]))
local over = redis.call('ZRANGE', KEYS[1], 0, -1)
redis.call('DEL', KEYS[1])
table.insert(over, 1, ARGV[3])
return answer('done', over)
