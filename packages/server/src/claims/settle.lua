-- What becomes of a claim. It changes nothing where the claim is another's by now.
--
-- KEYS[1]  as in claim.lua
-- ARGV     token, what to do: 'heard' (still under way), 'release' (refused: the key is free again),
--          'reply' with the hash of the body, the receipt, and the window in ms; 'recovered' with the
--          same and with the ms after which a silent owner has lost: the answer of a server that died,
--          with whose name the tokens of its claims begin, which is given in place of a token
-- Returns  1 where it was done

local token, act = ARGV[1], ARGV[2]
local owner = redis.pcall('HGET', KEYS[1], 't')
if type(owner) == 'table' then return 0 end

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

if act == 'recovered' then
  if redis.call('HEXISTS', KEYS[1], 'r') == 1 then return 0 end
  if owner and string.sub(owner, 1, #token) ~= token then
    local claim = redis.call('HMGET', KEYS[1], 'a', 'b')
    if claim[2] ~= ARGV[3] or now - (tonumber(claim[1]) or 0) < tonumber(ARGV[6]) then return 0 end
  end
  owner, act = token, 'reply'
end

if act == 'reply' then
  if owner ~= token and (owner or redis.call('EXISTS', KEYS[1]) == 1) then return 0 end
  redis.call('HSET', KEYS[1], 'b', ARGV[3], 'r', ARGV[4])
  redis.call('HDEL', KEYS[1], 't', 'a')
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
  return 1
end

if owner ~= token then return 0 end
if act == 'release' then
  redis.call('DEL', KEYS[1])
  return 1
end
redis.call('HSET', KEYS[1], 'a', now)
return 1
