import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import type { AccessCache } from './access/cache';
import { type AuditEvent, appendAudit, type Origin } from './audit';
import { refuse } from './errors';
import type { OpenPool } from './postgres';
import { type Identity, subjectOf } from './principal';
import { inTenant, type Sql } from './tenancy';

/** Who changes something: a call as `serve()` hands it to an operation has all of it. */
export interface Author {
  readonly principal: Pick<Identity, 'kind' | 'id' | 'organisation'>;
  readonly origin: Origin;
  readonly idempotencyKey?: string | undefined;
}

/** A transaction that keeps the audit: what is noted commits with the change, or not at all. */
export interface Tx extends Sql {
  audit(event: Omit<AuditEvent, 'actor'>): void;
}

interface ChangeOptions {
  /**
   * Whose kept rights the change makes void: all of the organisation, single subjects (`user:…`), or nobody's.
   * @default 'nobody'
   */
  readonly voids?: 'organisation' | 'nobody' | readonly string[];
}

/** What makes a creation repeatable: the same key with the same content is answered as the first time. */
interface Creation<S extends z.ZodMiniType> extends ChangeOptions {
  readonly operation: string;
  readonly content: unknown;
  /** What is kept of the answer: no secret. */
  readonly kept: S;
}

export interface Changes {
  read<T>(author: Pick<Author, 'principal'>, work: (sql: Sql) => Promise<T>): Promise<T>;
  change<T>(author: Author, options: ChangeOptions, work: (tx: Tx) => Promise<T>): Promise<T>;
  /** A change that creates something: done once for each Idempotency-Key, however often and concurrently it is asked. */
  create<S extends z.ZodMiniType>(
    author: Author,
    creation: Creation<S>,
    work: (tx: Tx) => Promise<z.input<S>>,
  ): Promise<z.output<S>>;
}

/** The one way in which a tenant's rows are read and changed. */
export function changes(pool: OpenPool, cache: AccessCache): Changes {
  const change: Changes['change'] = async ({ principal, origin }, { voids = 'nobody' }, work) => {
    const settled = voids === 'nobody' ? undefined : await begin(cache, principal.organisation, voids);
    try {
      return await inTenant(pool, tenantOf(principal), async (sql) => {
        const noted: Omit<AuditEvent, 'actor'>[] = [];
        const result = await work({ query: sql.query, audit: (event) => noted.push(event) });
        // Last, because the head of the chain is locked from here to the commit.
        for (const event of noted)
          await appendAudit(sql, principal.organisation, origin, { actor: subjectOf(principal), ...event });
        return result;
      });
    } finally {
      // The first voiding stands: without the second, nothing is kept until the change counts as over.
      await settled?.().catch(() => undefined);
    }
  };
  return {
    read: ({ principal }, work) => inTenant(pool, tenantOf(principal), work),
    change,
    create: (author, creation, work) => change(author, creation, async (tx) => once(tx, author, creation, () => work(tx))),
  };
}

const tenantOf = ({ kind, id, organisation }: Author['principal']) => ({
  organisation,
  ...(kind === 'user' && { user: id }),
});

const RETRY_AFTER = { 'retry-after': '2' };

/** Before a change, not after: a process that dies in between must leave nothing kept that the change made wrong. */
const begin = (cache: AccessCache, organisation: string, voids: 'organisation' | readonly string[]) =>
  cache
    .begin(voids === 'organisation' ? { organisation } : { organisation, subjects: voids })
    .catch((cause: unknown) => refuse('not_ready', 'the cache does not answer', { headers: RETRY_AFTER, cause }));

const Kept = z.object({ fingerprint: z.instanceof(Buffer), response: z.unknown() });

const FORGET = "delete from gatehouse.idempotency where organisation_id = $1 and created_at < now() - interval '1 day'";
/** Waits for a transaction that is just inserting the same key. */
const CLAIM = `insert into gatehouse.idempotency (organisation_id, subject, operation, key, fingerprint)
  values ($1, $2, $3, $4, $5) on conflict do nothing`;
const WHERE = 'where organisation_id = $1 and subject = $2 and operation = $3 and key = $4';

async function once<S extends z.ZodMiniType>(
  sql: Sql,
  { principal, idempotencyKey }: Author,
  { operation, content, kept }: Creation<S>,
  work: () => Promise<z.input<S>>,
): Promise<z.output<S>> {
  if (idempotencyKey === undefined) return kept.parse(await work());
  const fingerprint = createHash('sha256').update(JSON.stringify(content)).digest();
  const id = [principal.organisation, subjectOf(principal), operation, idempotencyKey];
  await sql.query(FORGET, [principal.organisation]);
  const claimed = await sql.query(CLAIM, [...id, fingerprint]);
  if (claimed.rowCount === 0) {
    const { rows } = await sql.query(`select fingerprint, response from gatehouse.idempotency ${WHERE}`, id);
    const before = Kept.parse(rows[0]);
    if (!before.fingerprint.equals(fingerprint))
      return refuse('conflict', 'this Idempotency-Key was used with another request');
    return kept.parse(before.response);
  }
  const result = await work();
  await sql.query(`update gatehouse.idempotency set response = $5 ${WHERE}`, [...id, JSON.stringify(result)]);
  return kept.parse(result);
}
