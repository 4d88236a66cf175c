import * as z from 'zod/mini';
import { client } from '../../../lambdas/shared/http/client';
import type { Contract, Operations } from '../../../lambdas/shared/http/route';

/*
 * What must not compile. Each `ts-expect-error` is an assertion that `tsc` checks: were the line to compile, the
 * unused directive would be the error.
 */
const contract = {
  getThing: {
    method: 'GET',
    path: '/things/{id}',
    summary: '',
    auth: 'none',
    public: 'a test',
    params: z.strictObject({ id: z.string() }),
    reply: { status: 200, body: z.object({ id: z.string() }) },
  },
  getMine: {
    method: 'GET',
    path: '/mine',
    summary: '',
    auth: 'any',
    permission: 'graph:query',
    reply: { status: 204 },
  },
} as const satisfies Contract;

type All = Operations<typeof contract>;
const operations: All = {
  getThing: async ({ params }) => ({ id: params.id }),
  getMine: async ({ principal }) => void principal.roles,
};
const { getThing } = operations;

// @ts-expect-error -- getMine is missing
const missing: All = { getThing };
// @ts-expect-error -- the reply has no such shape
const wrongReply: All = { ...operations, getThing: async () => ({ id: 1 }) };
// @ts-expect-error -- the contract declares no such parameter
const wrongParameter: All = { ...operations, getThing: async ({ params }) => ({ id: params.name }) };
// @ts-expect-error -- a public route has no principal
const noPrincipal: All = { ...operations, getThing: async ({ principal }) => ({ id: principal.id }) };
const route = { method: 'GET', path: '/', summary: '', reply: { status: 204 } } as const;
// @ts-expect-error -- a route without credentials must say why
const noReason: Contract = { open: { ...route, auth: 'none' } };
// @ts-expect-error -- a route with credentials must name its permission
const noPermission: Contract = { closed: { ...route, auth: 'any' } };

const typed = client(contract, { baseUrl: 'http://127.0.0.1' });
// @ts-expect-error -- the path needs its parameter
const withoutId = () => typed.getThing();

test('each mistake above is refused by the compiler', () => {
  const mistakes = [missing, wrongReply, wrongParameter, noPrincipal, noReason, noPermission, withoutId];
  expect(mistakes).toHaveLength(7);
});
