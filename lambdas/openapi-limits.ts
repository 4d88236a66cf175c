import * as z from 'zod/mini';
import type { Route } from './shared/http/route';

/** The member `limit` of a problem: which limit was reached, whose it is, and when it frees. */
export const ReachedLimit = z.looseObject({
  name: z.string(),
  scope: z.string(),
  limit: z.optional(z.int()),
  remaining: z.optional(z.int()),
  retryAfterSeconds: z.optional(z.int()),
  freesAt: z.optional(z.string()),
});

const header = (description: string, type: 'string' | 'integer') => ({ description, schema: { type } });

/** What every answer to a counted request carries (docs/limits.md). */
export const LIMIT_HEADERS = {
  'RateLimit-Policy': header(
    'Every limit that counted this request: name, quota `q`, window `w` in seconds.',
    'string',
  ),
  RateLimit: header('What is left of each (`r`), and in how many seconds all of it is back (`t`).', 'string'),
  'X-RateLimit-Limit': header('The limit of which least is left.', 'integer'),
  'X-RateLimit-Remaining': header('What is left of it.', 'integer'),
  'X-RateLimit-Reset': header('The second since 1970 in which all of it is back.', 'integer'),
  'X-RateLimit-Cost': header('What this request has spent.', 'integer'),
  'X-RateLimit-Mode': header('`degraded` while limits are counted without the cache; absent otherwise.', 'string'),
};

/** When the same request succeeds. */
export const RETRY_AFTER = { 'retry-after': header('The same request succeeds after so many seconds.', 'integer') };

export const LIMIT_HEADER_REFS = Object.fromEntries(
  Object.keys(LIMIT_HEADERS).map((name) => [name.toLowerCase(), { $ref: `#/components/headers/${name}` }]),
);

/** Whether its answers say what is left: pages are counted in each environment alone, and say nothing. */
export const isCounted = ({ auth, addressLimit = 'pages' }: Route): boolean =>
  auth !== 'none' || addressLimit !== 'pages';
