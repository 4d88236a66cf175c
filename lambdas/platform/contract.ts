import * as z from 'zod/mini';
import { type Contract } from '../shared/route';

const Dependency = z.object({
  name: z.string(),
  /** Whether the platform can answer at all without it. */
  needed: z.boolean(),
  state: z.enum(['up', 'down']),
  latencyMs: z.number(),
});

export const Readiness = z.object({ status: z.enum(['ready', 'not_ready']), dependencies: z.array(Dependency) });

const HTML = 'text/html; charset=utf-8';
const open = 'it tells nothing about any tenant, and probes carry no credentials';

export const platformRoutes = {
  getHealth: {
    method: 'GET',
    path: '/health',
    summary: 'The process lives',
    auth: 'none',
    public: open,
    reply: { status: 200, body: z.object({ status: z.literal('ok') }), headers: { 'cache-control': 'no-store' } },
    since: '0.1.0',
  },
  getReadiness: {
    method: 'GET',
    path: '/ready',
    summary: 'Each dependency with its state and latency; 503 when one that is needed fails',
    auth: 'none',
    public: open,
    reply: { status: 200, body: Readiness, headers: { 'cache-control': 'no-store' } },
    errors: ['not_ready'],
    since: '0.1.0',
  },
  getMetrics: {
    method: 'GET',
    path: '/metrics',
    summary: 'Metrics in the Prometheus text format',
    auth: 'apiKey',
    permission: 'metrics:read',
    reply: {
      status: 200,
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      headers: { 'cache-control': 'no-store' },
    },
    since: '0.1.0',
  },
  getOpenApi: {
    method: 'GET',
    path: '/openapi.json',
    summary: 'This interface as OpenAPI 3.1',
    auth: 'none',
    public: 'the description of the interface is public',
    reply: { status: 200, contentType: 'application/json', headers: { 'cache-control': 'public, max-age=300' } },
    since: '0.1.0',
  },
  getDocs: {
    method: 'GET',
    path: '/docs',
    summary: 'The API reference, to read and to try',
    auth: 'none',
    public: 'the description of the interface is public',
    reply: { status: 200, contentType: HTML },
    since: '0.1.0',
  },
  getDocsAsset: {
    method: 'GET',
    path: '/docs/{asset}',
    summary: 'A script or style sheet of the API reference',
    auth: 'none',
    public: 'the description of the interface is public',
    params: z.strictObject({ asset: z.string().check(z.maxLength(100)) }),
    reply: { status: 200, contentType: 'application/octet-stream' },
    since: '0.1.0',
  },
  getProblem: {
    method: 'GET',
    path: '/problems/{code}',
    summary: "What an error code means and what to do: the page that a problem's `type` names",
    auth: 'none',
    public: 'the description of the interface is public',
    params: z.strictObject({ code: z.string().check(z.maxLength(100)) }),
    reply: { status: 200, contentType: HTML },
    since: '0.1.0',
  },
} as const satisfies Contract;
