import { BlockList, isIPv6 } from 'node:net';
import { refuse } from '../errors';
import { appendAudit, type Origin } from '../stores/audit';
import type { OpenPool } from '../stores/postgres';
import { inTenant } from '../stores/tenancy';
import { logger } from '../telemetry';
import type { AccessCache } from './cache';
import type { Entry } from './entry';
import { load } from './load';
import { type Identity, type Principal, subjectOf } from './principal';

/** What `serve()` asks for each request: may this caller act, and what may it do. */
export interface Access {
  /** The caller with its rights of this moment. Refuses with `unauthenticated` who may not act any more. */
  admit(identity: Identity, origin: Origin): Promise<Principal>;
  /** Notes a refusal in the audit: of one caller at one target at most once a minute, so that nobody can fill it. */
  noteRefusal(identity: Identity, origin: Origin, target: string, reason: string): Promise<void>;
}

interface AccessDeps {
  readonly cache: AccessCache;
  /** Asked when Redis has no entry; the driver is not loaded before. */
  readonly pool: OpenPool;
  nowSeconds(): number;
}

/** An entry is read anew after this time, whatever the epochs say. */
const FRESH_SECONDS = 300;

export function access({ cache, pool, nowSeconds }: AccessDeps): Access {
  const noteRefusal: Access['noteRefusal'] = async (identity, origin, target, reason) => {
    const { organisation } = identity;
    const event = { actor: subjectOf(identity), action: 'access.refused', target, reason, outcome: 'refused' } as const;
    try {
      const isFirst = await cache.first(organisation, `${event.actor} ${target}`).catch(() => true);
      if (!isFirst) return;
      await inTenant(pool, { organisation }, (sql) => appendAudit(sql, organisation, origin, event));
    } catch (error) {
      // The caller is refused all the same; a store that is away must not make a 5xx of it.
      logger.warn('refusal not in the audit', { error: error instanceof Error ? error : 'unknown failure' });
    }
  };

  /** From PostgreSQL, which is the truth; kept unless a change is under way. */
  const read = async (
    identity: Identity,
    origin: Origin,
    found: Awaited<ReturnType<AccessCache['find']>> | undefined,
  ) => {
    const entry = await load(pool, identity, origin, nowSeconds());
    if (found && !found.changing) await cache.store(identity, entry, found).catch(() => undefined);
    if (entry.refused !== undefined) await noteRefusal(identity, origin, subjectOf(identity), entry.refused);
    return entry;
  };

  return {
    noteRefusal,
    async admit(identity, origin) {
      const now = nowSeconds();
      // API Gateway's answer may be older than what it was given for.
      if ((identity.expiresAtSeconds ?? now + 1) <= now) return refuse('unauthenticated');
      const day = new Date(now * 1000).toISOString().slice(0, 10);
      // Without Redis the truth is asked each time: slower, never laxer.
      const found = await cache.find(identity, identity.kind === 'user' ? undefined : day).catch(() => undefined);
      const kept = found?.entry;
      const isFresh = kept && now - kept.loadedAtSeconds < FRESH_SECONDS && !saysMore(identity, kept);
      const entry = isFresh ? kept : await read(identity, origin, found);
      return principal(identity, entry, origin, now);
    },
  };
}

/** Whether the token is newer than what is kept of its bearer, and gives other roles. */
function saysMore({ external }: Identity, { said }: Entry): boolean {
  if (!external || !said || external.issuedAtSeconds <= said.atSeconds) return false;
  return external.roles.toSorted().join(' ') !== said.roles.toSorted().join(' ');
}

function principal(identity: Identity, entry: Entry, origin: Origin, now: number): Principal {
  const { refused, roles, permissions, grants, plan, ranges, revokedTokens, endsAtSeconds } = entry;
  const isOver = refused !== undefined || (endsAtSeconds !== undefined && endsAtSeconds <= now);
  if (isOver || (identity.token !== undefined && revokedTokens.includes(identity.token))) refuse('unauthenticated');
  if (ranges.length > 0 && !isWithinRanges(ranges, origin.sourceIp))
    refuse('forbidden', 'this key may not be used from this address');
  return { ...identity, roles, permissions, grants, plan };
}

function isWithinRanges(ranges: readonly string[], address: string): boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = '', bits = ''] = range.split('/');
    list.addSubnet(network, Number(bits), isIPv6(network) ? 'ipv6' : 'ipv4');
  }
  return list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
