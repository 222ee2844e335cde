-- Which sessions does a user have? Reads only; their records are fetched by the caller, who knows their keys then.
-- KEYS: 1 sessions   2 epoch
-- 'done' {the epoch's key, sids ...}
local sids = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. int(now), '+inf')
table.insert(sids, 1, redis.call('GET', KEYS[2]) or '0')
return answer('done', sids)
