import { registryRoutes } from '../../lambdas/registry/contract';
import { fetchSdl } from '../../lambdas/registry/fetch-sdl';
import { registry } from '../../lambdas/registry/registry';
import { access } from '../../lambdas/shared/access/access';
import { accessCache } from '../../lambdas/shared/access/cache';
import { changes } from '../../lambdas/shared/access/change';
import type { Identity } from '../../lambdas/shared/access/principal';
import { serve } from '../../lambdas/shared/http/serve';
import type { RunCommand } from '../../lambdas/shared/stores/redis-line';
import { uncounted } from '../support/event';
import { ask } from '../support/handled';
import { startTenants, type TestTenants } from '../support/tenants';

type Operation = keyof typeof registryRoutes;

interface Asked {
  /** @default the operator */
  readonly as?: Identity;
  readonly name?: string;
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string>>;
  readonly ifMatch?: string;
}

/** One execution environment of the function. */
export interface Environment {
  call(operation: Operation, asked?: Asked): ReturnType<typeof ask>;
  publish(
    name: string,
    sdl: string,
    more?: { readonly url?: string; readonly ifMatch?: string },
  ): ReturnType<typeof ask>;
}

export interface TestRegistry {
  readonly tenants: TestTenants;
  readonly operator: Identity;
  environment(options?: { readonly run?: RunCommand; readonly privateTargets?: boolean }): Environment;
  /** As the superuser, who sees everything. */
  sql(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Forgets all subgraphs and graphs. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

export const urlOf = (name: string) => `https://${name}.example.com/graphql`;

/** The registry on a real PostgreSQL and a real Redis. */
export async function startRegistry(): Promise<TestRegistry> {
  const tenants = await startTenants();
  const operator = await tenants.signedIn('admin');
  const { master } = tenants.database;
  return {
    tenants,
    operator,
    sql: async (text, values = []) => (await master.query(text, [...values])).rows,
    environment: ({ run = tenants.redis.run, privateTargets = false } = {}) => {
      const cache = accessCache(run);
      const { app, settings } = tenants;
      const guard = access({ cache, settings, pool: app, nowMs: Date.now });
      const deps = {
        changes: changes(app, cache),
        run,
        privateTargets,
        fetchSdl: (url: string) => fetchSdl(url, { privateTargets }),
      };
      const options = { corsOrigin: '*', access: guard, addresses: uncounted };
      return environmentOf(serve(registryRoutes, registry(deps), options), operator);
    },
    async clear() {
      await master.query(
        `truncate gatehouse.subgraphs, gatehouse.subgraph_versions, gatehouse.graph_artifacts cascade`,
      );
      await tenants.redis.client.flushall();
    },
    stop: () => tenants.stop(),
  };
}

function environmentOf(handler: Parameters<typeof ask>[0], operator: Identity): Environment {
  const call: Environment['call'] = (operation, { as = operator, name, body, query, ifMatch } = {}) => {
    const { method, path } = registryRoutes[operation];
    return ask(handler, {
      method,
      resource: path,
      principal: as,
      ...(name !== undefined && { params: { name } }),
      ...(query && { query }),
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(ifMatch !== undefined && { 'if-match': ifMatch }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  };
  return {
    call,
    publish: (name, sdl, { url = urlOf(name), ifMatch } = {}) =>
      call('publishSubgraph', { name, body: { url, sdl }, ...(ifMatch !== undefined && { ifMatch }) }),
  };
}

const LINK =
  'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@external", "@requires"])';

/** The schema after one line of federation, so that positions begin with line 2. */
export const federated = (sdl: string) => `${LINK}\n${sdl}`;

export const PRODUCTS = federated(`type Query { products: [Product!] }
type Product @key(fields: "id") { id: ID! name: String! weight: Int }`);
/** It needs a field of the products. */
export const SHIPPING = federated(`type Query { ships: Boolean }
type Product @key(fields: "id") { id: ID! weight: Int @external cost: Int @requires(fields: "weight") }`);
/** It stands on its own. */
export const NEWS = federated('type Query { news: [String!] }');
