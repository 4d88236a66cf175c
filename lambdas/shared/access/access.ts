import { BoundedMap } from '../bounded-map';
import { refuse } from '../errors';
import { addressBits, rangeBits } from '../limits/network';
import type { Settings } from '../limits/settings';
import { type LimitState, smallestOf, tooCostly, tooMany } from '../limits/standing';
import { appendAudit, type Origin } from '../stores/audit';
import { RedisAway } from '../stores/breaker';
import type { OpenPool } from '../stores/postgres';
import { inTenant } from '../stores/tenancy';
import { logger } from '../telemetry';
import type { AccessCache } from './cache';
import type { Entry } from './entry';
import { judgeAlone } from './judge-alone';
import { judgeTogether, type Memory, MOST_REMEMBERED, type ReadEntry } from './judge-together';
import { type Identity, type Principal, subjectOf } from './principal';

/** A caller that was let in: with its rights of this moment, and where it stands with its limits. */
export interface Admission {
  readonly principal: Principal;
  readonly limits: LimitState;
  /** The request is over: its place among those under way is free. Nobody waits for it. */
  leave(): void;
}

/** What `serve()` asks for each request: may this caller act, what may it do, and is it within its limits? */
export interface Access {
  /**
   * Refuses with `unauthenticated` who may not act any more, with `rate_limited` who is over a limit, and with
   * `too_costly` what no limit ever holds.
   * @param cost what is spent; 0 asks without spending
   * @param observed what it would cost, where `cost` is less on purpose: the limits say whether it would be refused
   */
  admit(identity: Identity, origin: Origin, cost: number, observed?: number): Promise<Admission>;
  /** Notes a refusal in the audit: of one caller at one target at most once a minute, so that nobody can fill it. */
  noteRefusal(identity: Identity, origin: Origin, target: string, reason: string): Promise<void>;
}

interface AccessDeps {
  readonly cache: AccessCache;
  readonly settings: Settings;
  /** Asked when Redis has no entry; the driver is not loaded before. */
  readonly pool: OpenPool;
  nowMs(): number;
}

const NOTE_AGAIN_MS = 60_000;
const MOST_NOTED = 1_000;
/** What costs so many times what a limit ever holds is refused whatever is only observed: that is for looking, not for floods. */
const HARD_FACTOR = 4;

export function access({ cache, settings, pool, nowMs }: AccessDeps): Access {
  const noted = new BoundedMap<string, number>(MOST_NOTED);
  const noteRefusal: Access['noteRefusal'] = async (identity, origin, target, reason) => {
    const { organisation } = identity;
    const event = { actor: subjectOf(identity), action: 'access.refused', target, reason, outcome: 'refused' } as const;
    const what = `${event.actor} ${target}`;
    if (nowMs() - (noted.get(`${organisation} ${what}`) ?? 0) < NOTE_AGAIN_MS) return;
    noted.set(`${organisation} ${what}`, nowMs());
    try {
      const isFirst = await cache.first(organisation, what).catch(() => true);
      if (!isFirst) return;
      await inTenant(pool, { organisation }, (sql) => appendAudit(sql, organisation, origin, event));
    } catch (error) {
      // The caller is refused all the same; a store that is away must not make a 5xx of it.
      logger.warn('refusal not in the audit', { error: error instanceof Error ? error : 'unknown failure' });
    }
  };

  /** From PostgreSQL, which is the truth. What reads it is loaded by the first caller whom Redis does not know. */
  const read: ReadEntry = async (identity, origin) => {
    const { load } = await import('./load.lazy');
    const entry = await load(pool, identity, origin, Math.floor(nowMs() / 1000));
    if (entry.refused !== undefined) await noteRefusal(identity, origin, subjectOf(identity), entry.refused);
    return entry;
  };
  const memory: Memory = new BoundedMap(MOST_REMEMBERED);
  const together = judgeTogether({ cache, settings, memory, read, nowMs });
  const alone = judgeAlone({ settings, memory, read, nowMs });

  return {
    noteRefusal,
    async admit(identity, origin, cost, observed = 0) {
      const now = Math.floor(nowMs() / 1000);
      // API Gateway's answer may be older than what it was given for.
      if ((identity.expiresAtSeconds ?? now + 1) <= now) return refuse('unauthenticated');
      const judgement = await together(identity, origin, cost, observed).catch((error: unknown) => {
        if (error instanceof RedisAway) return alone(identity, origin, cost);
        throw error;
      });
      try {
        const principal = principalOf(identity, judgement.entry, origin, now);
        if (judgement.verdict === 'held') return refuse('unauthenticated');
        const { verdict, limits, leave } = judgement;
        if (verdict === 'limited') throw tooMany(limits, nowMs());
        if (verdict === 'costly') throw tooCostly(limits, cost);
        if (observed > 0) mustBeWithinReason(limits, observed);
        return { principal, limits, leave };
      } catch (error) {
        if (judgement.verdict !== 'held') judgement.leave();
        throw error;
      }
    },
  };
}

function mustBeWithinReason(limits: LimitState, cost: number): void {
  const binding = smallestOf(limits.policies);
  if (cost > HARD_FACTOR * binding.limit) throw tooCostly({ ...limits, binding }, cost);
}

function principalOf(identity: Identity, entry: Entry, origin: Origin, now: number): Principal {
  const { refused, roles, permissions, grants, plan, organisationPlan, ranges, revokedTokens, endsAtSeconds } = entry;
  const isOver = refused !== undefined || (endsAtSeconds !== undefined && endsAtSeconds <= now);
  if (isOver || (identity.token !== undefined && revokedTokens.includes(identity.token))) refuse('unauthenticated');
  if (ranges.length > 0 && !isWithinRanges(ranges, origin.sourceIp))
    refuse('forbidden', 'this key may not be used from this address');
  // Written out: two objects spread into one cost several microseconds of each request.
  return {
    kind: identity.kind,
    id: identity.id,
    organisation: identity.organisation,
    workspace: identity.workspace,
    session: identity.session,
    token: identity.token,
    expiresAtSeconds: identity.expiresAtSeconds,
    external: identity.external,
    roles,
    permissions,
    grants,
    plan,
    organisationPlan,
  };
}

/** The script has asked the same before it let anything be spent (admit-script.ts). */
function isWithinRanges(ranges: readonly string[], address: string): boolean {
  const bits = addressBits(address);
  return ranges.some((range) => bits.startsWith(rangeBits(range)));
}
