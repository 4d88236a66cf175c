import * as z from 'zod/mini';
import type { Contract } from '../shared/route';

export const ApiKey = z.object({ id: z.string(), name: z.string() });

export const keyRoutes = {
  getKey: {
    method: 'GET',
    path: '/v1/keys/{id}',
    summary: 'One API key',
    auth: 'any',
    permission: 'keys:read',
    resource: { type: 'key', param: 'id' },
    params: z.strictObject({ id: z.string().check(z.regex(/^[a-z0-9]{16}$/)) }),
    reply: { status: 200, body: ApiKey },
    errors: ['not_found'],
    since: '0.2.0',
  },
} as const satisfies Contract;
