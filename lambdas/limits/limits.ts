import type { Changes } from '../shared/access/change';
import type { Operations } from '../shared/http/route';
import type { LimitSettings } from '../shared/limits/plans';
import type { Settings } from '../shared/limits/settings';
import { momentIn, type Policy } from '../shared/limits/standing';
import type { Redis } from '../shared/stores/redis';
import type { limitRoutes } from './contract';
import { limitSettings } from './limit-settings';
import { organisationSettings } from './organisation-settings';

export interface Deps {
  readonly changes: Changes;
  readonly settings: Settings;
  /** What the stage was deployed with. */
  readonly deployed: LimitSettings;
  readonly redis: Redis;
  nowMs(): number;
}

export const limits = (deps: Deps): Operations<typeof limitRoutes> => ({
  ...limitSettings(deps),
  ...organisationSettings(deps),

  async getLimits({ principal: { plan, organisationPlan }, limits: { degraded, policies } }) {
    const nowMs = deps.nowMs();
    return { plan, organisationPlan, degraded, policies: policies.map((policy) => told(policy, nowMs)) };
  },
});

/** What the headers of the same answer say, in words. */
function told({ name, scope, limit, left: remaining, ...times }: Policy, nowMs: number) {
  const { resetSeconds, windowSeconds } = times;
  const policy = { name, scope, limit, remaining };
  if (windowSeconds === undefined) return { ...policy, resetSeconds: null, resetsAt: null, windowSeconds: null };
  return { ...policy, resetSeconds, resetsAt: momentIn(resetSeconds, nowMs), windowSeconds };
}
