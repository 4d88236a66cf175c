import type { Identity } from '../../lambdas/shared/access/principal';
import { event } from '../../test/support/event';

/** Who asks. */
export const CALLER: Identity = {
  kind: 'user',
  id: '0b7c1f5e-3c0d-4f6a-8d1e-2a9b6c4d5e6f',
  organisation: '3f0c9a52-8a35-4f0e-9d0a-6f0f1f5f7c11',
  session: '5c1d0b52-3f0e-4d8f-9f2b-1a2b3c4d5e6f',
};

const HEADERS = { 'Content-Type': 'application/json' };

/** What API Gateway hands a function for this body, as the JSON that Lambda's runtime parses for each request. */
export const eventText = (body: string): string =>
  JSON.stringify(event({ method: 'POST', resource: '/graphql', headers: HEADERS, body, principal: CALLER }));
