import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import { limitRoutes } from '../../lambdas/limits/contract';
import { limits } from '../../lambdas/limits/limits';
import { access } from '../../lambdas/shared/access/access';
import { accessCache } from '../../lambdas/shared/access/cache';
import { changes } from '../../lambdas/shared/access/change';
import type { Identity } from '../../lambdas/shared/access/principal';
import { type Handler, serve } from '../../lambdas/shared/http/serve';
import type { LimitSettings } from '../../lambdas/shared/limits/plans';
import { LIMITS, type Settings, settingsOf } from '../../lambdas/shared/limits/settings';
import { settingsSource } from '../../lambdas/shared/settings/stored-settings';
import type { Redis } from '../../lambdas/shared/stores/redis';
import { uncounted } from '../support/event';
import { ask } from '../support/handled';
import { WIDE_LIMITS } from '../support/limits';
import { startTenants, type TestTenants, userOf } from '../support/tenants';

type Operation = keyof typeof limitRoutes;

interface Asked {
  readonly as: Identity;
  readonly id?: string;
  readonly body?: unknown;
  readonly ifMatch?: string;
}

/** One execution environment of the function: its own memory and clock, stores that it shares with others. */
export interface Environment {
  readonly settings: Settings;
  call(operation: Operation, asked: Asked): ReturnType<typeof ask>;
  /** A request that costs this much: `admitted`, or what it is refused with. */
  spend(identity: Identity, cost?: number, observed?: number): Promise<string>;
  /** So much time goes by for its settings. */
  wait(milliseconds: number): void;
}

export interface TestLimits {
  readonly tenants: TestTenants;
  readonly deployed: LimitSettings;
  environment(redis?: Redis): Environment;
  /** As the superuser, who sees every tenant. */
  sql(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** A key of the editor of this domain. */
  key(settings?: KeySettings): Promise<Identity>;
  stop(): Promise<void>;
}

interface KeySettings {
  readonly domain?: string;
  readonly plan?: string | null;
  readonly limits?: object | null;
  readonly scopes?: readonly string[];
}

const origin = { requestId: 'request-1', sourceIp: '192.0.2.1', userAgent: 'test' };
const Refused = z.object({ code: z.string() });

export async function startLimits(deployed = WIDE_LIMITS): Promise<TestLimits> {
  const tenants = await startTenants();
  const sql: TestLimits['sql'] = async (text, values = []) =>
    (await tenants.database.master.query(text, [...values])).rows;
  return {
    tenants,
    deployed,
    sql,
    environment: (redis = tenants.redis.commands) => environmentOf(tenants, deployed, redis),
    async key({ domain, plan = null, limits: own = null, scopes = ['account:read'] } = {}) {
      const { id: owner, organisation } = userOf('editor', domain);
      const id = randomUUID().replaceAll('-', '').slice(0, 16);
      await sql(
        `insert into gatehouse.api_keys (id, organisation_id, name, owner_id, scopes, plan, limits)
         values ($1, $2, 'k', $3, $4, $5, $6)`,
        [id, organisation, owner, scopes, plan, own],
      );
      return { kind: 'api_key', id, organisation };
    },
    stop: () => tenants.stop(),
  };
}

function environmentOf({ app }: TestTenants, deployed: LimitSettings, redis: Redis): Environment {
  let now = 0;
  const settings = settingsOf(deployed, { ...settingsSource(redis, app, LIMITS, deployed), nowMs: () => now });
  const cache = accessCache(redis);
  const guard = access({ cache, settings, pool: app, nowMs: Date.now });
  const deps = { changes: changes(app, cache), settings, deployed, redis, nowMs: Date.now };
  const options = { corsOrigin: '*', access: guard, addresses: uncounted };
  const handler = serve(limitRoutes, limits(deps), options);
  return {
    settings,
    call: (operation, asked) => callOf(handler, operation, asked),
    spend: (identity, cost = 1, observed = 0) =>
      guard.admit(identity, origin, cost, observed).then(
        ({ leave }) => {
          leave();
          return 'admitted';
        },
        (error: unknown) => Refused.parse(error).code,
      ),
    wait(milliseconds) {
      now += milliseconds;
    },
  };
}

function callOf(handler: Handler, operation: Operation, { as, id, body, ifMatch }: Asked) {
  const { method, path } = limitRoutes[operation];
  return ask(handler, {
    method,
    resource: path,
    principal: as,
    ...(id !== undefined && { params: { id } }),
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(ifMatch !== undefined && { 'if-match': ifMatch }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

/** So many requests one after the other. */
export async function outcomes(environment: Environment, identity: Identity, count: number): Promise<string[]> {
  const all: string[] = [];
  for (let n = 0; n < count; n += 1) all.push(await environment.spend(identity));
  return all;
}

/** A limit that lets so many through and hardly any more within a test. */
export const only = (burst: number) => ({ ratePerSecond: 0.01, burst, perMinute: 1_000 });
