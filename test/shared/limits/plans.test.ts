import { DEFAULT_LIMITS } from '../../../lambdas/shared/limits/defaults';
import {
  type LimitSettings,
  type Limits,
  limitsOf,
  LimitSettings as Schema,
  type Standing,
} from '../../../lambdas/shared/limits/plans';

const { plans } = DEFAULT_LIMITS;
const FREE: Standing = { plan: 'free', organisationPlan: 'free' };
const quota = { requests: 7, per: 'month' } as const;
/** A plan whose principals have a quota too. */
const metered: LimitSettings = {
  ...DEFAULT_LIMITS,
  plans: { ...plans, free: { ...plans.free, principal: { ...plans.free.principal, quota } } },
};

interface Row {
  readonly who: string;
  readonly standing: Standing;
  readonly principal?: Limits['principal'];
  readonly organisation?: Limits['organisation'];
}

test.each<Row>([
  { who: 'a user of a plan', standing: FREE },
  { who: 'a plan that this release does not know', standing: { plan: 'platinum', organisationPlan: 'platinum' } },
  {
    who: 'a key with a plan of its own, under its organisation',
    standing: { ...FREE, plan: 'pro' },
    principal: plans.pro.principal,
  },
  {
    who: 'a key with a smaller plan than its organisation',
    standing: { plan: 'free', organisationPlan: 'enterprise' },
    organisation: plans.enterprise.organisation,
  },
  {
    who: 'an organisation with another minute and no quota',
    standing: { ...FREE, organisationOverride: { organisation: { perMinute: 9, quota: null } } },
    organisation: { ...plans.free.organisation, perMinute: 9, quota: undefined },
  },
  {
    who: 'an organisation with another quota and concurrency',
    standing: { ...FREE, organisationOverride: { organisation: { quota, concurrency: 3 } } },
    organisation: { ...plans.free.organisation, quota, concurrency: 3 },
  },
  {
    who: 'an organisation with something else for each principal',
    standing: { ...FREE, organisationOverride: { principal: { burst: 9 } } },
    principal: { ...plans.free.principal, burst: 9 },
  },
  {
    who: 'a key with limits of its own, which are stronger than those of its organisation for each principal',
    standing: {
      ...FREE,
      organisationOverride: { principal: { burst: 9, perMinute: 8 } },
      ownOverride: { burst: 1_000, quota },
    },
    principal: { ...plans.free.principal, burst: 1_000, perMinute: 8, quota },
  },
  {
    who: 'a key with limits of its own, which leave those of the organisation as they are',
    standing: { ...FREE, ownOverride: { ratePerSecond: 9_000, burst: 90_000, perMinute: 900_000 } },
    principal: { ratePerSecond: 9_000, burst: 90_000, perMinute: 900_000, quota: undefined },
  },
])('the limits of $who', ({ standing, principal, organisation }) => {
  expect(limitsOf(DEFAULT_LIMITS, standing)).toEqual({
    principal: principal ?? plans.free.principal,
    organisation: organisation ?? plans.free.organisation,
  });
});

const quotaOf = (ownOverride: Standing['ownOverride']) => limitsOf(metered, { ...FREE, ownOverride }).principal.quota;

test('a quota of the plan stays until an override takes it away with null, or says another', () => {
  expect(quotaOf({ burst: 1 })).toEqual(quota);
  expect(quotaOf({ quota: null })).toBeUndefined();
  expect(quotaOf({ quota: { requests: 1, per: 'day' } })).toEqual({ requests: 1, per: 'day' });
});

test('what a stage is deployed with is what an operator may set', () => {
  expect(Schema.parse(DEFAULT_LIMITS)).toEqual(DEFAULT_LIMITS);
});
