import { randomUUID } from 'node:crypto';
import { decodeJwt } from 'jose';
import * as z from 'zod/mini';
import { type AuthDeps, auth } from '../../lambdas/auth/auth';
import { authRoutes } from '../../lambdas/auth/contract';
import { errorPage } from '../../lambdas/auth/page';
import { openSession } from '../../lambdas/auth/sessions';
import { signingKeysOf } from '../../lambdas/auth/signing-keys';
import { newRefreshToken } from '../../lambdas/auth/tokens';
import { changes } from '../../lambdas/shared/access/change';
import type { Role } from '../../lambdas/shared/access/permissions';
import type { Identity } from '../../lambdas/shared/access/principal';
import { hashKey, newClientSecret } from '../../lambdas/shared/credentials/api-key';
import { bearerOf } from '../../lambdas/shared/credentials/bearer';
import { Claims } from '../../lambdas/shared/credentials/jwt';
import { type Handler, serve } from '../../lambdas/shared/http/serve';
import type { AddressGuard } from '../../lambdas/shared/limits/addresses';
import { context, event } from '../support/event';
import { startTenants, type TestTenants, userOf } from '../support/tenants';
import { signer } from '../support/tokens';

const PEPPER = 'the pepper of these tests';

export const Granted = z.object({
  access_token: z.string(),
  token_type: z.literal('Bearer'),
  expires_in: z.literal(900),
  refresh_token: z.string(),
  scope: z.string(),
});
export const claimsOf = (token: string): Claims => Claims.parse(decodeJwt(token));
/** What the authorizer finds in this token. */
export const bearer = (token: string): Identity => bearerOf(claimsOf(token));

export const { ring, kid, keys } = signer();

type Request = Parameters<typeof event>[0];
const Json = z.looseObject({});

/** Each request comes from an address of its own, unless a test says otherwise: addresses are locked too. */
let hosts = 0;
const nextAddress = () => `10.${(hosts >> 16) & 255}.${(hosts >> 8) & 255}.${hosts++ & 255}`;

export async function call(handler: Handler, request: Request) {
  const answer = await handler(event({ address: nextAddress(), ...request }), context);
  const { statusCode: status, headers = {}, body: text } = answer;
  const isJson = String(headers['content-type']).includes('json');
  return { status, headers, text, body: isJson ? Json.parse(JSON.parse(text)) : {} };
}

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };
type Fields = Readonly<Record<string, string>>;

export const basic = (id: string, secret: string) => ({
  Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});

/** Posts a form as the OAuth endpoints take it. */
export const postForm = (handler: Handler, resource: string, fields: Fields | string, more: Partial<Request> = {}) =>
  call(handler, {
    method: 'POST',
    resource,
    body: typeof fields === 'string' ? fields : new URLSearchParams(fields).toString(),
    ...more,
    headers: { ...FORM, ...more.headers },
  });

export interface TestAuth {
  readonly tenants: TestTenants;
  readonly handler: Handler;
  /** With something in place of what it stands on, and with limits by address where a test is about them. */
  with(changed: Partial<AuthDeps>, addresses?: AddressGuard): Handler;
  token(fields: Fields | string, more?: Partial<Request>): ReturnType<typeof postForm>;
  /** A new session of the example user with this role, as a sign-in opens it. */
  session(
    role: Role,
    more?: { client?: string; nowMs?: number; domain?: string },
  ): Promise<{ id: string; refreshToken: string; identity: Identity }>;
  client(columns?: Readonly<Record<string, unknown>>, organisation?: string): Promise<{ id: string; secret: string }>;
  /** Records of the audit of this organisation, the oldest first. */
  audit(organisation: string): Promise<readonly AuditRecord[]>;
  stop(): Promise<void>;
}

const AuditRecord = z.object({
  actor: z.string(),
  action: z.string(),
  target: z.string(),
  outcome: z.string(),
  reason: z.optional(z.string()),
});
type AuditRecord = z.output<typeof AuditRecord>;
const AuditRow = z.object({ record: z.string() });

export async function startAuth(): Promise<TestAuth> {
  const tenants = await startTenants();
  const { database } = tenants;
  const authChanges = changes(tenants.auth, tenants.cache);
  const deps: AuthDeps = {
    pool: tenants.auth,
    changes: authChanges,
    cache: tenants.cache,
    access: tenants.serve.access,
    redis: tenants.redis.commands,
    keys: signingKeysOf(
      'secret',
      () => 0,
      async () => JSON.stringify(ring),
    ),
    pepper: async () => PEPPER,
    passwordGrant: true,
    now: Date.now,
    newId: randomUUID,
  };
  const made = (changed: Partial<AuthDeps> = {}, addresses?: AddressGuard) =>
    serve(authRoutes, auth({ ...deps, ...changed }), { ...tenants.serve, errorPage, ...(addresses && { addresses }) });
  const handler = made();
  return {
    tenants,
    handler,
    with: made,
    token: (fields, more) => postForm(handler, '/v1/auth/token', fields, more),
    async session(role, { client = 'gatehouse', nowMs = Date.now(), domain } = {}) {
      const { id: user, organisation } = userOf(role, domain);
      const [id, refreshToken] = [randomUUID(), newRefreshToken()];
      const membership = { user, organisation, workspace: undefined, roles: [role], plan: 'free', scope: '' };
      const author = { principal: { kind: 'user', id: user, organisation } as const, origin: ORIGIN };
      await authChanges.change(author, {}, (tx) =>
        openSession(tx, { id, membership, client, device: 'jest', address: '192.0.2.9', refreshToken, nowMs }),
      );
      return { id, refreshToken, identity: { kind: 'user', id: user, organisation, session: id, token: randomUUID() } };
    },
    async client(columns = {}, organisation = userOf('admin').organisation) {
      const [id, secret] = [randomUUID(), newClientSecret('test')];
      const all = {
        id,
        organisation_id: organisation,
        name: 'Reports',
        kind: 'confidential',
        secret_hash: hashKey(secret, PEPPER),
        scopes: ['graph:query', 'tokens:introspect'],
        ...columns,
      };
      const places = Object.keys(all).map((_, index) => `$${index + 1}`);
      const sql = `insert into gatehouse.clients (${Object.keys(all).join(', ')}) values (${places.join(', ')})`;
      await database.master.query(sql, Object.values(all));
      return { id, secret };
    },
    async audit(organisation) {
      const sql = 'select record from gatehouse.audit_log where organisation_id = $1 order by seq';
      const { rows } = await database.master.query(sql, [organisation]);
      return z
        .array(AuditRow)
        .parse(rows)
        .map(({ record }) => AuditRecord.parse(JSON.parse(record)));
    },
    stop: () => tenants.stop(),
  };
}

const ORIGIN = { requestId: 'test', sourceIp: '192.0.2.9', userAgent: 'jest' };
export const hash = (secret: string): string => hashKey(secret, PEPPER);
