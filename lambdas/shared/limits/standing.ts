import { Refusal } from '../errors';
import type { Limit } from './plans';

/** One limit as a caller meets it: how much there is, what is left, when all of it is back. */
export interface Policy {
  readonly kind: 'burst' | 'minute' | 'quota' | 'concurrent';
  /** As `kind`; a quota by its period, `day` or `month`. */
  readonly name: string;
  /** Whose it is: `user`, `api_key`, `client`, `organisation` or `address`. */
  readonly scope: string;
  readonly limit: number;
  readonly left: number;
  /** Until all of it is there again. */
  readonly resetSeconds: number;
  /** Nothing where it is no matter of time: requests under way. */
  readonly windowSeconds: number | undefined;
}

/** Where a caller stands after a request. What headers, problems and `GET /v1/limits` say is made of this alone. */
export interface LimitState {
  readonly policies: readonly Policy[];
  /** The one that refused, or the one of which least is left. */
  readonly binding: Policy;
  /** Redis does not answer: this environment counts alone, and lets a share of the plan through. */
  readonly degraded: boolean;
  /** What would have refused the request if it had been counted at its whole cost, where that is only observed. */
  readonly exceeded?: Policy;
}

const secondsOf = (milliseconds: number) => Math.ceil(milliseconds / 1000);
const PERIOD_SECONDS = { day: 86_400, month: 30 * 86_400 } as const;
function untouched(
  kind: 'burst' | 'minute' | 'quota',
  name: string,
  scope: string,
  limit: number,
  windowSeconds: number,
) {
  return { kind, name, scope, limit, left: 0, resetSeconds: 0, windowSeconds };
}

/**
 * The limits of one meter by what is left of its bucket, its minute and its quota.
 * @param levels pairs of what is left and its reset in milliseconds, of which the meter's own begin at `at`
 */
export function policiesOf(scope: string, limit: Limit, levels: readonly number[], at = 0): readonly Policy[] {
  const policies = [
    untouched('burst', 'burst', scope, limit.burst, Math.ceil(limit.burst / limit.ratePerSecond)),
    untouched('minute', 'minute', scope, limit.perMinute, 60),
  ];
  if (limit.quota)
    policies.push(untouched('quota', limit.quota.per, scope, limit.quota.requests, PERIOD_SECONDS[limit.quota.per]));
  for (const [index, each] of policies.entries()) {
    each.left = levels[at + 2 * index] ?? 0;
    each.resetSeconds = secondsOf(levels[at + 2 * index + 1] ?? 0);
  }
  return policies;
}

/** When a place is free again is not known: the caller is told to come a second later. */
export const concurrent = (limit: number, running: number): Policy => ({
  kind: 'concurrent',
  name: 'concurrent',
  scope: 'organisation',
  limit,
  left: Math.max(0, limit - running),
  resetSeconds: 1,
  windowSeconds: undefined,
});

const spendable = (policies: readonly Policy[]) => policies.filter(({ windowSeconds }) => windowSeconds !== undefined);

/** Of several, the one of which least is left; what is under way now says nothing of what may come next. */
export const leastOf = (policies: readonly Policy[]): Policy =>
  spendable(policies).reduce((least, each) => (each.left < least.left ? each : least));

/** The one that never holds more than all others. */
export const smallestOf = (policies: readonly Policy[]): Policy =>
  spendable(policies).reduce((least, each) => (each.limit < least.limit ? each : least));

const wireName = ({ scope, name }: Policy) => `"${scope}-${name}"`;

const policyItem = (policy: Policy) =>
  policy.windowSeconds === undefined
    ? `${wireName(policy)};q=${policy.limit};qu="concurrent-requests"`
    : `${wireName(policy)};q=${policy.limit};w=${policy.windowSeconds}`;

const stateItem = (policy: Policy) =>
  policy.windowSeconds === undefined
    ? `${wireName(policy)};r=${policy.left}`
    : `${wireName(policy)};r=${policy.left};t=${policy.resetSeconds}`;

/**
 * `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10) list every limit, the binding one first;
 * the older `X-RateLimit-*` say that one: its reset is the second since 1970 in which it is whole again.
 */
export function limitHeaders({ policies, binding, degraded }: LimitState, nowMs: number): Record<string, string> {
  let policy = policyItem(binding);
  let state = stateItem(binding);
  for (const each of policies) {
    if (each.scope === binding.scope && each.name === binding.name) continue;
    policy += `, ${policyItem(each)}`;
    state += `, ${stateItem(each)}`;
  }
  const headers: Record<string, string> = {
    'ratelimit-policy': policy,
    ratelimit: state,
    'x-ratelimit-limit': String(binding.limit),
    'x-ratelimit-remaining': String(binding.left),
    'x-ratelimit-reset': String(Math.ceil(nowMs / 1000) + binding.resetSeconds),
  };
  if (degraded) headers['x-ratelimit-mode'] = 'degraded';
  return headers;
}

/** The moment so many seconds from now, in the whole second that `X-RateLimit-Reset` says. */
export const momentIn = (seconds: number, nowMs: number): string =>
  new Date((Math.ceil(nowMs / 1000) + seconds) * 1000).toISOString();

/** The 429 of the binding limit; its `resetSeconds` say when the same request succeeds. */
export function tooMany(state: LimitState, nowMs: number): Refusal {
  const { scope, name, limit, left, resetSeconds } = state.binding;
  const detail =
    name === 'concurrent'
      ? `the ${scope} may have ${limit} requests under way at once`
      : `the ${name} limit of the ${scope} is reached: ${limit}; it frees in ${resetSeconds} s`;
  return new Refusal('rate_limited', detail, {
    headers: { ...limitHeaders(state, nowMs), 'retry-after': String(resetSeconds) },
    extensions: {
      limit: {
        name,
        scope,
        limit,
        remaining: left,
        retryAfterSeconds: resetSeconds,
        freesAt: momentIn(resetSeconds, nowMs),
      },
    },
  });
}

/** A request that costs more than a limit ever holds: waiting does not help, so it is no 429. */
export const tooCostly = ({ binding: { scope, name, limit } }: LimitState, cost: number): Refusal =>
  new Refusal(
    'too_costly',
    `the request costs ${cost}; the ${name} limit of the ${scope} never holds more than ${limit}`,
    {
      extensions: { cost, limit: { name, scope, limit } },
    },
  );
