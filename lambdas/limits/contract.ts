import * as z from 'zod/mini';
import { Id } from '../shared/http/id';
import { type Contract, json } from '../shared/http/route';
import { DEFAULT_LIMITS } from '../shared/limits/defaults';
import { LimitSettings, PLAN_NAMES, PlanOverride } from '../shared/limits/plans';

/** One limit as its caller meets it. Times are `null` where waiting is no matter of time: requests under way. */
const Policy = z.object({
  /** `burst`, `minute`, `concurrent`, or the period of a quota: `day`, `month`. */
  name: z.string(),
  /** Whose it is: `user`, `api_key`, `client` or `organisation`. */
  scope: z.string(),
  limit: z.int(),
  remaining: z.int(),
  /** Until all of it is there again. */
  resetSeconds: z.nullable(z.int()),
  resetsAt: z.nullable(z.string()),
  windowSeconds: z.nullable(z.int()),
});

const State = z.object({
  /** The organisation's, or one of the key's or client's own. */
  plan: z.string(),
  organisationPlan: z.string(),
  /** The cache does not answer: one part of the platform counts alone, and lets a share of the plan through. */
  degraded: z.boolean(),
  policies: z.array(Policy),
});

const settings = {
  version: z.int(),
  /** Whether they are those that the stage was deployed with: nobody has set any. */
  deployed: z.boolean(),
  settings: LimitSettings,
};
const Settings = z.object(settings);
/** As long as there are requests: an environment looks for new settings beside them. */
const ChangedSettings = z.object({ ...settings, inForceWithinSeconds: z.int() });

export const OrganisationSettings = z.object({
  id: z.uuid(),
  name: z.string(),
  plan: z.enum(PLAN_NAMES),
  /** What it has in place of its plan's figures. */
  limits: z.nullable(PlanOverride),
  version: z.int(),
  updatedAt: z.string(),
});
export type OrganisationSettings = z.output<typeof OrganisationSettings>;

const OrganisationPatch = z.strictObject({
  plan: z.optional(z.enum(PLAN_NAMES)),
  limits: z.optional(z.nullable(PlanOverride)),
});

/** They spend nothing of their caller's limits: an operator who has set them too low must be able to mend that. */
const ofOperators = { auth: 'any', cost: 0, since: '0.3.0' } as const;
const organisation = {
  ...ofOperators,
  path: '/v1/settings/organisations/{id}',
  params: z.strictObject({ id: Id }),
  errors: ['not_found'],
} as const;

export const limitRoutes = {
  getLimits: {
    method: 'GET',
    path: '/v1/limits',
    summary: 'Where you stand with your limits; asking spends none',
    auth: 'any',
    cost: 0,
    permission: 'account:read',
    reply: { status: 200, body: State, headers: { 'cache-control': 'no-store' } },
    since: '0.3.0',
  },
  getLimitSettings: {
    ...ofOperators,
    method: 'GET',
    path: '/v1/settings/limits',
    summary: 'The plans and limits of the platform',
    permission: 'settings:read',
    reply: { status: 200, body: Settings },
  },
  putLimitSettings: {
    ...ofOperators,
    method: 'PUT',
    path: '/v1/settings/limits',
    summary: 'Replace the plans and limits of the platform while it runs',
    permission: 'settings:write',
    conditional: true,
    body: json(LimitSettings),
    reply: { status: 200, body: ChangedSettings },
    example: { body: DEFAULT_LIMITS },
  },
  getOrganisationSettings: {
    ...organisation,
    method: 'GET',
    summary: 'The plan and the limits of any organisation',
    permission: 'settings:read',
    reply: { status: 200, body: OrganisationSettings },
  },
  updateOrganisationSettings: {
    ...organisation,
    method: 'PATCH',
    summary: 'Give an organisation another plan, or limits in place of its figures',
    permission: 'settings:write',
    conditional: true,
    body: json(OrganisationPatch),
    reply: { status: 200, body: OrganisationSettings },
    example: { body: { plan: 'pro', limits: { organisation: { perMinute: 5_000 } } } },
  },
} as const satisfies Contract;
