import { METER, NUMBERS_OF_A_LIMIT } from '../limits/meter';
import type { Commands } from '../stores/redis';
import { script } from '../stores/script';

/*
 * The one question that is asked of Redis for each request: is this caller known and not revoked, and what is left of
 * its limits? One script, one round trip, the server's clock. Whoever may not act spends nothing; whoever is over one
 * limit spends nothing of the others either.
 */

/** All in one hash slot, `{organisation}`. */
export interface AdmitKeys {
  readonly organisationEpoch: string;
  readonly subjectEpoch: string;
  readonly entry: string;
  readonly changing: string;
  readonly principalMeter: string;
  readonly organisationMeter: string;
  readonly running: string;
  readonly usage: string;
  /** Meters that only look: what both limits would say if requests were counted at their whole cost. */
  readonly observedPrincipal: string;
  readonly observedOrganisation: string;
}

export interface AdmitQuestion {
  /** Drawn for this call: what is running is noted under it, and lost epochs become it. */
  readonly callId: string;
  readonly cost: number;
  /** What it would cost, where `cost` is less than that on purpose; 0 where it is not. It refuses nothing. */
  readonly observed: number;
  /** The version of the settings that this environment has; an entry of an older one is not judged by. */
  readonly version: number;
  /** The id of the entry that this environment has already: it is not sent again. */
  readonly knownEntry: string;
  readonly token: string;
  /** The caller's address as 128 binary digits. */
  readonly addressBits: string;
  /** The day under which a key's use is counted, and the oldest that is kept; empty for nobody's. */
  readonly usedOn: string;
  readonly oldestUse: string;
  /** An entry read from PostgreSQL: it is judged by, and kept when `keep` and nothing has changed meanwhile. */
  readonly offered: string;
  readonly keep: boolean;
}

/** Entries that are lost cost a query each; epochs that are lost are drawn anew, which makes every entry void. */
export const EPOCH_SECONDS = 86_400;
/** However often an entry is used, it is read anew after this time. */
export const ENTRY_SECONDS = 300;
/** How many days counts of use are kept, today included. */
export const USAGE_DAYS = 35;
const DAY_SECONDS = 86_400;
/** Longer than API Gateway waits for any function: what still counts as running then has died. */
const RUNNING_MS = 30_000;
/** When a place may be free again is not known: the caller is told to come after this time. */
const RUNNING_RETRY_MS = 1_000;

const numbers = (count: number) => ' (%d+)'.repeat(count);

/** id, two epochs, version, refused, end; the numbers of two limits; concurrency; then three lines. */
const HEADER = `^(%S+) (%S+) (%S+)${numbers(3 + 2 * NUMBERS_OF_A_LIMIT + 1)}\\n([^\\n]*)\\n([^\\n]*)\\n()`;

const ADMIT = script(`${METER}
local t = call('TIME')
local now = tonumber(t[1])
local us = now * 1000000 + tonumber(t[2])
local kept = call('MGET', KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6])
local function epoch(i)
  if kept[i] then return kept[i] end
  call('SET', KEYS[i], ARGV[1], 'EX', ${EPOCH_SECONDS})
  return ARGV[1]
end
local organisation, subject = epoch(1), epoch(2)
local changing = 0
if kept[4] then
  for ends in string.gmatch(kept[4], ' (%d+)') do
    if tonumber(ends) > now then changing = changing + 1 end
  end
end
local text = kept[3]
if ARGV[9] ~= '' then text = ARGV[9] elseif changing > 0 then text = false end
if not text then return { 'absent', organisation, subject, changing } end
local id, e1, e2, version, refused, ends, p1, p2, p3, p4, p5, o1, o2, o3, o4, o5, most, ranges, revoked, body =
  string.match(text, '${HEADER}')
if not id then return { 'absent', organisation, subject, changing } end
local valid = e1 == organisation and e2 == subject
local json = id ~= ARGV[4] and string.sub(text, body)
if ARGV[9] == '' then
  if not valid then return { 'absent', organisation, subject, changing } end
  if tonumber(version) < tonumber(ARGV[3]) then
    return { 'outdated', organisation, subject, changing, id, json, tonumber(version) }
  end
elseif ARGV[10] == '1' and valid and changing == 0 then
  call('SET', KEYS[3], text, 'EX', ${ENTRY_SECONDS})
end
local held = refused == '1' or (ends ~= '0' and tonumber(ends) <= now)
  or (revoked ~= '' and ARGV[5] ~= '' and string.find(revoked, ARGV[5], 1, true))
if ranges ~= '' then
  local inside = false
  for range in string.gmatch(ranges, '[01]+') do
    if string.sub(ARGV[6], 1, #range) == range then inside = true end
  end
  held = held or not inside
end
if held then return { 'held', organisation, subject, changing, id, json, tonumber(version) } end
local cost = tonumber(ARGV[2])
local p = { tonumber(p1), tonumber(p2), tonumber(p3), tonumber(p4), tonumber(p5) }
local o = { tonumber(o1), tonumber(o2), tonumber(o3), tonumber(o4), tonumber(o5) }
local limit = tonumber(most)
local mine, ours = meter(kept[5], us), meter(kept[6], us)
local function keep(i, text, seconds) call('SET', KEYS[i], text, 'EX', seconds) end
settle(mine, p)
settle(ours, o)
if mine.clipped then keep(5, packed(mine, p)) end
if ours.clipped then keep(6, packed(ours, o)) end
local running = limit > 0 and call('ZCARD', KEYS[7]) or 0
if limit > 0 and running >= limit then
  call('ZREMRANGEBYSCORE', KEYS[7], '-inf', us)
  running = call('ZCARD', KEYS[7])
end
local state, scope, by, longest = 'admitted', 0, 0, 0
if cost > 0 then
  local w1, b1 = wait(mine, p, cost)
  local w2, b2 = wait(ours, o, cost)
  if w1 < 0 or w2 < 0 then
    state = 'costly'
    if w1 < 0 then scope, by = 1, b1 else scope, by = 2, b2 end
  elseif w1 > 0 or w2 > 0 then
    state = 'limited'
    if w1 >= w2 then scope, by, longest = 1, b1, w1 else scope, by, longest = 2, b2, w2 end
  elseif limit > 0 and running >= limit then
    state, scope, by, longest = 'limited', 2, 4, ${RUNNING_RETRY_MS * 1000}
  else
    keep(5, spend(mine, p, cost))
    keep(6, spend(ours, o, cost))
    if limit > 0 then
      -- Where nobody else is, the place goes with its holder; of one that died the next request sees to it.
      if running > 0 then call('PEXPIRE', KEYS[7], ${RUNNING_MS}) end
      running = running + call('ZADD', KEYS[7], us + ${RUNNING_MS * 1000}, ARGV[1])
    end
  end
  if ARGV[7] ~= '' and call('HINCRBY', KEYS[8], ARGV[7], 1) == 1 then
    for _, day in ipairs(call('HKEYS', KEYS[8])) do
      if day < ARGV[8] then call('HDEL', KEYS[8], day) end
    end
    call('EXPIRE', KEYS[8], ${USAGE_DAYS * DAY_SECONDS})
  end
end
local observed = tonumber(ARGV[11])
local seen, seenBy = 0, 0
if observed > 0 and cost > 0 and state == 'admitted' then
  local was = call('MGET', KEYS[9], KEYS[10])
  local m, n = meter(was[1], us), meter(was[2], us)
  settle(m, p)
  settle(n, o)
  local w1, b1 = wait(m, p, observed)
  local w2, b2 = wait(n, o, observed)
  if w1 ~= 0 then seen, seenBy = 1, b1
  elseif w2 ~= 0 then seen, seenBy = 2, b2
  else
    keep(9, spend(m, p, observed))
    keep(10, spend(n, o, observed))
  end
end
local burst, full, minute, whole, quota, over = levels(mine, p)
return { state, organisation, subject, changing, id, json, tonumber(version), scope, by, ceil(longest / 1000), running,
  seen, seenBy, burst, full, minute, whole, quota, over, levels(ours, o) }`);

export interface Epochs {
  readonly organisationEpoch: string;
  readonly subjectEpoch: string;
}

interface Known extends Epochs {
  /** Whether a change of this organisation is under way: what is read now may not be kept. */
  readonly changing: boolean;
}

interface WithEntry extends Known {
  readonly entryId: string;
  /** Nothing where it is the entry that was named as known. */
  readonly entryJson: string | undefined;
  /** Of the settings that the entry's limits were made of. */
  readonly version: number;
}

export interface Judged extends WithEntry {
  readonly state: 'admitted' | 'limited' | 'costly';
  /** Requests of the organisation under way, this one included. */
  readonly running: number;
  /** Of the meter of the principal, then of the organisation's (limits/meter.ts). */
  readonly levels: readonly number[];
  /** Which limit refuses: of the principal (1) or the organisation (2); bucket, minute, quota or running (1 to 4). */
  readonly scope: number;
  readonly by: number;
  readonly waitMs: number;
  /** Which limit would have refused what was observed, likewise; 0 for none. */
  readonly observedScope: number;
  readonly observedBy: number;
}

export type AdmitAnswer =
  | ({ readonly state: 'absent' } & Known)
  | ({ readonly state: 'outdated' | 'held' } & WithEntry)
  | Judged;

export async function askAdmit(redis: Commands, keys: AdmitKeys, question: AdmitQuestion): Promise<AdmitAnswer> {
  return decode(await ADMIT(redis, keysOf(keys, question), valuesOf(question)));
}

const keysOf = (keys: AdmitKeys, { observed }: AdmitQuestion) => [
  keys.organisationEpoch,
  keys.subjectEpoch,
  keys.entry,
  keys.changing,
  keys.principalMeter,
  keys.organisationMeter,
  keys.running,
  keys.usage,
  ...(observed > 0 ? [keys.observedPrincipal, keys.observedOrganisation] : []),
];

const valuesOf = (question: AdmitQuestion) => [
  question.callId,
  question.cost,
  question.version,
  question.knownEntry,
  question.token,
  question.addressBits,
  question.usedOn,
  question.oldestUse,
  question.offered,
  question.keep ? 1 : 0,
  question.observed,
];

const FIRST_LEVEL = 13;

/** Our own script's answer: it is checked by type, not by a schema, because this runs for each request. */
function decode(answer: unknown): AdmitAnswer {
  if (!Array.isArray(answer)) throw new Error('Redis: not an answer of the script');
  const state = text(answer, 0);
  const known = { organisationEpoch: text(answer, 1), subjectEpoch: text(answer, 2), changing: int(answer, 3) > 0 };
  if (state === 'absent') return { state, ...known };
  const entryId = text(answer, 4);
  const json: unknown = answer[5];
  const entryJson = typeof json === 'string' ? json : undefined;
  const version = int(answer, 6);
  if (state === 'outdated' || state === 'held') return { state, ...known, entryId, entryJson, version };
  if (state !== 'admitted' && state !== 'limited' && state !== 'costly') throw new Error('Redis: unknown state');
  const levels: number[] = [];
  for (let at = FIRST_LEVEL; at < answer.length; at += 1) levels.push(int(answer, at));
  return {
    state,
    organisationEpoch: known.organisationEpoch,
    subjectEpoch: known.subjectEpoch,
    changing: known.changing,
    entryId,
    entryJson,
    version,
    scope: int(answer, 7),
    by: int(answer, 8),
    waitMs: int(answer, 9),
    running: int(answer, 10),
    observedScope: int(answer, 11),
    observedBy: int(answer, 12),
    levels,
  };
}

function text(answer: readonly unknown[], at: number): string {
  const value = answer[at];
  if (typeof value !== 'string') throw new Error(`Redis: no text at ${at} of the script's answer`);
  return value;
}

function int(answer: readonly unknown[], at: number): number {
  const value = answer[at];
  if (typeof value !== 'number') throw new Error(`Redis: no number at ${at} of the script's answer`);
  return value;
}
