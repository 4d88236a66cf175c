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
 * Lua of a meter. `meter(text, us)` opens it at that time; `wait(m, l, cost)` says for how many microseconds it refuses
 * the cost by limit `l`, and by which of its three limits (0: not at all; -1: for ever); `spend(m, l, cost)` returns the
 * text to keep and for how many seconds, as `packed(m, l)` does of a meter that `settle` has changed: `m.clipped`. One that
 * is not kept would be as empty at the next attempt, and the wait that was told not true; `levels(m, l, out)` appends left and reset in milliseconds of each limit.
 */
export const METER = `
local SLOTS, BYTES, HEAD = ${SLOTS}, 4, 48
local NONE = string.rep('\\0', SLOTS * BYTES)
local floor, ceil, max, min = math.floor, math.ceil, math.max, math.min
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
local function slot(ring, second) return struct.unpack('>I4', ring, second % SLOTS * BYTES + 1) end
local function withSlot(ring, second, count)
  local at = second % SLOTS * BYTES
  return string.sub(ring, 1, at) .. struct.pack('>I4', count) .. string.sub(ring, at + BYTES + 1)
end
local function meter(text, us)
  local second = floor(us / 1000000)
  local m = { us = us, second = second, tat = us, sum = 0, ends = 0, used = 0, per = 0, ring = NONE }
  if not text or #text ~= HEAD + SLOTS * BYTES then return m end
  local tat, head, sum, ends, used, per = struct.unpack('>dddddd', text)
  m.ends, m.used, m.per = ends, used, per
  if tat > us then m.tat = tat end
  local gone = second - head
  -- A clock that was set back counts on where it was, as long as that is within the window.
  if gone < 0 and gone > -SLOTS then m.second, gone = head, 0 end
  if gone < 0 or gone >= SLOTS then return m end
  local ring = string.sub(text, HEAD + 1)
  for past = head + 1, head + gone do
    local count = slot(ring, past)
    if count > 0 then
      sum, ring = sum - count, withSlot(ring, past, 0)
      if sum == 0 then break end
    end
  end
  if sum > 0 then m.sum, m.ring = sum, ring end
  return m
end
local function settle(m, l)
  -- Of settings that were lowered meanwhile, or a clock that was set back: a bucket is never emptier than empty.
  local emptiest = m.us + l[1] * l[2]
  m.clipped = m.tat > emptiest
  m.tat = min(m.tat, emptiest)
  if l[4] == 0 then return end
  local now = floor(m.us / 1000000)
  if now >= m.ends then m.used = 0 end
  if now >= m.ends or m.per ~= l[5] then
    m.per = l[5]
    m.ends = l[5] == 2 and monthEnd(now) or (floor(now / 86400) + 1) * 86400
  end
end
local function freed(m, need)
  local count = 0
  for second = m.second - SLOTS + 1, m.second do
    count = count + slot(m.ring, second)
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
local function packed(m, l)
  local keep = max(SLOTS + 1, ceil((m.tat - m.us) / 1000000) + 1)
  if l[4] > 0 then keep = max(keep, m.ends - floor(m.us / 1000000) + 1) end
  return struct.pack('>dddddd', m.tat, m.second, m.sum, m.ends, m.used, m.per) .. m.ring, keep
end
local function spend(m, l, cost)
  m.tat = m.tat + l[1] * cost
  m.ring = withSlot(m.ring, m.second, slot(m.ring, m.second) + cost)
  m.sum, m.used = m.sum + cost, m.used + cost
  return packed(m, l)
end
local function levels(m, l, out)
  local n = #out
  out[n + 1] = max(0, floor((m.us + l[1] * l[2] - m.tat) / l[1]))
  out[n + 2] = ceil((m.tat - m.us) / 1000)
  out[n + 3] = max(0, l[3] - m.sum)
  out[n + 4] = m.sum > 0 and 60000 or 0
  out[n + 5] = l[4] > 0 and max(0, l[4] - m.used) or 0
  out[n + 6] = l[4] > 0 and ceil(m.ends * 1000 - m.us / 1000) or 0
end
`;

/** What `levels` says of one meter: bucket, minute, quota. */
export const LEVELS_OF_A_METER = 3;

/** What is left of one limit, and when all of it is there again. */
export interface Level {
  readonly left: number;
  readonly resetMs: number;
}
