import { randomUUID } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { graphRoutes } from '../../../lambdas/graph/contract';
import { type GraphDeps, liveGraph } from '../../../lambdas/graph/live-graph';
import { federatedGraph } from '../../../lambdas/graph/operations';
import { compose } from '../../../lambdas/registry/compose';
import type { Role } from '../../../lambdas/shared/access/permissions';
import { openSend } from '../../../lambdas/shared/http/send';
import { type Handler, serve } from '../../../lambdas/shared/http/serve';
import type { Commands } from '../../../lambdas/shared/stores/redis';
import { context, event, principal, served } from '../event';
import { listen } from '../http';
import { type World, worldOf } from './random-subgraph';

const identity = { region: 'us-east-1', accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: undefined };

export const send = (urls: readonly string[]) => openSend({ identity, signedUrls: [...urls], privateTargets: true });

/** Subgraphs on loopback, whose data is drawn by a seed. */
export interface ServedSubgraphs {
  readonly urls: Readonly<Record<string, string>>;
  readonly world: World;
  /** What they were sent since it was emptied. */
  readonly asked: { readonly subgraph: string; readonly body: string }[];
  /** Whose data is served. */
  seed: number;
  stop(): Promise<unknown>;
}

export async function serveSubgraphs(sdls: Readonly<Record<string, string>>): Promise<ServedSubgraphs> {
  const world = worldOf(
    Object.entries(sdls).map(([name, typeDefs]) => ({ name, typeDefs })),
    { validate: true },
  );
  const asked: ServedSubgraphs['asked'] = [];
  const state = { seed: 1 };
  const servers = await Promise.all(
    Object.keys(sdls).map(async (name) => {
      const server = await listen(async (request, response) => {
        const body = await text(request);
        asked.push({ subgraph: name, body });
        response.end(JSON.stringify(await world(state.seed)[name]?.execute(JSON.parse(body))));
      });
      return [name, server] as const;
    }),
  );
  return Object.assign(state, {
    urls: Object.fromEntries(servers.map(([name, { url }]) => [name, url])),
    world,
    asked,
    stop: () => Promise.all(servers.map(([, server]) => server.stop())),
  });
}

/** As the registry composes them. */
export function composed(sdls: Readonly<Record<string, string>>, urls: Readonly<Record<string, string>> = {}): string {
  const services = Object.entries(sdls).map(([name, sdl]) => ({
    name,
    sdl,
    url: urls[name] ?? `http://${name}.test/`,
  }));
  const answer = compose(services);
  if (!answer.ok) throw new Error(answer.errors.map(({ message }) => message).join('\n'));
  return answer.supergraph;
}

/** The graph function over them. */
export function graphOver(
  supergraph: string,
  { urls }: Pick<ServedSubgraphs, 'urls'>,
  redis: Commands,
  { version = randomUUID(), ...deps }: Partial<GraphDeps> & { readonly version?: string } = {},
): Handler {
  const artifact = { version, urls, supergraph: async () => supergraph };
  const planning = { introspection: true };
  const graph = liveGraph(artifact, { redis, send: send(Object.values(urls)), planning, ...deps });
  const { operations, costs } = federatedGraph(async () => graph);
  return serve(graphRoutes, operations, { ...served, costs });
}

const HEADERS = { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json' };

/** Asks as a caller who holds these roles. */
export async function askAs(
  handler: Handler,
  roles: readonly Role[],
  asked: { readonly query: string; readonly variables?: object; readonly operationName?: string },
  headersBeside: Readonly<Record<string, string>> = {},
) {
  const sent = { ...HEADERS, ...headersBeside };
  const request = { method: 'POST', resource: '/graphql', headers: sent, principal: principal(...roles) };
  const { statusCode, headers, body } = await handler(event({ ...request, body: JSON.stringify(asked) }), context);
  const json: { data?: unknown; errors?: { path?: string[]; extensions?: { code?: string } }[]; extensions?: unknown } =
    JSON.parse(body);
  return { status: statusCode, headers, text: body, body: json };
}
