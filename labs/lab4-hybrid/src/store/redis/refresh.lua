-- Exchanges a refresh token. Its MAC has been checked: whatever comes here, we once made it.
-- KEYS: 1 record   2 sessions   3 epoch   4 dead
-- ARGV: 3 sid   4 n, the token's number   5 digest n   6 digest n+1   7 digest n+2   8 epoch of the row
--       9 idempotency key, hashed, or ''   10 window   11 idle   12 how long an expired record stays
--       13 how long an ending is remembered
-- 'rotated' | 'kept' | 'done' | 'replayed' {expires in}, or 'reused' | 'expired' | 'ended' | 'ahead' | 'invalid'
local sid, n, attempt, window = ARGV[3], tonumber(ARGV[4]), ARGV[9], tonumber(ARGV[10])
local record = redis.call('HMGET', KEYS[1],
  'gen', 'cur', 'next', 'rotated', 'handed', 'expires', 'limit', 'epoch', 'key')

local function finish(why)
  redis.call('DEL', KEYS[1])
  redis.call('ZREM', KEYS[2], sid)
  redis.call('SET', KEYS[4], why, 'PX', ARGV[13])
  return answer(why)
end

-- 1. Is there a session?
if not record[1] then return answer(redis.call('GET', KEYS[4]) or 'ended') end
local gen, cur, next_digest = tonumber(record[1]), record[2], record[3]
local expires_at, absolute_at = tonumber(record[6]), tonumber(record[7])
local epoch = math.max(tonumber(redis.call('GET', KEYS[3]) or '0'), tonumber(ARGV[8]))
if tonumber(record[8]) < epoch then return finish('ended') end
if now >= math.min(expires_at, absolute_at) then return finish('expired') end
-- Membership is the authority: "end all others" is one change of the set.
if not redis.call('ZSCORE', KEYS[2], sid) then return finish('ended') end

-- After a failover to a slower clock, what is in the future happens now.
local rotated_at, handed_at = math.min(tonumber(record[4]), now), math.min(tonumber(record[5]), now)

local function alive(verdict) return answer(verdict, {int(expires_at - now)}) end
local function move_to(generation, current, following, served)
  gen, cur, rotated_at, handed_at = generation, current, now, now
  redis.call('HSET', KEYS[1], 'gen', gen, 'cur', current, 'next', following,
    'rotated', int(now), 'handed', int(now), 'key', served)
end

-- 2. A failover lost the last rotation: redo it, and go on.
if n == gen + 1 and ARGV[5] == next_digest then
  move_to(n, ARGV[5], ARGV[6], '')
  record[9] = ''
end

-- ANCHOR: decide
-- The exchange that made the current token, asked once more: it is done, and its outcome is the current token.
local same_attempt = attempt ~= '' and attempt == record[9]
-- 3. The current token. Handed out less than a window ago it stays, so a session rotates once a window at most, and
--    what is two steps old is always older than the window.
if n == gen and ARGV[5] == cur then
  if same_attempt then return alive('done') end
  if now - handed_at < window then return alive('kept') end
  move_to(n + 1, ARGV[6], ARGV[7], attempt)
  expires_at = math.min(now + tonumber(ARGV[11]), absolute_at)
  redis.call('HSET', KEYS[1], 'seen', int(now), 'expires', int(expires_at))
  redis.call('PEXPIRE', KEYS[1], int(expires_at - now + tonumber(ARGV[12])))
  redis.call('ZADD', KEYS[2], 'XX', int(expires_at), sid)
  return alive('rotated')
end

-- 4. Its parent, from a tab that was slower, or from a client whose answer was lost.
if n == gen - 1 and ARGV[6] == cur and (same_attempt or now - rotated_at < window) then
  redis.call('HSET', KEYS[1], 'rotated', int(rotated_at), 'handed', int(now))
  return alive('replayed')
end

-- 5. Any other ancestor: the counter catches them all, in constant memory.
if n < gen then return finish('reused') end

-- 6. More than one rotation ahead: the MAC says that we made this token, so the record is what is old. A client without
--    our key cannot get here, and with it gets no more than this answer.
if n > gen + 1 then return answer('ahead') end

-- 7. No token of this session.
return answer('invalid')
-- ANCHOR_END: decide
