import { randomUUID } from 'node:crypto';
import { SEED_USERS, seed } from '../../lambdas/seed/seed';
import { access } from '../../lambdas/shared/access/access';
import { type AccessCache, accessCache } from '../../lambdas/shared/access/cache';
import { type Changes, changes } from '../../lambdas/shared/access/change';
import type { Role } from '../../lambdas/shared/access/permissions';
import type { Identity } from '../../lambdas/shared/access/principal';
import type { ServeOptions } from '../../lambdas/shared/http/serve';
import type { Settings } from '../../lambdas/shared/limits/settings';
import type { OpenPool } from '../../lambdas/shared/stores/postgres';
import { uncounted } from './event';
import { fixedSettings } from './limits';
import { cheapHash } from './passwords';
import { type PlatformDatabase, startPlatformDatabase } from './platform-database';
import { startRedis, type TestRedis } from './redis';

export const PASSWORD = 'correct horse battery';

/** The two example organisations on a real PostgreSQL and a real Redis, with the real check of access. */
export interface TestTenants {
  readonly database: PlatformDatabase;
  readonly redis: TestRedis;
  /** As the tenants' functions sign in (`gatehouse_app`), and as the auth function does. */
  readonly app: OpenPool;
  readonly auth: OpenPool;
  readonly cache: AccessCache;
  readonly changes: Changes;
  readonly settings: Settings;
  readonly serve: ServeOptions;
  /** The example user of this role with a session of its own. */
  signedIn(role: Role, domain?: string): Promise<Identity>;
  stop(): Promise<void>;
}

export const userOf = (role: Role, domain = 'acme.example') => {
  const found = SEED_USERS.find((user) => user.role === role && user.email.endsWith(domain));
  if (!found) throw new Error(`no ${role} of ${domain}`);
  return found;
};

const SESSION = `insert into gatehouse.sessions (id, organisation_id, user_id, client_id, expires_at, ends_at)
  values ($1, $2, $3, 'gatehouse', now() + interval '7 days', now() + interval '30 days')`;

export async function startTenants(): Promise<TestTenants> {
  const [database, redis] = await Promise.all([startPlatformDatabase(), startRedis()]);
  const app: OpenPool = async () => database.app;
  const auth: OpenPool = async () => database.auth;
  await seed(auth, cheapHash(PASSWORD));
  const cache = accessCache(redis.commands);
  const settings = fixedSettings();
  return {
    database,
    redis,
    app,
    auth,
    cache,
    changes: changes(app, cache),
    settings,
    serve: { corsOrigin: '*', access: access({ cache, settings, pool: app, nowMs: Date.now }), addresses: uncounted },
    async signedIn(role, domain) {
      const { id, organisation } = userOf(role, domain);
      const session = randomUUID();
      await database.master.query(SESSION, [session, organisation, id]);
      return { kind: 'user', id, organisation, session, token: randomUUID() };
    },
    async stop() {
      await Promise.all([database.stop(), redis.stop()]);
    },
  };
}
