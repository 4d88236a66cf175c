import * as z from 'zod/mini';
import { Url } from '../../shared/url';
import { Filter } from '../filter/filter';

/** `invoice.paid`, `invoice.*` (whatever is below), `*`. */
export const TypePattern = z.string().check(z.maxLength(130), z.regex(/^(\*|[a-z0-9_-]+(\.[a-z0-9_-]+){0,7}(\.\*)?)$/));

export const Channel = z.string().check(z.regex(/^[A-Za-z0-9_.:-]{1,100}$/));

export const MOST_ATTEMPTS = 20;
const Schedule = z.array(z.int().check(z.gte(0), z.lte(86_400))).check(z.minLength(1), z.maxLength(MOST_ATTEMPTS));
const Timeout = z.int().check(z.gte(1), z.lte(30));

/** What an endpoint may have of its own in place of the house's retries; `types` are exact names. */
const Retry = z.strictObject({
  /** Seconds before each attempt, the first included. */
  scheduleSeconds: z.optional(Schedule),
  timeoutSeconds: z.optional(Timeout),
});

/** As it is shown: what is secret of it never is (post/authentication.ts has all of it). */
const Authentication = z.object({
  kind: z.enum(['none', 'basic', 'oauth2']),
  username: z.optional(z.string()),
  tokenUrl: z.optional(z.string()),
  clientId: z.optional(z.string()),
  scope: z.optional(z.string()),
  audience: z.optional(z.string()),
  clientAuthentication: z.optional(z.string()),
});

/** What a tenant says about an endpoint, defaults filled in. */
export const EndpointFields = z.object({
  url: Url.check(z.maxLength(2000)),
  description: z.optional(z.string().check(z.maxLength(500))),
  types: z.array(TypePattern).check(z.minLength(1), z.maxLength(100)),
  channel: z.optional(Channel),
  filter: z.optional(Filter),
  /** The version of the payload that is sent, by event type; the newest without an entry. */
  payloadVersions: z.optional(z.record(z.string(), z.int().check(z.gte(1)))),
  /** Of headers of the tenant's own. Their values are kept as secrets: many a one holds a token. */
  headerNames: z.optional(z.array(z.string())),
  ratePerSecond: z.optional(z.number().check(z.gte(0.01), z.lte(1000))),
  retry: z.optional(z.extend(Retry, { types: z.optional(z.record(z.string(), Retry)) })),
  authentication: Authentication,
  signature: z.enum(['standard', 'stripe', 'github']),
  /** Whether requests carry an ed25519 signature (`v1a`) too. */
  asymmetric: z.boolean(),
  /** Takes events in batches. */
  batch: z.optional(z.strictObject({ most: z.int().check(z.gte(2), z.lte(100)) })),
  metadata: z.optional(z.record(z.string().check(z.maxLength(40)), z.string().check(z.maxLength(500)))),
});
export type EndpointFields = z.output<typeof EndpointFields>;
