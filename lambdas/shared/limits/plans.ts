import * as z from 'zod/mini';
import type { Versioned } from '../settings/kind';

/*
 * How much each caller may do. A limit is one thing wherever it stands: a bucket for bursts, a sliding minute for what
 * is sustained, and a quota of the calendar. A plan has one for each principal and one for the whole organisation.
 */

export const PLAN_NAMES = ['free', 'pro', 'enterprise', 'custom'] as const;
export type PlanName = (typeof PLAN_NAMES)[number];

const Quota = z.strictObject({
  requests: z.int().check(z.gte(1), z.lte(1_000_000_000_000)),
  /** Of the calendar, in UTC. */
  per: z.enum(['day', 'month']),
});

const fields = {
  /** Tokens that come back to the bucket each second. Redis counts whole microseconds between tokens. */
  ratePerSecond: z.number().check(z.gte(0.01), z.lte(10_000)),
  /** Tokens the bucket holds: the most that can be spent at once. */
  burst: z.int().check(z.gte(1), z.lte(100_000)),
  /** The most that any sixty seconds see. */
  perMinute: z.int().check(z.gte(1), z.lte(100_000_000)),
  quota: z.optional(Quota),
};

/** What one meter lets through. A request spends its cost from all that is named here, or nothing at all. */
export const Limit = z.strictObject(fields);
export type Limit = z.output<typeof Limit>;

const concurrency = z.int().check(z.gte(1), z.lte(100_000));
export const OrganisationLimit = z.strictObject({ ...fields, concurrency });
export type OrganisationLimit = z.output<typeof OrganisationLimit>;

export const Plan = z.strictObject({ principal: Limit, organisation: OrganisationLimit });
export type Plan = z.output<typeof Plan>;

/** What an organisation, a key or a client has in place of its plan's figures; `null` for a quota takes it away. */
const quota = z.optional(z.nullable(Quota));
export const LimitOverride = z.partial(z.strictObject({ ...fields, quota }));
export type LimitOverride = z.output<typeof LimitOverride>;
export const PlanOverride = z.strictObject({
  principal: z.optional(LimitOverride),
  organisation: z.optional(z.partial(z.strictObject({ ...fields, quota, concurrency }))),
});
export type PlanOverride = z.output<typeof PlanOverride>;

/** What an address may do where nobody has signed in; an IPv6 address counts as its /64. */
export const AddressLimits = z.strictObject({
  /** Where passwords, secrets, codes and tokens are taken. */
  credentials: z.strictObject({
    ratePerSecond: fields.ratePerSecond,
    burst: fields.burst,
    perMinute: fields.perMinute,
    /** What a request with wrong credentials costs; one with right ones costs 1. */
    wrongCosts: z.int().check(z.gte(1), z.lte(1_000)),
  }),
  /** Where servers ask for each of their own requests, and are counted by what they authenticate as. Counted as `pages`. */
  services: z.strictObject({ ratePerSecond: fields.ratePerSecond, burst: fields.burst, perMinute: fields.perMinute }),
  /** The keys and the metadata that clients read now and then. */
  discovery: z.strictObject({
    ratePerSecond: fields.ratePerSecond,
    burst: fields.burst,
    perMinute: fields.perMinute,
  }),
  /** Everything else that is open. Counted in each execution environment alone: these routes ask no store. */
  pages: z.strictObject({ ratePerSecond: fields.ratePerSecond, burst: fields.burst, perMinute: fields.perMinute }),
});
export type AddressLimits = z.output<typeof AddressLimits>;
export type AddressClass = keyof AddressLimits;

export const LimitSettings = z.strictObject({
  plans: z.strictObject({ free: Plan, pro: Plan, enterprise: Plan, custom: Plan }),
  addresses: AddressLimits,
  /** What one execution environment lets through of each limit while Redis does not answer. */
  degradedShare: z.number().check(z.gte(0.001), z.lte(1)),
});
export type LimitSettings = z.output<typeof LimitSettings>;

export type VersionedSettings = Versioned<LimitSettings>;

/** Where a caller stands by PostgreSQL: everything that its limits are made of. */
export interface Standing {
  /** The plan that the principal's limit comes from: the organisation's, or one of the key's own. */
  readonly plan: string;
  readonly organisationPlan: string;
  readonly organisationOverride?: PlanOverride | undefined;
  readonly ownOverride?: LimitOverride | undefined;
}

/** The two limits that each request of a caller is counted by. */
export const Limits = Plan;
export type Limits = z.output<typeof Limits>;

const isPlan = (name: string): name is PlanName => PLAN_NAMES.some((known) => known === name);

/** The limits of this caller. A plan that this release does not know is the smallest. */
export function limitsOf(settings: LimitSettings, standing: Standing): Limits {
  const planOf = (name: string) => settings.plans[isPlan(name) ? name : 'free'];
  const { organisationOverride: override, ownOverride } = standing;
  const { organisation } = planOf(standing.organisationPlan);
  return {
    principal: overridden(overridden(planOf(standing.plan).principal, override?.principal), ownOverride),
    organisation: {
      ...overridden(organisation, override?.organisation),
      concurrency: override?.organisation?.concurrency ?? organisation.concurrency,
    },
  };
}

function overridden(limit: Limit, override: LimitOverride = {}): Limit {
  const { ratePerSecond = limit.ratePerSecond, burst = limit.burst, perMinute = limit.perMinute } = override;
  return {
    ratePerSecond,
    burst,
    perMinute,
    quota: override.quota === undefined ? limit.quota : (override.quota ?? undefined),
  };
}
