import { randomUUID } from 'node:crypto';
import type { EndpointRecord } from '../../lambdas/webhooks/records/endpoint';

/** An endpoint that takes everything, with no keys that would open. */
export const endpointRecord = (more: Partial<EndpointRecord> = {}): EndpointRecord => ({
  id: 'we_00000000000000000000',
  organisation: randomUUID(),
  url: 'https://hooks.example.com',
  types: ['*'],
  authentication: { kind: 'none' },
  signature: 'standard',
  asymmetric: false,
  state: 'enabled',
  stateSinceMs: 0,
  sealed: '',
  version: 1,
  createdAtMs: 0,
  updatedAtMs: 0,
  ...more,
});
