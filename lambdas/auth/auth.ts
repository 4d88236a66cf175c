import type { Access } from '../shared/access/access';
import type { AccessCache } from '../shared/access/cache';
import type { Changes } from '../shared/access/change';
import { type Claims, verificationKeys, verifyToken } from '../shared/credentials/jwt';
import type { Operations } from '../shared/http/route';
import type { OpenPool } from '../shared/stores/postgres';
import type { Redis } from '../shared/stores/redis';
import { account } from './account';
import { accountSessions } from './account-sessions';
import { authorize } from './authorize';
import { clients } from './clients';
import { codes } from './codes';
import type { authRoutes } from './contract';
import { grants } from './grants';
import { introspect } from './introspect';
import { invitations } from './invitations';
import { lockout } from './lockout';
import { metadata } from './metadata';
import { secondsOf } from './oauth';
import { passwordReplacing } from './password-change';
import { refreshing } from './refresh';
import { revoke } from './revoke';
import { passwords } from './sign-in';
import type { SigningKeys } from './signing-keys';

export interface AuthDeps {
  readonly pool: OpenPool;
  readonly changes: Changes;
  readonly cache: AccessCache;
  readonly access: Access;
  readonly redis: Redis;
  /** The keys in force. Rejects when the deployment has none yet. */
  keys(): Promise<SigningKeys>;
  /** The secret that no store of ours holds: client secrets are hashed, and refresh tokens derived, with it. */
  pepper(): Promise<string>;
  readonly passwordGrant: boolean;
  /** Milliseconds since 1970. */
  now(): number;
  newId(): string;
}

/** Tokens and sessions. */
export function auth(given: AuthDeps): Operations<typeof authRoutes> {
  const { redis, now, keys } = given;
  const verify = async (token: string, issuer: string): Promise<Claims | undefined> => {
    const expected = { issuer, nowSeconds: secondsOf(now()) };
    const verified = verifyToken(token, verificationKeys((await keys()).published), expected);
    return verified.ok ? verified.claims : undefined;
  };
  const base = { ...given, verify, clients: clients(given), passwords: passwords(given.pool, lockout(redis, now)) };
  const deps = { ...base, codes: codes(given), refresh: refreshing(given), replacePassword: passwordReplacing(given) };
  return {
    ...grants(deps),
    ...authorize(deps),
    ...revoke(deps),
    ...introspect(deps),
    ...metadata(given.passwordGrant),
    ...accountSessions(given.changes),
    ...account(deps),
    ...invitations(deps),
    getJwks: async () => (await keys()).published,
  };
}
