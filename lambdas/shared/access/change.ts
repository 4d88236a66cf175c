import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { Refusal, refuse } from '../errors';
import { type AuditEvent, appendAudit, type Origin } from '../stores/audit';
import type { OpenPool } from '../stores/postgres';
import { inTenant, type Sql } from '../stores/tenancy';
import type { AccessCache, Scope } from './cache';
import { type Identity, subjectOf } from './principal';

/** Who changes something: a call as `serve()` hands it to an operation has all of it. */
export interface Author {
  readonly principal: Pick<Identity, 'kind' | 'id' | 'organisation'>;
  readonly origin: Origin;
  readonly idempotencyKey?: string | undefined;
}

/** A transaction that keeps the audit: what is noted commits with the change, or not at all. */
export interface Tx extends Sql {
  audit(event: Omit<AuditEvent, 'actor'>): void;
  /** Makes more kept rights void, where the transaction itself finds out whose: call it before it commits. */
  voids(whose: Voided): Promise<void>;
}

/** All of the author's organisation, single subjects in it (`user:…`), or what belongs to another: the operator's to change. */
type Voided = 'organisation' | readonly string[] | Scope;

interface ChangeOptions {
  /**
   * Whose kept rights the change makes void.
   * @default 'nobody'
   */
  readonly voids?: Voided | 'nobody';
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
    const { organisation } = principal;
    const begun: (() => Promise<void>)[] = [];
    const begin = async (whose: Voided) => void begun.push(await beginVoiding(cache, organisation, whose));
    if (voids !== 'nobody') await begin(voids);
    try {
      return await inTenant(pool, tenantOf(principal), async (sql) => {
        const noted: Omit<AuditEvent, 'actor'>[] = [];
        const result = await work({ query: sql.query, audit: (event) => noted.push(event), voids: begin });
        // Last, because the head of the chain is locked from here to the commit.
        for (const event of noted)
          await appendAudit(sql, organisation, origin, { actor: subjectOf(principal), ...event });
        return result;
      });
    } catch (error) {
      throw metAnother(error) ?? error;
    } finally {
      // The first voiding stands: without the second, nothing is kept until the change counts as over.
      await Promise.all(begun.map((settle) => settle().catch(() => undefined)));
    }
  };
  return {
    read: ({ principal }, work) => inTenant(pool, tenantOf(principal), work),
    change,
    create: (author, creation, work) =>
      change(author, creation, async (tx) => once(tx, author, creation, () => work(tx))),
  };
}

const tenantOf = ({ kind, id, organisation }: Author['principal']) => ({
  organisation,
  ...(kind === 'user' && { user: id }),
});

const RETRY_AFTER = { 'retry-after': '2' };

const Failure = z.object({ code: z.string() });

/** What PostgreSQL says of a change that met another one: to the caller, a reason to try again or to look again. */
function metAnother(error: unknown): Refusal | undefined {
  const code = Failure.safeParse(error).data?.code;
  if (code === '40P01' || code === '40001' || code === '55P03')
    return new Refusal('not_ready', 'another change was in the way', { headers: RETRY_AFTER, cause: error });
  if (code === '23503')
    return new Refusal('conflict', 'something that this refers to was removed meanwhile', { cause: error });
  return undefined;
}

/** Before a change, not after: a process that dies in between must leave nothing kept that the change made wrong. */
const beginVoiding = (cache: AccessCache, organisation: string, whose: Voided) =>
  cache
    .begin(scopeOf(organisation, whose))
    .catch((cause: unknown) => refuse('not_ready', 'the cache does not answer', { headers: RETRY_AFTER, cause }));

function scopeOf(organisation: string, whose: Voided): Scope {
  if (whose === 'organisation') return { organisation };
  return 'organisation' in whose ? whose : { organisation, subjects: whose };
}

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
