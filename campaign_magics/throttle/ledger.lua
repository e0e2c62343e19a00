-- The law of ledger.py and easing.py, function by function, on the server's clock.
-- A test puts the same wishes to both and compares every answer.
--
-- KEYS[1]  the state: tickets, and what each bucket knows besides its slots.  Beside it
--          lie <KEYS[1]>:slots:<api>, a sorted set per bucket whose members are their
--          scores, and <KEYS[1]>:usage:<minute>, a hash of counts.  The name holds a
--          {tag}, so that all of them are in one slot of a cluster.
-- ARGV     operation, its arguments as JSON, the time or '' for the server's.
--
-- redis.py sets the constants above this text.

local NAME = KEYS[1]
local INSTANCE = ''
local NEVER = -math.huge

local function text(number)
  return string.format('%.17g', number)
end

-- The state ---------------------------------------------------------------------------

local function load()
  local stored = redis.call('GET', NAME)
  if stored then
    return cmsgpack.unpack(stored)
  end
  return {
    tickets = {}, buckets = {}, next_ticket = 1, revision = 0, written = NEVER, offset = 0
  }
end

local function save(state, now)
  local kept = IDLE
  for _, bucket in pairs(state.buckets) do
    kept = math.max(kept, bucket.blocked_until - now)
  end
  redis.call('SET', NAME, cmsgpack.pack(state), 'EX', math.ceil(kept) + 60)
end

-- The server's clock may be set back, or be another server's after a failover: time then
-- goes on from where it was.
local function time(state, given)
  local now
  if given ~= '' then
    now = tonumber(given)
  else
    local parts = redis.call('TIME')
    now = tonumber(parts[1]) + tonumber(parts[2]) / 1000000
  end
  if now + state.offset < state.written then
    state.offset = state.written - now
  end
  return math.max(now + state.offset, state.written)
end

-- Rates (easing.py, limits.py) --------------------------------------------------------

local function limit_of(limits, api)
  if api == INSTANCE then
    return limits.default
  end
  return limits.per_api[api]
end

local function eased_rate(ease, limit, now)
  if not ease then
    return limit
  end
  local climb = math.max(0, (now - ease.since - HOLD) / (FULL - HOLD))
  local top = limit or 2 * ease.level
  local rate = ease.level + (top - ease.level) * climb ^ 2
  if limit and rate >= limit then
    return limit
  end
  return rate >= 1 and math.floor(rate) or rate
end

local function lowered_level(start, accepted)
  if not start then
    return math.max(1, accepted)
  end
  local highest = math.max(math.floor(start) - 1, start / 2)
  return math.max(LOWEST, start / 2, math.min(accepted, highest))
end

local function lower(ease, limit, accepted, sent, now, since)
  if ease and sent <= ease.since then
    local level = math.min(ease.level, lowered_level(ease.start, accepted))
    return {level = level, start = ease.start, since = math.max(ease.since, since)}
  end
  local start = eased_rate(ease, limit, now)
  local calm = not ease or now - ease.since > FULL
  if calm and start and 1 <= start and start <= accepted + 1 then
    return {level = start, start = start, since = since}
  end
  return {level = lowered_level(start, accepted), start = start, since = since}
end

-- Buckets -----------------------------------------------------------------------------

local function slots_of(bucket)
  return NAME .. ':slots:' .. bucket.api
end

local function bucket_of(state, api)
  if not state.buckets[api] then
    state.buckets[api] = {
      api = api, blocked_until = NEVER, pressed_until = NEVER, paced_to = NEVER,
      latest = NEVER
    }
  end
  return state.buckets[api]
end

local function window_of(bucket, limit, now)
  local rate = eased_rate(bucket.ease, limit, now)
  if not rate then
    return nil
  end
  local calls = math.max(1, math.floor(rate))
  return {calls = calls, seconds = calls / rate}
end

local function gap(within)
  return PACE * within.seconds / within.calls
end

local function count(bucket, after, before)
  local to = before and '(' .. text(before) or '+inf'
  return redis.call('ZCOUNT', slots_of(bucket), '(' .. text(after), to)
end

local function turn(bucket, now)
  return math.max(bucket.paced_to, now) - CATCH_UP
end

local function free(bucket, within, now)
  if now < bucket.blocked_until then
    return 0
  end
  if not within then
    return math.huge
  end
  local room = within.calls - count(bucket, now - within.seconds)
  if now < bucket.pressed_until then
    room = math.min(room, math.floor((now - turn(bucket, now)) / gap(within)) + 1)
  end
  return math.max(0, room)
end

local function press(bucket, within, rank, now)
  if within and within.calls - rank <= count(bucket, now - within.seconds) then
    bucket.pressed_until = math.max(now, bucket.blocked_until) + 2 * within.seconds
  end
end

local function opens(bucket, within, rank, now)
  local start = math.max(now, bucket.blocked_until)
  if not within then
    return start
  end
  local rounds = math.floor(rank / within.calls)
  local after = start - within.seconds
  local index = count(bucket, after) - within.calls + rank % within.calls
  local first = start
  if index >= 0 then
    local held = redis.call(
      'ZRANGEBYSCORE', slots_of(bucket), '(' .. text(after), '+inf', 'LIMIT', index, 1
    )
    first = tonumber(held[1]) + within.seconds
  end
  local open = first + rounds * within.seconds
  if start < bucket.pressed_until then
    open = math.max(open, turn(bucket, start) + rank * gap(within))
  end
  return open
end

local function put(bucket, slot)
  local key = slots_of(bucket)
  bucket.latest = math.max(bucket.latest, slot)
  redis.call('ZADD', key, text(slot), text(slot))
  redis.call('EXPIRE', key, IDLE + 60)
end

local function add(bucket, slot, within, now)
  local reach = 1
  if within then
    reach = math.max(reach, within.seconds)
    bucket.paced_to = math.max(bucket.paced_to, now) + gap(within)
  end
  redis.call('ZREMRANGEBYSCORE', slots_of(bucket), '-inf', text(now - reach - KEPT))
  put(bucket, slot)
end

-- A slot's time is its name: make it unique.
local function free_time(slot, one, other)
  local function taken(bucket)
    return redis.call('ZSCORE', slots_of(bucket), text(slot))
  end
  while taken(one) or taken(other) do
    slot = slot + 0.000001
  end
  return slot
end

-- Move a call's slot in both buckets, or take it out.
local function move(state, api, old, new)
  local own, instance = bucket_of(state, api), bucket_of(state, INSTANCE)
  local found = {}
  for _, bucket in ipairs({own, instance}) do
    if redis.call('ZREM', slots_of(bucket), text(old)) == 1 then
      table.insert(found, bucket)
    end
  end
  if not new then
    return nil
  end
  new = free_time(new, own, instance)
  for _, bucket in ipairs(found) do
    put(bucket, new)
  end
  return new
end

-- Tickets -----------------------------------------------------------------------------

local function leave(state, number)
  local kept = {}
  for _, ticket in ipairs(state.tickets) do
    if ticket.number ~= number then
      table.insert(kept, ticket)
    end
  end
  state.tickets = kept
end

local function queue(state, wish, due)
  local number = wish.ticket or state.next_ticket
  state.next_ticket = math.max(state.next_ticket, number + 1)
  local place = 1
  for index, ticket in ipairs(state.tickets) do
    if ticket.number == number then
      ticket.due = due
      return number
    elseif ticket.number < number then
      place = index + 1
    end
  end
  table.insert(state.tickets, place, {number = number, api = wish.api, due = due})
  return number
end

local function tidy(state, now)
  local kept = {}
  for _, ticket in ipairs(state.tickets) do
    if ticket.due + FORGOTTEN >= now then
      table.insert(kept, ticket)
    end
  end
  state.tickets = kept
  for api, bucket in pairs(state.buckets) do
    local used = bucket.latest > NEVER
    if used and math.max(bucket.latest, bucket.blocked_until) < now - IDLE then
      redis.call('DEL', slots_of(bucket))
      state.buckets[api] = nil
    end
  end
end

-- Usage -------------------------------------------------------------------------------

local function note(now, api, kernel, counts)
  local second = math.floor(now)
  local key = NAME .. ':usage:' .. math.floor(second / 60)
  local field = second .. ' ' .. kernel .. ' ' .. api
  local sums = {}
  for number in (redis.call('HGET', key, field) or ''):gmatch('%S+') do
    table.insert(sums, tonumber(number))
  end
  for index, value in ipairs(counts) do
    sums[index] = text((sums[index] or 0) + value)
  end
  redis.call('HSET', key, field, table.concat(sums, ' '))
  redis.call('EXPIRE', key, IDLE + 120)
end

-- Operations --------------------------------------------------------------------------

local operations = {}

function operations.ask(state, now, wish)
  tidy(state, now)
  local ahead = {}
  for _, ticket in ipairs(state.tickets) do
    local before = not wish.ticket or ticket.number < wish.ticket
    if before and ticket.due + GRACE >= now then
      ahead[ticket.api] = (ahead[ticket.api] or 0) + 1
    end
  end
  local own, instance = bucket_of(state, wish.api), bucket_of(state, INSTANCE)
  local own_window = window_of(own, limit_of(wish.limits, wish.api), now)
  local all_window = window_of(instance, wish.limits.default, now)
  -- An earlier ticket that its own API's limit holds back claims nothing here.
  local claimed = 0
  for api, waiting in pairs(ahead) do
    local bucket = bucket_of(state, api)
    local within = window_of(bucket, limit_of(wish.limits, api), now)
    claimed = claimed + math.min(waiting, free(bucket, within, now))
  end
  local rank = ahead[wish.api] or 0
  if free(own, own_window, now) > rank and free(instance, all_window, now) > claimed then
    leave(state, wish.ticket)
    local slot = free_time(now + wish.headroom, own, instance)
    add(own, slot, own_window, now)
    add(instance, slot, all_window, now)
    note(now, wish.api, wish.kernel, wish.counts)
    return {'permit', text(slot), text(now)}
  end
  press(own, own_window, rank, now)
  press(instance, all_window, claimed, now)
  local open = math.max(
    opens(own, own_window, rank, now), opens(instance, all_window, claimed, now)
  )
  local nap = math.min(math.max(open - now, SHORTEST_NAP), LONGEST_NAP)
  return {'wait', queue(state, wish, now + nap), text(nap)}
end

function operations.leave(state, now, given)
  leave(state, given.ticket)
end

function operations.sent(state, now, given)
  local slot = math.max(now + given.headroom, given.slot)
  return {text(move(state, given.api, given.slot, slot)), text(now)}
end

function operations.settle(state, now, given)
  -- An ended call has arrived: its slot can be no later than now.
  move(state, given.api, given.slot, math.min(given.slot + given.held_up, now))
  note(now, given.api, given.kernel, given.counts)
end

function operations.refuse(state, now, given)
  local resume = now + math.max(SHORTEST_PAUSE, given.retry_after or DEFAULT_PAUSE)
  local tightest, highest
  -- The server meant the limit that was used the most; the API's own where both were.
  for _, bucket in ipairs({bucket_of(state, given.api), bucket_of(state, INSTANCE)}) do
    local limit = limit_of(given.limits, bucket.api)
    local rate = eased_rate(bucket.ease, limit, now)
    local accepted = count(bucket, given.slot - 1, given.slot)
    local share = rate and accepted / rate or -1
    if not highest or share > highest then
      tightest, highest = {bucket = bucket, limit = limit, accepted = accepted}, share
    end
  end
  move(state, given.api, given.slot, nil)
  local bucket = tightest.bucket
  bucket.blocked_until = math.max(bucket.blocked_until, resume)
  bucket.ease = lower(
    bucket.ease, tightest.limit, tightest.accepted, given.slot, now, resume
  )
  note(now, given.api, given.kernel, given.counts)
end

function operations.view(state, now)
  local tickets, buckets = {}, {}
  for _, ticket in ipairs(state.tickets) do
    table.insert(tickets, {text(ticket.number), ticket.api, text(ticket.due)})
  end
  for api, bucket in pairs(state.buckets) do
    local ease = bucket.ease or {}
    table.insert(buckets, {
      api,
      text(bucket.blocked_until),
      text(bucket.pressed_until),
      text(bucket.paced_to),
      ease.level and text(ease.level) or '',
      ease.start and text(ease.start) or '',
      ease.since and text(ease.since) or '',
      table.concat(redis.call('ZRANGE', slots_of(bucket), 0, -1), ' ')
    })
  end
  local head = {text(now), state.next_ticket, state.revision, text(state.written)}
  return {head, tickets, buckets}
end

local state = load()
local now = time(state, ARGV[3])
local answer = operations[ARGV[1]](state, now, cjson.decode(ARGV[2]))
if ARGV[1] ~= 'view' then
  state.revision = state.revision + 1
  state.written = now
  save(state, now)
end
return answer
