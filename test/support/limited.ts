import type { Entry } from '../../lambdas/shared/access/entry';
import { setOfRole } from '../../lambdas/shared/access/permissions';
import { DEFAULT_LIMITS } from '../../lambdas/shared/limits/defaults';
import type { Limit, LimitSettings, OrganisationLimit, Plan } from '../../lambdas/shared/limits/plans';

/** What PostgreSQL would say of a caller on this plan who may do what a viewer may. */
export const entryOnPlan = (plan: string, more: Partial<Entry> = {}): Entry => ({
  roles: ['viewer'],
  permissions: [...setOfRole('viewer')],
  grants: [],
  plan,
  organisationPlan: plan,
  ranges: [],
  revokedTokens: [],
  loadedAtSeconds: 0,
  ...more,
});

/** The default settings with another plan `pro`. */
export const withPro = (pro: Plan): LimitSettings => ({ ...DEFAULT_LIMITS, plans: { ...DEFAULT_LIMITS.plans, pro } });

/** A limit so wide that nobody meets it. */
export const NO_LIMIT: Limit = { ratePerSecond: 10_000, burst: 100_000, perMinute: 100_000_000 };
export const NO_ORGANISATION_LIMIT: OrganisationLimit = { ...NO_LIMIT, concurrency: 100_000 };
