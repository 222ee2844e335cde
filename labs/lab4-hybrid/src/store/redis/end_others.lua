-- Ends all sessions of a user but one, by one change of the set.
-- KEYS: 1 sessions
-- ARGV: 3 sid to keep
-- 'done' {sids that are over ...}; their records are dropped by the caller, who knows their keys now
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', int(now))
local over = {}
for _, sid in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  if sid ~= ARGV[3] then
    redis.call('ZREM', KEYS[1], sid)
    over[#over + 1] = sid
  end
end
return answer('done', over)
