-- Ends one session.
-- KEYS: 1 record   2 sessions   3 dead
-- ARGV: 3 sid   4 how long an ending is remembered
-- 'done' {'1'} if it was alive, else 'done' {'0'}
local expires_at = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[3]) or '0')
if now >= expires_at then return answer('done', {'0'}) end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[3])
redis.call('SET', KEYS[3], 'ended', 'PX', ARGV[4])
return answer('done', {'1'})
