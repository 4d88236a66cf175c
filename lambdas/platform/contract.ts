import * as z from 'zod/mini';
import type { Contract } from '../shared/http/route';

/** What a probe found. `needed`: nobody gets an answer without it. Never a host name or an error's text. */
export const Dependency = z.object({
  name: z.string(),
  needed: z.boolean(),
  state: z.enum(['up', 'down']),
  latencyMs: z.number(),
});

/** A platform that is not ready answers the problem `not_ready`, with the same `dependencies`. */
export const Readiness = z.object({ status: z.literal('ready'), dependencies: z.array(Dependency) });

const HTML = 'text/html; charset=utf-8';
const open = 'it tells nothing about any tenant, and probes carry no credentials';
const documentation = 'the description of the interface is public';
const Name = z.string().check(z.maxLength(100));
const noStore = { 'cache-control': 'no-store' };

export const platformRoutes = {
  getHealth: {
    method: 'GET',
    path: '/health',
    summary: 'The process lives',
    auth: 'none',
    public: open,
    reply: { status: 200, body: z.object({ status: z.literal('ok') }), headers: noStore },
    since: '0.1.0',
  },
  getReadiness: {
    method: 'GET',
    path: '/ready',
    summary: 'Each dependency with its state and latency; 503 when one that is needed fails',
    auth: 'none',
    public: open,
    reply: { status: 200, body: Readiness, headers: noStore },
    errors: ['not_ready'],
    example: {
      reply: { status: 'ready', dependencies: [{ name: 'postgres', needed: true, state: 'up', latencyMs: 3 }] },
    },
    since: '0.1.0',
  },
  getMetrics: {
    method: 'GET',
    path: '/metrics',
    summary: 'Metrics in the Prometheus text format',
    auth: 'any',
    permission: 'metrics:read',
    reply: {
      status: 200,
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      headers: noStore,
    },
    since: '0.1.0',
  },
  getOpenApi: {
    method: 'GET',
    path: '/openapi.json',
    summary: 'This interface as OpenAPI 3.1',
    auth: 'none',
    public: documentation,
    reply: { status: 200, contentType: 'application/json', headers: { 'cache-control': 'public, max-age=300' } },
    since: '0.1.0',
  },
  getDocs: {
    method: 'GET',
    path: '/docs',
    summary: 'The API reference, to read and to try',
    auth: 'none',
    public: documentation,
    reply: { status: 200, contentType: HTML },
    since: '0.1.0',
  },
  getDocsAsset: {
    method: 'GET',
    path: '/docs/{asset}',
    summary: 'A script or style sheet of the API reference',
    auth: 'none',
    public: documentation,
    params: z.strictObject({ asset: Name }),
    /** The version that the page names: what carries it may be kept for ever. */
    query: z.strictObject({ v: z.optional(Name) }),
    // Each asset answers with a type of its own.
    reply: { status: 200, contentType: '*/*' },
    errors: ['not_found'],
    since: '0.1.0',
  },
  getProblem: {
    method: 'GET',
    path: '/problems/{code}',
    summary: "What an error code means and what to do: the page that a problem's `type` names",
    auth: 'none',
    public: documentation,
    params: z.strictObject({ code: Name }),
    reply: { status: 200, contentType: HTML },
    errors: ['not_found'],
    since: '0.1.0',
  },
} as const satisfies Contract;
