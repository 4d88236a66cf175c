import { routes } from '../../lambdas/routes';
import type { AddressClass, LimitSettings, OrganisationLimit } from '../../lambdas/shared/limits/plans';
import type { Stage } from '../stages';

/*
 * What the gateway and the firewall let through, made of what the plans promise: nobody may be stopped there by less than
 * their plan. Settings that are changed while they run are not seen here: whoever raises the largest plan deploys too.
 */

export interface Throttle {
  readonly ratePerSecond: number;
  readonly burst: number;
}

/** So many addresses may use an open route at their full rate at once before its method is throttled for all. */
const ADDRESSES_AT_FULL_RATE = 100;
const FIVE_MINUTES = 5;
/**
 * The firewall counts coarsely, and what no plan counts too: preflights, open routes, answers of 429. It blocks whole
 * addresses, so it begins where our own limit has refused for long.
 */
const FIREWALL_SLACK = 2;
/** Less than this no rate rule of WAF can say. */
const LEAST_RATE = 10;

const largest = ({ plans }: LimitSettings, figure: (limit: OrganisationLimit) => number) =>
  Math.max(...Object.values(plans).map(({ organisation }) => figure(organisation)));

/** Of the whole stage: as many organisations as it says at the rate of the largest plan, within the account's quota. */
export function stageThrottle({ limits, throttling }: Stage): Throttle {
  const { fullRateOrganisations: many, accountRatePerSecond, accountBurst } = throttling;
  return {
    ratePerSecond: Math.min(accountRatePerSecond, many * largest(limits, ({ ratePerSecond }) => ratePerSecond)),
    burst: Math.min(accountBurst, many * largest(limits, ({ burst }) => burst)),
  };
}

/** What is wrong where a plan promises more than the account lets through; nothing where none does. */
export function throttlingFault({ limits, throttling }: Pick<Stage, 'limits' | 'throttling'>): string | undefined {
  const rate = largest(limits, ({ ratePerSecond }) => ratePerSecond);
  const burst = largest(limits, (organisation) => organisation.burst);
  if (rate > throttling.accountRatePerSecond)
    return `limits.plans promise an organisation ${rate} requests a second, throttling.accountRatePerSecond lets ${throttling.accountRatePerSecond} through`;
  if (burst > throttling.accountBurst)
    return `limits.plans promise an organisation a burst of ${burst}, throttling.accountBurst lets ${throttling.accountBurst} through`;
  return undefined;
}

const STRICT: readonly AddressClass[] = ['credentials', 'discovery'];

/** Routes that have strict limits by address, with their class. */
export const strictRoutes = () =>
  Object.values(routes).flatMap(({ path, method, addressLimit }) =>
    addressLimit && STRICT.includes(addressLimit) ? [{ path, method, addressLimit }] : [],
  );

/** Of each method with a strict limit by address, as `/path/METHOD`: a flood of many addresses leaves the rest alone. */
export function methodThrottles(stage: Stage): ReadonlyMap<string, Throttle> {
  const all = stageThrottle(stage);
  return new Map(
    strictRoutes().map(({ path, method, addressLimit }) => {
      const { ratePerSecond, burst } = stage.limits.addresses[addressLimit];
      return [
        `${path}/${method}`,
        {
          ratePerSecond: Math.min(all.ratePerSecond, ADDRESSES_AT_FULL_RATE * ratePerSecond),
          burst: Math.min(all.burst, ADDRESSES_AT_FULL_RATE * burst),
        },
      ];
    }),
  );
}

/** Requests of one address in five minutes: a whole organisation of the largest plan may stand behind one. */
export const perAddress = ({ limits }: Stage): number =>
  Math.max(LEAST_RATE, FIREWALL_SLACK * FIVE_MINUTES * largest(limits, ({ perMinute }) => perMinute));

/** The same for routes that take credentials. */
export const credentialsPerAddress = ({ limits }: Stage): number =>
  Math.max(LEAST_RATE, FIREWALL_SLACK * FIVE_MINUTES * limits.addresses.credentials.perMinute);
