-- A small write for replicas to confirm. Also when memory is full: the ending before it went through as well.
-- KEYS: 1 fence
redis.call('SET', KEYS[1], '', 'PX', 1000)
