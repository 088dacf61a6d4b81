-- Turns on quotas that all servers share: the law of core/slots.ts, on a cursor and a count of senders
-- kept beside each quota's state. Whole µs throughout, which doubles hold exactly.
--
-- KEYS     for each quota two: a sorted set of senders, by the µs until which each counts; its cursor
-- ARGV     now (0: this server's clock; otherwise a test's), sender, most senders, furthest ahead in µs,
--          the same for who was let in, how long who is told nothing counts in µs; and for each quota
--          five: 1 where it refused,
--          tokens left, tokens asked for, µs until as many pass, µs that they take to earn
-- Returns  for each quota three: µs from now until the turn (-1: none is told), 1 where it was set
--          aside, senders counted

local now, sender = tonumber(ARGV[1]), ARGV[2]
local most, furthest = tonumber(ARGV[3]), tonumber(ARGV[4])
local furthest_next, quiet = tonumber(ARGV[5]), tonumber(ARGV[6])
if now == 0 then
  local clock = redis.call('TIME')
  now = clock[1] * 1000000 + clock[2]
end
-- Longer than anything in it counts.
local ttl = math.ceil((furthest + quiet) / 1000) + 1000

local told = {}
for i = 1, #KEYS / 2 do
  local set, place = KEYS[i * 2 - 1], KEYS[i * 2]
  local at = i * 5 + 2
  local refused = ARGV[at] == '1'
  local left, cost = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local wait, span = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])

  redis.call('ZREMRANGEBYSCORE', set, '-inf', '(' .. string.format('%.0f', now))
  local known = redis.call('ZSCORE', set, sender)
  local senders = redis.call('ZCARD', set)
  local answer, held = -1, 0
  if known or senders < most then
    if not known then senders = senders + 1 end
    if refused or (senders >= 2 and left <= senders * cost) then
      local limit = now + (refused and furthest or furthest_next)
      local last = math.min(tonumber(redis.call('GET', place) or 0) or 0, now + furthest)
      local turn = math.max(now + wait, last + span)
      if turn <= limit then
        held = 1
        redis.call('SET', place, string.format('%.0f', turn), 'PX', ttl)
      else
        turn = math.max(now + wait, limit)
      end
      answer = turn - now
    end
    local back = refused and math.min(wait, furthest) or 0
    redis.call('ZADD', set, string.format('%.0f', now + math.max(answer, back, 0) + quiet), sender)
    redis.call('PEXPIRE', set, ttl + math.max(0, math.ceil((answer - furthest) / 1000)))
  end
  told[#told + 1] = answer
  told[#told + 1] = held
  told[#told + 1] = senders
end
return told
