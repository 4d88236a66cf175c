import type { EndpointRecord } from '../records/endpoint';

/** Seconds before each attempt: 10 attempts over 75 h 35 min. */
export const SCHEDULE_SECONDS: readonly number[] = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
export const TIMEOUT_SECONDS = 15;

/** How an endpoint wants events of this type tried: its own word for the type, else its own, else the house's. */
export function retryOf({ retry }: Pick<EndpointRecord, 'retry'>, type: string) {
  const own = retry?.types && Object.hasOwn(retry.types, type) ? retry.types[type] : undefined;
  return {
    scheduleSeconds: own?.scheduleSeconds ?? retry?.scheduleSeconds ?? SCHEDULE_SECONDS,
    timeoutSeconds: own?.timeoutSeconds ?? retry?.timeoutSeconds ?? TIMEOUT_SECONDS,
  };
}
