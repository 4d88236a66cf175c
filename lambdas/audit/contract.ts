import * as z from 'zod/mini';
import type { Contract } from '../shared/route';

/** The first link that does not hold, and why; absent when all hold. */
export const Verification = z.object({
  intact: z.boolean(),
  links: z.int(),
  head: z.string(),
  broken: z.optional(z.object({ seq: z.int(), why: z.string() })),
});

export const auditRoutes = {
  verifyAudit: {
    method: 'GET',
    path: '/v1/audit/verify',
    summary: "Check the hash chain of your organisation's audit",
    auth: 'any',
    permission: 'audit:read',
    reply: { status: 200, body: Verification },
    since: '0.2.0',
  },
} as const satisfies Contract;
