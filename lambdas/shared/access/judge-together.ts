import { randomUUID } from 'node:crypto';
import type { BoundedMap } from '../bounded-map';
import { LEVELS_OF_A_METER } from '../limits/meter';
import { addressBits } from '../limits/network';
import { type Limits, limitsOf } from '../limits/plans';
import type { Settings } from '../limits/settings';
import { concurrent, type LimitState, leastOf, policiesOf } from '../limits/standing';
import type { Origin } from '../stores/audit';
import { type AdmitAnswer, type AdmitQuestion, type Judged, USAGE_DAYS } from './admit-script';
import { type AccessCache, entryKey } from './cache';
import { type Entry, entryText, keptOf } from './entry';
import type { Identity } from './principal';

/*
 * What all environments know together: the script in Redis judges, PostgreSQL is read when it has no entry.
 */

export interface Remembered {
  readonly id: string;
  readonly entry: Entry;
  readonly limits: Limits;
  /** When Redis or PostgreSQL last said that it holds, in milliseconds since 1970. */
  seenAtMs: number;
}
/** Entries by their key in Redis, as this environment has met them: they are not sent again, and last when Redis is away. */
export type Memory = BoundedMap<string, Remembered>;
export const MOST_REMEMBERED = 2_000;

export type ReadEntry = (identity: Identity, origin: Origin) => Promise<Entry>;

/** `held`: by the entry the caller may not act at all. */
export type Judgement =
  | { readonly verdict: 'held'; readonly entry: Entry }
  | {
      readonly verdict: 'admitted' | 'limited' | 'costly';
      readonly entry: Entry;
      readonly limits: LimitState;
      /** The request is over. */
      leave(): void;
    };
/** @param observed what it would cost, where `cost` is less on purpose */
export type Judge = (identity: Identity, origin: Origin, cost: number, observed?: number) => Promise<Judgement>;

interface TogetherDeps {
  readonly cache: AccessCache;
  readonly settings: Settings;
  readonly memory: Memory;
  readonly read: ReadEntry;
  nowMs(): number;
}

/** One awaited round trip where Redis has the entry, two and a read of PostgreSQL where it has none. */
export function judgeTogether({ cache, settings, memory, read, nowMs }: TogetherDeps): Judge {
  /**
   * The entry that the answer is about; nothing where there is none, or another release's.
   * @param named the one that the question named as known
   */
  const remember = (key: string, answer: AdmitAnswer, named: Remembered | undefined): Remembered | undefined => {
    if (answer.state === 'absent') return undefined;
    const kept = answer.entryJson === undefined ? undefined : keptOf(answer.entryJson);
    const found = named?.id === answer.entryId ? named : kept && { id: answer.entryId, ...kept, seenAtMs: 0 };
    if (!found) return undefined;
    found.seenAtMs = nowMs();
    memory.set(key, found);
    return found;
  };

  return async (identity, origin, cost, observed = 0) => {
    const key = entryKey(identity);
    const current = settings.current();
    const known = memory.get(key);
    const question = questionOf(identity, origin, cost, {
      observed,
      version: current.version,
      known: known?.id ?? '',
      day: identity.kind === 'user' ? undefined : new Date(nowMs()).toISOString().slice(0, 10),
    });
    const { callId } = question;
    let answer = await cache.ask(identity, question);
    let found = remember(key, answer, known);
    if (!isEnough(identity, answer, found)) {
      const outdated = answer.state === 'outdated' ? found?.entry : undefined;
      const [entry, { version, settings: inForce }] = outdated
        ? [outdated, current]
        : await Promise.all([read(identity, origin), settings.confirmed()]);
      const limits = limitsOf(inForce, entry);
      const offered = entryText(entry, { ...answer, id: callId, version, limits });
      // What was spent a moment ago is not spent again.
      const again = { cost: answer.state === 'admitted' ? 0 : cost, knownEntry: callId };
      answer = await cache.ask(identity, { ...question, ...again, offered, keep: !answer.changing });
      found = remember(key, answer, { id: callId, entry, limits, seenAtMs: 0 });
    }
    if (answer.state === 'absent' || answer.state === 'outdated' || !found)
      throw new Error('the script knows nothing of the entry that it was given');
    if (answer.version > current.version) void settings.refresh();
    const { entry, limits } = found;
    if (!isJudged(answer)) return { verdict: 'held', entry };
    const isRunning = answer.state === 'admitted' && cost > 0;
    return {
      verdict: answer.state,
      entry,
      limits: stateOf(identity, limits, answer),
      leave() {
        if (isRunning) cache.leave(identity.organisation, callId);
      },
    };
  };
}

const isJudged = (answer: AdmitAnswer): answer is Judged => 'levels' in answer;

function isEnough(identity: Identity, answer: AdmitAnswer, found: Remembered | undefined): boolean {
  if (answer.state === 'absent' || answer.state === 'outdated' || !found) return false;
  return answer.state === 'limited' || !saysMore(identity, found.entry);
}

/** Whether the token is newer than what is kept of its bearer, and gives other roles. */
function saysMore({ external }: Identity, { said }: Entry): boolean {
  if (!external || !said || external.issuedAtSeconds <= said.atSeconds) return false;
  return external.roles.toSorted().join(' ') !== said.roles.toSorted().join(' ');
}

interface About {
  readonly observed: number;
  readonly version: number;
  readonly known: string;
  /** Today, of a caller whose use is counted. */
  readonly day: string | undefined;
}

const questionOf = (
  { kind, token }: Identity,
  { sourceIp }: Origin,
  cost: number,
  { observed, version, known, day }: About,
): AdmitQuestion => ({
  callId: randomUUID(),
  cost,
  observed,
  version,
  knownEntry: known,
  token: token ?? '',
  // Only keys are bound to addresses.
  addressBits: kind === 'api_key' ? addressBits(sourceIp) : '',
  usedOn: day ?? '',
  oldestUse: day === undefined ? '' : daysBefore(day, USAGE_DAYS),
  offered: '',
  keep: false,
});

/** The first of so many days that end with this one, both as `yyyy-mm-dd`. */
const daysBefore = (day: string, count: number) =>
  new Date(Date.parse(day) - (count - 1) * 86_400_000).toISOString().slice(0, 10);

const REFUSING = ['burst', 'minute', 'quota', 'concurrent'] as const;

/** What the script says of both meters, as a caller is told it. */
function stateOf({ kind }: Identity, limits: Limits, judged: Judged): LimitState {
  const scopes = [kind, 'organisation'] as const;
  const policies = [
    ...policiesOf(kind, limits.principal, judged.levels),
    ...policiesOf('organisation', limits.organisation, judged.levels, LEVELS_OF_A_METER),
    concurrent(limits.organisation.concurrency, judged.running),
  ];
  const named = (scope: number, by: number) =>
    policies.find((policy) => policy.scope === scopes[scope - 1] && policy.kind === REFUSING[by - 1]);
  if (judged.state === 'admitted') {
    const exceeded = named(judged.observedScope, judged.observedBy);
    return { policies, binding: leastOf(policies), degraded: false, ...(exceeded && { exceeded }) };
  }
  const binding = named(judged.scope, judged.by) ?? leastOf(policies);
  return { policies, binding: { ...binding, resetSeconds: Math.ceil(judged.waitMs / 1000) }, degraded: false };
}
