-- Opens a session.
-- KEYS: 1 record   2 sessions   3 epoch
-- ARGV: 3 sid   4 digest 1   5 digest 2   6 epoch of the row   7 idle   8 absolute   9 cap
--       10 how long an expired record stays   11 client   12 device
-- 'issued' {expires in, sids that are over ...}, 'evicted' with the same if they had to make room, or 'stale' {the key's
-- epoch}
local sid, row_epoch, cap, afterlife = ARGV[3], tonumber(ARGV[6]), tonumber(ARGV[9]), tonumber(ARGV[10])
local epoch = tonumber(redis.call('GET', KEYS[3]) or '0')

-- The password was checked against a row that has changed since. Nothing may slip past an ending that way.
if row_epoch < epoch then return answer('stale', {int(epoch)}) end

local over, verdict = {}, 'issued'
-- The row is ahead of us: an ending is on its way, or a failover lost it. Who raises the epoch drops the sessions, so
-- all members of the set always began under the key's epoch.
if row_epoch > epoch then
  over = redis.call('ZRANGE', KEYS[2], 0, -1)
  redis.call('DEL', KEYS[2])
  redis.call('SET', KEYS[3], ARGV[6], 'KEEPTTL')
end

-- The same command once more, because its answer was lost: the session is there, and nobody else makes room for it.
local lives_until = tonumber(redis.call('ZSCORE', KEYS[2], sid) or '0')
if lives_until > now then return answer('issued', {int(lives_until - now)}) end

-- What has run out goes from the set, and its record stays a while to say so. Then there must be room for one more:
-- those go that would end first, which is the least recently used unless one is at its absolute end.
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', int(now))
local surplus = redis.call('ZCARD', KEYS[2]) + 1 - cap
if surplus > 0 then
  verdict = 'evicted'
  for _, old in ipairs(redis.call('ZRANGE', KEYS[2], 0, surplus - 1)) do over[#over + 1] = old end
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, surplus - 1)
end

local absolute_at = now + tonumber(ARGV[8])
local expires_at = math.min(now + tonumber(ARGV[7]), absolute_at)
-- Rotated and handed out long ago: the first exchange of a session always rotates.
redis.call('HSET', KEYS[1], 'gen', 1, 'cur', ARGV[4], 'next', ARGV[5], 'rotated', 0, 'handed', 0,
  'expires', int(expires_at), 'limit', int(absolute_at), 'epoch', ARGV[6], 'key', '',
  'client', ARGV[11], 'created', int(now), 'seen', int(now))
if ARGV[12] ~= '' then redis.call('HSET', KEYS[1], 'device', ARGV[12]) end
redis.call('PEXPIRE', KEYS[1], int(expires_at - now + afterlife))
redis.call('ZADD', KEYS[2], int(expires_at), sid)
outlive(KEYS[2], absolute_at - now + afterlife)
-- A missing epoch reads as 0, so only others need a key; it outlives every session that it could end.
if row_epoch > 0 then
  redis.call('SET', KEYS[3], ARGV[6], 'KEEPTTL')
  outlive(KEYS[3], absolute_at - now + afterlife)
end

table.insert(over, 1, int(expires_at - now))
return answer(verdict, over)
