-- Is a session alive? Reads only.
-- KEYS: 1 record   2 sessions   3 epoch
-- ARGV: 3 sid   4 epoch of the row
-- 'done' {client, device} or 'ended'
local record = redis.call('HMGET', KEYS[1], 'expires', 'limit', 'epoch', 'client', 'device')
if not record[1] or not redis.call('ZSCORE', KEYS[2], ARGV[3]) then return answer('ended') end
if now >= math.min(tonumber(record[1]), tonumber(record[2])) then return answer('ended') end
local epoch = math.max(tonumber(redis.call('GET', KEYS[3]) or '0'), tonumber(ARGV[4]))
if tonumber(record[3]) < epoch then return answer('ended') end
return answer('done', {record[4], record[5] or ''})
