-- The rate law of core/gcra.ts on states that all servers share: up to 64 decisions in one call, in
-- order, each all or nothing. Whole numbers below 2^53 throughout, which doubles hold exactly.
--
-- KEYS     one for each state, or any one where there are none. A state is three little-endian doubles: the instant in µs at which
--          nothing is owed, a rest in 1/r µs, and r. It expires when nothing is owed.
-- ARGV[1]  little-endian doubles:
--            now (0: this server's clock; otherwise a test's, and as that may stand still, what is
--            kept is kept an hour longer), number of states, number of decisions
--            of each state: r, cap (below 0 where its quota is on trial and refuses nobody)
--            of each decision: kind (0 take, 1 refund, 2 forced charge, 3 raise), number of parts, and of
--            each part: place of its state from 1 on, charge in 1/r µs
-- Returns one string: now, how many states were damaged, the states as they were found (zeros where
-- there was none), and for each decision '1' or '0'.
--
-- The caller derives all else from the states by the same law in TypeScript. What follows here
-- must stay line for line what core/gcra.ts does: vectors and fuzzing hold the two together.

local call, pack, unpack_doubles, format = redis.call, struct.pack, struct.unpack, string.format
local largest = 9007199254740992

local packed = ARGV[1]
local at = 1
local function doubles(count)
  -- The format is as long as the list; a list of 7,000 would still fit Lua's stack.
  local list = {unpack_doubles('<' .. string.rep('d', count), packed, at)}
  at = at + count * 8
  return list
end

local head = doubles(3)
local now, states, decisions = head[1], head[2], head[3]
local longer = 3600000
if now == 0 then
  longer = 0
  local clock = call('TIME')
  now = clock[1] * 1000000 + clock[2]
end

-- x % 1 and comparisons instead of calls of math: a tenth less time. x - x % 1 is exactly floor(x).
-- A value of another type reads as none.
local found = call('MGET', unpack(KEYS))
local none = string.rep('\0', 24)
local damaged = 0
local rates = doubles(states * 2)
local debts, dirty, missing = {}, {}, {}
for i = 1, states do
  local r, cap = rates[i * 2 - 1], rates[i * 2]
  if cap < 0 then cap = -cap end
  local owed = 0
  local value = found[i]
  if value then
    local tat, rest, unit
    if #value == 24 then tat, rest, unit = unpack_doubles('<ddd', value) end
    if tat and tat % 1 == 0 and tat >= 0 and tat < largest and unit % 1 == 0 and unit < largest
        and rest % 1 == 0 and rest >= 0 and rest < unit then
      if unit == r then
        owed = (tat - now) * r + rest
      else
        owed = (tat + 1 - now) * r
      end
      -- What is paid goes, as it does in core: a clock that steps back must not bring it back.
      if owed <= 0 or owed > cap then dirty[i] = true end
    else
      damaged = damaged + 1
      dirty[i] = true
      found[i] = none
    end
  else
    found[i] = none
    missing[i] = true
  end
  if owed < 0 then owed = 0 elseif owed > cap then owed = cap end
  debts[i] = owed
end

local said = {}
local list = doubles((#packed - at + 1) / 8)
local p = 1
for d = 1, decisions do
  local kind, parts = list[p], list[p + 1]
  local first, last = p + 2, p + parts * 2
  p = last + 2
  local allowed = '1'
  if kind == 0 then
    for q = first, last, 2 do
      local i = list[q]
      local cap = rates[i * 2]
      if cap >= 0 and list[q + 1] - (cap - debts[i]) > 0 then allowed = '0' end
    end
    if allowed == '1' then
      for q = first, last, 2 do
        local i, charge = list[q], list[q + 1]
        local cap = rates[i * 2]
        if cap >= 0 or charge - (-cap - debts[i]) <= 0 then
          debts[i] = debts[i] + charge
          if charge > 0 then dirty[i] = true end
        end
      end
    end
  else
    for q = first, last, 2 do
      local i, charge = list[q], list[q + 1]
      local before = debts[i]
      local cap = rates[i * 2]
      if kind == 1 then
        debts[i] = before > charge and before - charge or 0
      else
        if cap < 0 then cap = -cap end
        local after = charge
        if kind == 2 then after = before + charge elseif before > charge then after = before end
        debts[i] = after < cap and after or cap
      end
      if debts[i] ~= before then dirty[i] = true end
    end
  end
  said[d] = allowed
end

for i = 1, states do
  if dirty[i] then
    local debt, r = debts[i], rates[i * 2 - 1]
    if debt == 0 then
      call('DEL', KEYS[i])
    else
      local exact = debt / r
      local us = exact - exact % 1
      local value = pack('<ddd', now + us, debt - us * r, r)
      local ms = exact / 1000
      -- Rounded up. As text, since Redis is slower at writing numbers out.
      local ttl = format('%d', ms - ms % 1 + (ms % 1 > 0 and 1 or 0) + longer)
      if missing[i] then
        -- What reads as none and is there all the same is of another type.
        if not call('SET', KEYS[i], value, 'PX', ttl, 'NX') then
          damaged = damaged + 1
          call('SET', KEYS[i], value, 'PX', ttl)
        end
      else
        call('SET', KEYS[i], value, 'PX', ttl)
      end
    end
  end
end

return pack('<dd', now, damaged) .. table.concat(found, '', 1, states) .. table.concat(said)
