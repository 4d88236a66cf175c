import * as z from 'zod/mini';
import { PageQuery, pageOf } from '../shared/http/page';
import type { Contract } from '../shared/http/route';

const Word = z.string().check(z.minLength(1), z.maxLength(300), z.regex(/^\P{Cc}+$/u));
const Moment = z.iso.datetime({ offset: true });

/** What narrows the audit down; all that are given must hold. */
const Filters = {
  /** `user:<id>`, `api_key:<id>`, `client:<id>`. */
  actor: z.optional(Word),
  /** `key.created`, or all that begin with `key.`. */
  action: z.optional(z.string().check(z.maxLength(100), z.regex(/^[a-z_]+(\.[a-z_]*)?$/))),
  /** `key:<id>`, `member:<id>`. */
  target: z.optional(Word),
  outcome: z.optional(z.enum(['done', 'refused'])),
  /** From this moment on, and before this one. */
  from: z.optional(Moment),
  to: z.optional(Moment),
};
export type Filters = z.output<z.ZodMiniObject<typeof Filters>>;

const Count = (most: number) =>
  z.pipe(z.string().check(z.regex(/^\d{1,5}$/)), z.pipe(z.transform(Number), z.int().check(z.gte(1), z.lte(most))));
const Seq = z.pipe(z.string().check(z.regex(/^\d{1,15}$/)), z.transform(Number));

export const Entry = z.object({
  seq: z.int(),
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  target: z.string(),
  outcome: z.string(),
  reason: z.optional(z.string()),
  /** What it was, and what it became: as a caller may be shown it, without secrets. */
  before: z.optional(z.unknown()),
  after: z.optional(z.unknown()),
  from: z.object({ requestId: z.string(), sourceIp: z.string(), userAgent: z.string() }),
});
export type Entry = z.output<typeof Entry>;

const Verification = z.object({
  /** Whether every link that was checked holds. */
  intact: z.boolean(),
  /** How many links the chain has, and the hash of the last: note both, and show them at the next check. */
  links: z.int(),
  head: z.string(),
  /** Up to which link this answer checked. */
  checked: z.int(),
  /** Present when there is more to check: ask again with it as `behind`. */
  next: z.optional(z.int()),
  /** The first link that does not hold, and why. */
  broken: z.optional(z.object({ seq: z.int(), why: z.enum(['altered', 'unlinked', 'missing', 'duplicate']) })),
  /** Whether the head that was shown is a link of the chain still. */
  noted: z.optional(z.object({ seq: z.int(), holds: z.boolean() })),
});

export const MOST_EXPORTED = 10_000;

export const auditRoutes = {
  listAudit: {
    method: 'GET',
    path: '/v1/audit',
    summary: 'What happened in your organisation: who, what, on what, from where',
    auth: 'any',
    permission: 'audit:read',
    query: z.strictObject({ ...PageQuery, ...Filters, order: z.optional(z.enum(['asc', 'desc'])) }),
    reply: { status: 200, body: pageOf(Entry) },
    since: '0.2.0',
  },
  verifyAudit: {
    method: 'GET',
    path: '/v1/audit/verify',
    summary: "Check the hash chain of your organisation's audit, and that a head noted before still belongs to it",
    auth: 'any',
    permission: 'audit:read',
    query: z.strictObject({
      head: z.optional(z.string().check(z.regex(/^[0-9a-f]{64}$/))),
      seq: z.optional(Seq),
      behind: z.optional(Seq),
    }),
    reply: { status: 200, body: Verification },
    since: '0.2.0',
  },
  exportAudit: {
    method: 'GET',
    path: '/v1/audit/export',
    summary:
      'The audit with its hashes as NDJSON, in the order of the chain: `x-next-cursor` is the cursor of the page after',
    auth: 'any',
    permission: 'audit:read',
    query: z.strictObject({ ...Filters, limit: z.optional(Count(MOST_EXPORTED)), cursor: PageQuery.cursor }),
    reply: { status: 200, contentType: 'application/x-ndjson', headers: { 'cache-control': 'no-store' } },
    since: '0.2.0',
  },
} as const satisfies Contract;
