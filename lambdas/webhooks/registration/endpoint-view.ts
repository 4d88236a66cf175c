import type { Endpoint } from '../contracts/endpoints';
import type { EndpointRecord } from '../records/endpoint';
import { living, type SigningKeys } from '../signing/secrets';

const time = (ms: number) => new Date(ms).toISOString();
const timeOrNull = (ms: number | undefined) => (ms === undefined ? null : time(ms));

/** What is known of how an endpoint does, as it is stored (stores/endpoint-states.ts). */
export interface EndpointHealth {
  readonly breaker: 'closed' | 'open' | 'draining';
  readonly failuresInARow: number;
  readonly failingSinceMs?: number | undefined;
  readonly nextProbeMs?: number | undefined;
  readonly slow: boolean;
}

export const HEALTHY: EndpointHealth = { breaker: 'closed', failuresInARow: 0, slow: false };

interface Key {
  readonly id: string;
  readonly expiresAtMs?: number | undefined;
}
const shownKey = (kind: 'v1' | 'v1a', { id, expiresAtMs }: Key) => ({ id, kind, expiresAt: timeOrNull(expiresAtMs) });

/** The keys that sign now, without what is secret of them. */
export function shownKeys(keys: SigningKeys, nowMs: number): Endpoint['keys'] {
  const { secrets, keys: pairs } = living(keys, nowMs);
  return [...secrets.map((key) => shownKey('v1', key)), ...pairs.map((key) => shownKey('v1a', key))];
}

/** As a caller is shown it. */
export function endpointView(record: EndpointRecord, keys: Endpoint['keys'], health: EndpointHealth): Endpoint {
  const {
    organisation: _organisation,
    sealed: _sealed,
    version: _version,
    stateSinceMs,
    createdAtMs,
    updatedAtMs,
    stateReason,
    ...fields
  } = record;
  return {
    ...fields,
    stateReason: stateReason ?? null,
    stateSince: time(stateSinceMs),
    keys,
    health: {
      breaker: health.breaker,
      failuresInARow: health.failuresInARow,
      failingSince: timeOrNull(health.failingSinceMs),
      nextProbeAt: timeOrNull(health.nextProbeMs),
      slow: health.slow,
    },
    createdAt: time(createdAtMs),
    updatedAt: time(updatedAtMs),
  };
}

/** As the audit keeps it: all that a change can change, and nothing that is secret. */
export function auditView(record: EndpointRecord): Readonly<Record<string, unknown>> {
  return { ...record, sealed: undefined };
}
