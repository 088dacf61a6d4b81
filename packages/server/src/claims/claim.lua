-- Asks for an Idempotency-Key that all servers share. Exactly one of those who ask at once gets it.
--
-- KEYS[1]  a hash: r and b where the request was answered (its receipt, and the hash of its body);
--          t, a and b while it is under way (whose claim it is, when it was last heard of, the body)
-- ARGV     token of who asks, hash of its body, window in ms, ms after which a silent owner has lost
-- Returns  {'claimed'} | {'taken over'} | {'open'} | {'other body'} | {'reply', hash of body, receipt}

local token, body, window, silent = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local found = redis.pcall('HMGET', KEYS[1], 'r', 't', 'a', 'b')
if found.err then
  -- A value of another type is none of ours.
  redis.call('DEL', KEYS[1])
  found = {false, false, false, false}
end

local outcome = 'claimed'
if found[1] then return {'reply', found[4] or '', found[1]} end
if found[2] and found[2] ~= token then
  if found[4] ~= body then return {'other body'} end
  local heard = tonumber(found[3]) or 0
  -- Earlier than now, or later where a clock stepped back: then it is heard of from now on.
  if heard > now then redis.call('HSET', KEYS[1], 'a', now) end
  if heard > now or now - heard < silent then return {'open'} end
  outcome = 'taken over'
end
redis.call('HSET', KEYS[1], 't', token, 'a', now, 'b', body)
redis.call('PEXPIRE', KEYS[1], window)
return {outcome}
