import { randomUUID } from 'node:crypto';
import { composeExamples } from '../../examples/compose';
import { graphRoutes } from '../../lambdas/graph/contract';
import { liveGraph } from '../../lambdas/graph/live-graph';
import { federatedGraph, type Operated } from '../../lambdas/graph/operations';
import type { Role } from '../../lambdas/shared/access/permissions';
import { DEFAULT_GRAPH_SETTINGS, type GraphSettings } from '../../lambdas/shared/graph/settings';
import { openSend } from '../../lambdas/shared/http/send';
import { type ServeOptions, serve } from '../../lambdas/shared/http/serve';
import type { Redis } from '../../lambdas/shared/stores/redis';
import { context, event, principal, served } from '../support/event';
import type { Shop } from '../support/shop';

const identity = { region: 'us-east-1', accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: undefined };
const HEADERS = { 'content-type': 'application/json', accept: 'application/json' };

/** Settings of the graph that a test sets as it goes. */
export function settable() {
  let now: GraphSettings = DEFAULT_GRAPH_SETTINGS;
  return {
    fresh: async () => ({ version: 0, settings: now }),
    set(settings: Partial<GraphSettings> = {}) {
      now = { ...DEFAULT_GRAPH_SETTINGS, ...settings };
    },
  };
}

interface Options extends Operated {
  readonly shop: Shop;
  readonly redis: Redis;
  /** Of the graph: environments of one version know the same operations. */
  readonly version?: string;
  readonly introspection?: boolean;
  /** @default that of the examples */
  readonly supergraph?: () => Promise<string>;
  /** @default nobody meets a limit */
  readonly access?: ServeOptions['access'];
}

interface Asking {
  readonly roles?: Role[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Asks this by GET in its place. */
  readonly get?: Readonly<Record<string, string>>;
}

/** One execution environment of the graph. */
export function environment({ shop, redis, version = randomUUID(), introspection = false, ...more }: Options) {
  const { access = served.access, supergraph = async () => composeExamples(), ...operated } = more;
  const artifact = { version, urls: shop.urls, supergraph };
  const send = openSend({ identity, signedUrls: Object.values(artifact.urls), privateTargets: true });
  const graph = liveGraph(artifact, { redis, send, planning: { introspection } });
  const { operations, costs } = federatedGraph(async () => graph, operated);
  const handler = serve(graphRoutes, operations, { ...served, access, costs });
  return async (
    asked: Readonly<Record<string, unknown>> | readonly unknown[],
    { roles = ['viewer'], headers = {}, get }: Asking = {},
  ) => {
    const request = {
      resource: '/graphql',
      principal: principal(...roles),
      ...(get ? { method: 'GET', query: get } : { method: 'POST', body: JSON.stringify(asked) }),
    };
    const {
      statusCode,
      headers: told,
      body,
    } = await handler(event({ ...request, headers: { ...HEADERS, ...headers } }), context);
    const cost = Array.isArray(asked) && { cost: told?.['x-ratelimit-cost'] };
    return { status: statusCode, ...cost, body: JSON.parse(body) as unknown };
  };
}
