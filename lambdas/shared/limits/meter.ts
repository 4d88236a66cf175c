import type { Limit } from './plans';

/*
 * A meter counts what one caller, one organisation or one address has spent: a token bucket (as GCRA: one time instead
 * of a level), a sliding minute of one-second sub-windows, and a quota of the calendar. It is one Redis string, so that
 * a script reads and writes it whole; the clock is the server's.
 *
 * The minute counts each sub-window until all of it is older than sixty seconds: no true minute ever sees more than the
 * limit, and a steady caller gets 60/61 of it. Interpolating between two windows, as is common, lets 1.3 times through.
 */

/** Sub-windows of a second: those of a minute, and the one that is only partly in it. */
const SLOTS = 61;

/** Microseconds between tokens: whole, so that sums in a double are exact and a bucket never gives one too many. */
export const intervalOf = ({ ratePerSecond }: Pick<Limit, 'ratePerSecond'>): number => Math.ceil(1e6 / ratePerSecond);

/** Numbers of a limit in a script's order: interval, burst, minute, quota (0: none), days (1) or months (2). */
export const limitNumbers = (limit: Limit): readonly number[] => [
  intervalOf(limit),
  limit.burst,
  limit.perMinute,
  limit.quota?.requests ?? 0,
  limit.quota?.per === 'month' ? 2 : 1,
];
export const NUMBERS_OF_A_LIMIT = 5;

/**
 * Lua of a meter. `meter(text, us)` opens it at that time; `settle(m, l)` brings it to limit `l`; `wait(m, l, cost)` says
 * for how many microseconds it refuses the cost, and by which of its three limits (0: not at all; -1: for ever);
 * `spend(m, l, cost)` returns the text to keep and for how many seconds, `packed(m, l)` the same with nothing spent;
 * `levels(m, l)` returns what is left and the reset in milliseconds of each limit. Written for speed: every request of
 * every caller runs it twice (npm run bench -- guard), so it makes few strings and no table but one.
 */
export const METER = `
local SLOTS, BYTES, HEAD = ${SLOTS}, 4, 48
local ALL = HEAD + SLOTS * BYTES
local call = redis.call
local floor, ceil, max, pack, unpack, sub = math.floor, math.ceil, math.max, struct.pack, struct.unpack, string.sub
local function monthEnd(now)
  local z = floor(now / 86400) + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local year, month = yoe + era * 400, floor((5 * doy + 2) / 153) + 1
  if month == 12 then month, year = 0, year + 1 end
  local days = 365 * year + floor(year / 4) - floor(year / 100) + floor(year / 400) + floor((153 * month + 2) / 5)
  return (days - 719468) * 86400
end
-- Without a text all sub-windows are empty.
local function meter(text, us)
  local second = floor(us / 1000000)
  local m = { us = us, now = second, second = second, tat = us, sum = 0, ends = 0, used = 0, per = 0, text = false }
  if not text or #text ~= ALL then return m end
  local tat, head, sum, ends, used, per = unpack('>dddddd', text)
  m.ends, m.used, m.per = ends, used, per
  if tat > us then m.tat = tat end
  local gone = second - head
  -- A clock that was set back counts on where it was, as long as that is within the window.
  if gone < 0 and gone > -SLOTS then m.second, gone = head, 0 end
  if gone < 0 or gone >= SLOTS then return m end
  for past = head + 1, head + gone do
    local at = HEAD + past % SLOTS * BYTES
    local count = unpack('>I4', text, at + 1)
    if count > 0 then sum, text = sum - count, sub(text, 1, at) .. '\\0\\0\\0\\0' .. sub(text, at + BYTES + 1) end
  end
  if sum > 0 then m.sum, m.text = sum, text end
  return m
end
local function settle(m, l)
  -- Of settings that were lowered meanwhile, or a clock that was set back: a bucket is never emptier than empty.
  local emptiest = m.us + l[1] * l[2]
  if m.tat > emptiest then m.tat, m.clipped = emptiest, true end
  if l[4] == 0 then return end
  local now = m.now
  if now >= m.ends then m.used = 0 end
  if now >= m.ends or m.per ~= l[5] then
    m.per = l[5]
    m.ends = l[5] == 2 and monthEnd(now) or (floor(now / 86400) + 1) * 86400
  end
end
local function freed(m, need)
  local count = 0
  for second = m.second - SLOTS + 1, m.second do
    if m.text then count = count + unpack('>I4', m.text, HEAD + second % SLOTS * BYTES + 1) end
    if count >= need then return (second + SLOTS) * 1000000 - m.us end
  end
  return -1
end
local function wait(m, l, cost)
  if cost > l[2] then return -1, 1 end
  if cost > l[3] then return -1, 2 end
  if l[4] > 0 and cost > l[4] then return -1, 3 end
  local longest, by = 0, 0
  local over = m.tat + l[1] * cost - m.us - l[1] * l[2]
  if over > 0 then longest, by = over, 1 end
  if m.sum + cost > l[3] then
    local us = freed(m, m.sum + cost - l[3])
    if us > longest then longest, by = us, 2 end
  end
  if l[4] > 0 and m.used + cost > l[4] then
    local us = m.ends * 1000000 - m.us
    if us > longest then longest, by = us, 3 end
  end
  return longest, by
end
local function spend(m, l, cost)
  local tat, sum, used = m.tat + l[1] * cost, m.sum + cost, m.used + cost
  m.tat, m.sum, m.used = tat, sum, used
  local keep = SLOTS + 1
  local full = ceil((tat - m.us) / 1000000) + 1
  if full > keep then keep = full end
  if l[4] > 0 and m.ends - m.now + 1 > keep then keep = m.ends - m.now + 1 end
  local text = m.text or string.rep('\\0', ALL)
  local at = HEAD + m.second % SLOTS * BYTES
  local head = pack('>dddddd', tat, m.second, sum, m.ends, used, m.per)
  local count = pack('>I4', unpack('>I4', text, at + 1) + cost)
  return head .. sub(text, HEAD + 1, at) .. count .. sub(text, at + BYTES + 1), keep
end
local function packed(m, l) return spend(m, l, 0) end
local function levels(m, l)
  local burst = floor((m.us + l[1] * l[2] - m.tat) / l[1])
  local full, minute = ceil((m.tat - m.us) / 1000), l[3] - m.sum
  if burst < 0 then burst = 0 end
  if minute < 0 then minute = 0 end
  if l[4] == 0 then return burst, full, minute, m.sum > 0 and 60000 or 0, 0, 0 end
  return burst, full, minute, m.sum > 0 and 60000 or 0, max(0, l[4] - m.used), ceil(m.ends * 1000 - m.us / 1000)
end
`;

/** What `levels` says of one meter: pairs of what is left and its reset, of bucket, minute and quota. */
export const LEVELS_OF_A_METER = 6;
