-- Stands before every script: the time, the deadline, and the shape of an answer.
-- ARGV: 1 deadline, in Redis' milliseconds   2 how far the lab's clock was moved, in milliseconds
--
-- Every answer is {Redis' time, verdict, {more}}. The time teaches the caller what Redis' clock says. A command that
-- comes after its deadline has nobody waiting for it any more (Redis was paused, the network was stuck), and what its
-- caller wanted then may be wrong by now: it does nothing.
local time = redis.call('TIME')
local redis_now = time[1] * 1000 + math.floor(time[2] / 1000)
local now = redis_now + tonumber(ARGV[2])

-- Lua's numbers are doubles: exact for milliseconds, but printed as 1e+12 unless told otherwise.
local function int(number) return string.format('%.0f', number) end
local function answer(verdict, more) return {int(redis_now), verdict, more or {}} end

-- Lets a key live at least so long; never shortens its life.
local function outlive(key, ttl)
  if redis.call('PTTL', key) < ttl then redis.call('PEXPIRE', key, int(ttl)) end
end

if redis_now > tonumber(ARGV[1]) then return answer('late') end
