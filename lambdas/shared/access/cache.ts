import { createHash, randomUUID } from 'node:crypto';
import type { Commands, Redis } from '../stores/redis';
import { script } from '../stores/script';
import {
  type AdmitAnswer,
  type AdmitKeys,
  type AdmitQuestion,
  askAdmit,
  ENTRY_SECONDS,
  EPOCH_SECONDS,
} from './admit-script';
import { PERMISSIONS } from './permissions';
import { type Identity, subjectOf } from './principal';

/*
 * The live copy of sessions and rights. PostgreSQL holds the truth; an entry in Redis counts only under the epochs of
 * its organisation and its subject as they were when it was read. A change sets new epochs before it begins and after it
 * has committed, and as long as it is under way nothing is stored: whatever happens to the process that changes, no
 * entry outlives what it says. All keys of an organisation share one hash slot (`{organisation}`).
 */

/** No change takes longer: its transaction is ended by PostgreSQL before (change.ts). */
const CHANGE_SECONDS = 30;

/** Bits mean permissions by their place in the table: another release's table must not read them. */
const TABLE = createHash('sha256').update(PERMISSIONS.join(' ')).digest('hex').slice(0, 8);

const prefix = (organisation: string) => `gatehouse:{${organisation}}`;
const epochKey = (organisation: string) => `${prefix(organisation)}:epoch`;
const subjectKey = (organisation: string, subject: string) => `${prefix(organisation)}:epoch:${subject}`;
const changingKey = (organisation: string) => `${prefix(organisation)}:changing`;
const runningKey = (organisation: string) => `${prefix(organisation)}:running`;
/** How often each key was used, by day, as a hash from `yyyy-mm-dd` to a count. */
export const usageKey = (organisation: string, subject: string) => `${prefix(organisation)}:usage:${subject}`;

/** One session, one key, one client, or a user by one external issuer, in one workspace. */
export function entryKey(identity: Identity): string {
  const { organisation, session = subjectOf(identity), workspace = '', external } = identity;
  return `${prefix(organisation)}:access:${TABLE}:${session}:${workspace}:${external?.entry ?? ''}`;
}

/** What a change makes void: everything of the organisation, or what belongs to one subject (`user:…`) alone. */
export interface Scope {
  readonly organisation: string;
  readonly subjects?: readonly string[];
}

export interface AccessCache {
  /** One awaited round trip. Rejects with `RedisAway` when there is no answer in time. */
  ask(identity: Identity, question: AdmitQuestion): Promise<AdmitAnswer>;
  /** Says that a request is over; nobody waits for it. */
  leave(organisation: string, callId: string): void;
  /** Keeps an entry in the place of another that says less; what is spent stays as it is. */
  store(identity: Identity, text: string): Promise<void>;
  /** Whether nobody has said this of the organisation within the last minute. */
  first(organisation: string, what: string): Promise<boolean>;
  /** Makes what is kept void until the returned function is called, and once more then. */
  begin(scope: Scope): Promise<() => Promise<void>>;
}

export const accessCache = (redis: Redis): AccessCache => ({
  ask: (identity, question) => askAdmit(redis, admitKeys(identity), question),
  leave(organisation, callId) {
    redis.call('ZREM', runningKey(organisation), callId).catch(() => undefined);
  },
  async store(identity, text) {
    await redis.call('SET', entryKey(identity), text, 'EX', ENTRY_SECONDS);
  },
  async first(organisation, what) {
    const key = `${prefix(organisation)}:said:${createHash('sha256').update(what).digest('base64url')}`;
    return (await redis.call('SET', key, '1', 'EX', 60, 'NX')) === 'OK';
  },
  async begin(scope) {
    const change = randomUUID();
    await settle(redis.insist, scope, change, CHANGE_SECONDS);
    return () => settle(redis.insist, scope, change, 0);
  },
});

function admitKeys(identity: Identity): AdmitKeys {
  const { organisation } = identity;
  const subject = subjectOf(identity);
  return {
    organisationEpoch: epochKey(organisation),
    subjectEpoch: subjectKey(organisation, subject),
    entry: entryKey(identity),
    changing: changingKey(organisation),
    principalMeter: `${prefix(organisation)}:meter:${subject}`,
    organisationMeter: `${prefix(organisation)}:meter`,
    running: runningKey(organisation),
    usage: usageKey(organisation, subject),
    observedPrincipal: `${prefix(organisation)}:observed:${subject}`,
    observedOrganisation: `${prefix(organisation)}:observed`,
  };
}

/**
 * New epochs, and the change noted as under way for `seconds`, or as over with 0. The changes under way are a text, one
 * `id until` a line: the script of each request reads it with everything else in one command.
 */
const SETTLE = script(`
local now = tonumber(redis.call('TIME')[1])
local lines = ''
for id, ends in string.gmatch(redis.call('GET', KEYS[1]) or '', '(%S+) (%d+)\\n') do
  if id ~= ARGV[1] and tonumber(ends) > now then lines = lines .. id .. ' ' .. ends .. '\\n' end
end
local seconds = tonumber(ARGV[2])
if seconds > 0 then lines = lines .. ARGV[1] .. ' ' .. string.format('%.0f', now + seconds) .. '\\n' end
if lines == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], lines, 'EX', ${2 * CHANGE_SECONDS}) end
for i = 2, #KEYS do redis.call('SET', KEYS[i], ARGV[i + 2], 'EX', ARGV[3]) end
return 1`);

async function settle(redis: Commands, { organisation, subjects }: Scope, change: string, seconds: number) {
  const keys = subjects?.map((subject) => subjectKey(organisation, subject)) ?? [epochKey(organisation)];
  const epochs = keys.map(() => randomUUID());
  await SETTLE(redis, [changingKey(organisation), ...keys], [change, seconds, EPOCH_SECONDS, ...epochs]);
}
