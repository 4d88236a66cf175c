import * as z from 'zod/mini';
import { audit } from '../../lambdas/audit/audit';
import { auditRoutes } from '../../lambdas/audit/contract';
import { keyIdentity } from '../../lambdas/authorizer/key';
import { clients } from '../../lambdas/keys/clients';
import { keyRoutes } from '../../lambdas/keys/contract';
import type { Deps } from '../../lambdas/keys/deps';
import { apiKeys } from '../../lambdas/keys/keys';
import { storesOf } from '../../lambdas/keys/stores';
import type { Identity } from '../../lambdas/shared/access/principal';
import { ApiKeyRecord, recordId } from '../../lambdas/shared/credentials/api-key';
import { serve } from '../../lambdas/shared/http/serve';
import { readRecord } from '../../lambdas/shared/stores/records';
import { KEYS_TABLE, startAws, type TestAws } from './aws';
import { ask } from './handled';
import { startTenants, type TestTenants } from './tenants';

export const PEPPER = 'a pepper of this test';

const Shown = z.looseObject({ id: z.string(), key: z.string(), owner: z.string(), expiresAt: z.nullable(z.string()) });
const Noted = z.array(z.object({ actor: z.string(), action: z.string(), target: z.string(), record: z.string() }));

interface Request {
  readonly by: Identity;
  readonly id?: string;
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Keys, clients and the audit behind `serve()`, on real stores. */
export interface TestKeys {
  readonly tenants: TestTenants;
  readonly aws: TestAws;
  readonly deps: Deps;
  /** `call('POST /v1/keys', { by: admin, body })`. */
  call(route: string, request: Request): ReturnType<typeof ask>;
  /** A key made by this caller. */
  made(by: Identity, settings?: Readonly<Record<string, unknown>>): Promise<z.output<typeof Shown>>;
  shown(body: unknown): z.output<typeof Shown>;
  /** Whose key it is, as the authorizer finds out. */
  bearer(key: string): Promise<Identity>;
  /** The rows of the audit on this target, oldest first. */
  noted(target: string): Promise<z.output<typeof Noted>>;
  stop(): Promise<void>;
}

const NOTED = 'select actor, action, target, record from gatehouse.audit_log where target = $1 order by seq';

/** @param replace puts something in place of what is real: a network that is down */
export async function startKeys(replace = (deps: Deps): Deps => deps): Promise<TestKeys> {
  const [tenants, aws] = await Promise.all([startTenants(), startAws()]);
  const redis = tenants.redis.commands;
  const deps = replace({
    changes: tenants.changes,
    ...storesOf(redis, KEYS_TABLE),
    pepper: async () => PEPPER,
    stage: 'test',
    nowMs: Date.now,
  });
  const handler = serve(
    { ...keyRoutes, ...auditRoutes },
    { ...apiKeys(deps), ...clients(deps), ...audit(tenants.changes) },
    tenants.serve,
  );
  const identify = keyIdentity({
    record: (id) => readRecord({ redis: tenants.redis.client, table: KEYS_TABLE }, recordId(id), ApiKeyRecord),
    pepper: async () => PEPPER,
  });
  const call: TestKeys['call'] = async (route, { by, id, body, query, headers }) => {
    const [method = '', resource = ''] = route.split(' ');
    return ask(handler, {
      method,
      resource,
      principal: by,
      ...(id !== undefined && { params: { id } }),
      ...(query && { query }),
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  };
  return {
    tenants,
    aws,
    deps,
    call,
    shown: (body) => Shown.parse(body),
    async made(by, settings = {}) {
      const body = { name: 'CI', scopes: ['graph:query'], ...settings };
      return Shown.parse((await call('POST /v1/keys', { by, body })).body);
    },
    async bearer(key) {
      const found = await identify(key, '192.0.2.1');
      if ('refused' in found) throw new Error(found.refused);
      return found;
    },
    async noted(target) {
      return Noted.parse((await tenants.database.master.query(NOTED, [target])).rows);
    },
    async stop() {
      await Promise.all([tenants.stop(), aws.stop()]);
    },
  };
}
