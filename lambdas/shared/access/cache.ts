import { createHash, randomUUID } from 'node:crypto';
import type { Redis, Result } from 'ioredis';
import { type Entry, type Epochs, entryText, entryUnder } from './entry';
import { PERMISSIONS } from './permissions';
import { type Identity, subjectOf } from './principal';

/*
 * The live copy of sessions and rights. PostgreSQL holds the truth; an entry in Redis counts only under the epochs of
 * its organisation and its subject as they were when it was read. A change sets new epochs before it begins and after it
 * has committed, and as long as it is under way nothing is stored: whatever happens to the process that changes, no
 * entry outlives what it says. All keys of an organisation share one hash slot (`{organisation}`).
 */

/** An entry goes when nobody has used it for this long: the sliding expiry of a session's live copy. */
const IDLE_SECONDS = 900;
/** Entries that are lost cost a query each; epochs that are lost are drawn anew, which makes every entry void. */
const EPOCH_SECONDS = 86_400;
/** No change takes longer: its transaction is ended by PostgreSQL before (change.ts). */
const CHANGE_SECONDS = 30;
/** How many days counts of use are kept, today included. */
const USAGE_DAYS = 35;
const DAY_SECONDS = 86_400;

/** Bits mean permissions by their place in the table: another release's table must not read them. */
const TABLE = createHash('sha256').update(PERMISSIONS.join(' ')).digest('hex').slice(0, 8);

const prefix = (organisation: string) => `gatehouse:{${organisation}}`;
const epochKey = (organisation: string) => `${prefix(organisation)}:epoch`;
const subjectKey = (organisation: string, subject: string) => `${prefix(organisation)}:epoch:${subject}`;
const changingKey = (organisation: string) => `${prefix(organisation)}:changing`;
/** How often each key was used, by day, as a hash from `yyyy-mm-dd` to a count. */
export const usageKey = (organisation: string, subject: string) => `${prefix(organisation)}:usage:${subject}`;

/** The first of so many days that end with this one, both as `yyyy-mm-dd`. */
const daysBefore = (day: string, count: number) =>
  new Date(Date.parse(day) - (count - 1) * DAY_SECONDS * 1000).toISOString().slice(0, 10);

/** One session, one key, one client, or a user by one external issuer, in one workspace. */
const entryKey = ({ organisation, session, workspace, external, ...identity }: Identity) =>
  `${prefix(organisation)}:access:${TABLE}:${session ?? subjectOf(identity)}:${workspace ?? ''}:${external?.entry ?? ''}`;

declare module 'ioredis' {
  interface RedisCommander<Context> {
    gatehouseAdmit(
      organisation: string,
      subject: string,
      entry: string,
      changing: string,
      usage: string,
      ...values: (string | number)[]
    ): Result<[string, string, string | null, number], Context>;
    gatehouseSettle(numberOfKeys: number, ...keysAndValues: (string | number)[]): Result<number, Context>;
  }
}

/**
 * Epochs (drawn when they are lost), the entry, and how many changes are under way; counts the use of a key, and with the
 * first of a day forgets the days that are too old.
 */
const ADMIT = `
local function epoch(key, fresh)
  local value = redis.call('GET', key)
  if value then return value end
  redis.call('SET', key, fresh, 'EX', ARGV[3])
  return fresh
end
local entry = redis.call('GET', KEYS[3])
if entry then redis.call('EXPIRE', KEYS[3], ARGV[4]) end
if ARGV[5] ~= '' then
  if redis.call('HINCRBY', KEYS[5], ARGV[5], 1) == 1 then
    for _, day in ipairs(redis.call('HKEYS', KEYS[5])) do
      if day < ARGV[7] then redis.call('HDEL', KEYS[5], day) end
    end
  end
  redis.call('EXPIRE', KEYS[5], ARGV[6])
end
local now = redis.call('TIME')[1]
return { epoch(KEYS[1], ARGV[1]), epoch(KEYS[2], ARGV[2]), entry, redis.call('ZCOUNT', KEYS[4], '(' .. now, '+inf') }`;

export interface Found extends Epochs {
  readonly entry: Entry | undefined;
  /** Whether a change of this organisation is under way: what is read now may not be kept. */
  readonly changing: boolean;
}

/** What a change makes void: everything of the organisation, or what belongs to one subject (`user:…`) alone. */
export interface Scope {
  readonly organisation: string;
  readonly subjects?: readonly string[];
}

export interface AccessCache {
  /** One awaited round trip. */
  find(identity: Identity, usedOn: string | undefined): Promise<Found>;
  store(identity: Identity, entry: Entry, epochs: Epochs): Promise<void>;
  /** Whether nobody has said this of the organisation within the last minute. */
  first(organisation: string, what: string): Promise<boolean>;
  /** Makes what is kept void until the returned function is called, and once more then. */
  begin(scope: Scope): Promise<() => Promise<void>>;
}

export function accessCache(open: () => Promise<Redis>): AccessCache {
  let connected: Promise<Redis> | undefined;
  const redis = () => (connected ??= open().then(withCommands));
  return {
    async find(identity, usedOn) {
      const { organisation } = identity;
      const subject = subjectOf(identity);
      const [organisationEpoch, subjectEpoch, text, changes] = await (await redis()).gatehouseAdmit(
        epochKey(organisation),
        subjectKey(organisation, subject),
        entryKey(identity),
        changingKey(organisation),
        usageKey(organisation, subject),
        randomUUID(),
        randomUUID(),
        EPOCH_SECONDS,
        IDLE_SECONDS,
        usedOn ?? '',
        USAGE_DAYS * DAY_SECONDS,
        usedOn === undefined ? '' : daysBefore(usedOn, USAGE_DAYS),
      );
      const epochs = { organisationEpoch, subjectEpoch };
      const entry = changes === 0 ? entryUnder(text, epochs) : undefined;
      return { ...epochs, entry, changing: changes > 0 };
    },
    async store(identity, entry, epochs) {
      await (await redis()).set(entryKey(identity), entryText(entry, epochs), 'EX', IDLE_SECONDS);
    },
    async first(organisation, what) {
      const key = `${prefix(organisation)}:said:${createHash('sha256').update(what).digest('base64url')}`;
      return (await (await redis()).set(key, '1', 'EX', 60, 'NX')) === 'OK';
    },
    async begin(scope) {
      const change = randomUUID();
      await settle(await redis(), scope, change, CHANGE_SECONDS);
      return async () => settle(await redis(), scope, change, 0);
    },
  };
}

/** New epochs, and the change noted as under way for `seconds`, or as over with 0. */
const SETTLE = `
local now = redis.call('TIME')[1]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if tonumber(ARGV[2]) > 0 then
  redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
  redis.call('EXPIRE', KEYS[1], ARGV[2] * 2)
else
  redis.call('ZREM', KEYS[1], ARGV[1])
end
for i = 2, #KEYS do redis.call('SET', KEYS[i], ARGV[i + 2], 'EX', ARGV[3]) end
return 1`;

async function settle(redis: Redis, { organisation, subjects }: Scope, change: string, seconds: number) {
  const keys = subjects?.map((subject) => subjectKey(organisation, subject)) ?? [epochKey(organisation)];
  const epochs = keys.map(() => randomUUID());
  const all = [changingKey(organisation), ...keys];
  await redis.gatehouseSettle(all.length, ...all, change, seconds, EPOCH_SECONDS, ...epochs);
}

function withCommands(redis: Redis): Redis {
  redis.defineCommand('gatehouseAdmit', { numberOfKeys: 5, lua: ADMIT });
  redis.defineCommand('gatehouseSettle', { lua: SETTLE });
  return redis;
}
