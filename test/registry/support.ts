import { randomUUID } from 'node:crypto';
import type { AskToPlan } from '../../lambdas/registry/ask-to-plan';
import { compose } from '../../lambdas/registry/compose';
import type { Compose } from '../../lambdas/registry/composed';
import { registryRoutes } from '../../lambdas/registry/contract';
import { fetchSdl } from '../../lambdas/registry/fetch-sdl';
import { registry } from '../../lambdas/registry/registry';
import { access } from '../../lambdas/shared/access/access';
import { accessCache } from '../../lambdas/shared/access/cache';
import { changes } from '../../lambdas/shared/access/change';
import type { Identity } from '../../lambdas/shared/access/principal';
import { serve } from '../../lambdas/shared/http/serve';
import type { Redis } from '../../lambdas/shared/stores/redis';
import { uncounted } from '../support/event';
import { ask } from '../support/handled';
import { startTenants, type TestTenants } from '../support/tenants';

type Operation = keyof typeof registryRoutes;

interface Asked {
  /** @default the operator */
  readonly as?: Identity;
  readonly name?: string;
  /** Of the path, where it is not the name of a subgraph. */
  readonly params?: Readonly<Record<string, string>>;
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
  environment(options?: {
    readonly redis?: Redis;
    readonly privateTargets?: boolean;
    readonly askToPlan?: AskToPlan;
  }): Environment;
  /** As the superuser, who sees everything. */
  sql(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Every row of the registry. */
  rows(): Promise<Record<string, unknown>[][]>;
  /** What the audit says of subgraphs, the newest first. */
  audit(): Promise<Record<string, unknown>[]>;
  /** A key of the operator with these scopes. */
  keyWith(...scopes: string[]): Promise<Identity>;
  /** Forgets all subgraphs and graphs. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

/** Without the thread that functions have for it: `compose-apart.test.ts` has one. */
export const inProcess: Compose = async (services) => compose(services);

export const urlOf = (name: string) => `https://${name}.example.com/graphql`;

const TABLES = ['subgraphs', 'subgraph_versions', 'graph_artifacts'];
const AUDIT = `select organisation_id, action, target, actor, record::jsonb -> 'before' ->> 'version' as before,
    record::jsonb -> 'after' ->> 'version' as after
  from gatehouse.audit_log where action like 'subgraph.%' order by at desc, seq desc`;
const KEY =
  "insert into gatehouse.api_keys (id, organisation_id, name, owner_id, scopes) values ($1, $2, 'ci', $3, $4)";

/** The registry on a real PostgreSQL and a real Redis. */
export async function startRegistry(): Promise<TestRegistry> {
  const tenants = await startTenants();
  const operator = await tenants.signedIn('admin');
  const { master } = tenants.database;
  const sql: TestRegistry['sql'] = async (text, values = []) => (await master.query(text, [...values])).rows;
  return {
    tenants,
    operator,
    sql,
    rows: () => Promise.all(TABLES.map((table) => sql(`table gatehouse.${table}`))),
    audit: () => sql(AUDIT),
    async keyWith(...scopes) {
      const { id: owner, organisation } = operator;
      const id = randomUUID().replaceAll('-', '').slice(0, 16);
      await sql(KEY, [id, organisation, owner, scopes]);
      return { kind: 'api_key', id, organisation };
    },
    environment: ({
      redis = tenants.redis.commands,
      privateTargets = false,
      askToPlan = async () => undefined,
    } = {}) => {
      const cache = accessCache(redis);
      const { app, settings } = tenants;
      const guard = access({ cache, settings, pool: app, nowMs: Date.now });
      const deps = {
        changes: changes(app, cache),
        redis,
        compose: inProcess,
        askToPlan,
        nowMs: Date.now,
        privateTargets,
        fetchSdl: (url: string) => fetchSdl(url, { privateTargets }),
      };
      const options = { corsOrigin: '*', access: guard, addresses: uncounted };
      return environmentOf(serve(registryRoutes, registry(deps), options), operator);
    },
    async clear() {
      await sql(
        `truncate ${[...TABLES, 'settings', 'graph_documents'].map((table) => `gatehouse.${table}`).join(', ')}`,
      );
      await tenants.redis.client.flushall();
    },
    stop: () => tenants.stop(),
  };
}

function environmentOf(handler: Parameters<typeof ask>[0], operator: Identity): Environment {
  const call: Environment['call'] = (operation, { as = operator, name, params, body, query, ifMatch } = {}) => {
    const { method, path } = registryRoutes[operation];
    return ask(handler, {
      method,
      resource: path,
      principal: as,
      ...(name !== undefined && { params: { name } }),
      ...(params && { params }),
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
export const LIGHT = PRODUCTS.replace(' weight: Int', '');
