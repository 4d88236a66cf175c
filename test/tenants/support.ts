import { randomUUID } from 'node:crypto';
import * as z from 'zod/mini';
import type { Identity } from '../../lambdas/shared/access/principal';
import { type Handler, serve } from '../../lambdas/shared/http/serve';
import { tenantRoutes } from '../../lambdas/tenants/contract';
import { tenants } from '../../lambdas/tenants/tenants';
import { context, event } from '../support/event';
import { startTenants, type TestTenants, userOf } from '../support/tenants';

export const PEPPER = 'pepper of tests';

interface Asked {
  readonly as: Identity;
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const Body = z.looseObject({
  id: z.optional(z.string()),
  version: z.optional(z.int()),
  items: z.optional(z.array(z.looseObject({ id: z.optional(z.string()) }))),
  next: z.optional(z.string()),
  code: z.optional(z.string()),
  detail: z.optional(z.string()),
});

type Operation = keyof typeof tenantRoutes;

export interface Tenants extends TestTenants {
  /** Asks the operation of this name over `serve()` with the real check of access. */
  call(operation: Operation, asked: Asked): ReturnType<typeof answerOf>;
  /** As the superuser, who sees every tenant. */
  sql(text: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** A new member of the organisation with a session of its own. */
  member(roles: readonly string[], options?: { readonly domain?: string; readonly email?: string }): Promise<Identity>;
  /** A key of this owner. */
  key(owner: Identity, scopes: readonly string[], workspace?: string): Promise<Identity>;
  client(organisation: string, scopes: readonly string[]): Promise<Identity>;
}

export async function start(): Promise<Tenants> {
  const platform = await startTenants();
  const { database, changes } = platform;
  const operations = tenants({ changes, pepper: async () => PEPPER, newId: randomUUID });
  const handler = serve(tenantRoutes, operations, platform.serve);
  const sql: Tenants['sql'] = async (text, values = []) => (await database.master.query(text, [...values])).rows;
  return {
    ...platform,
    sql,
    call: (operation, asked) => answerOf(handler, operation, asked),
    async member(roles, { domain = 'acme.example', email = `${randomUUID()}@${domain}` } = {}) {
      const { organisation } = userOf('admin', domain);
      const id = randomUUID();
      const session = randomUUID();
      await sql("insert into gatehouse.users (id, email, name) values ($1, $2, 'Somebody')", [id, email]);
      await sql('insert into gatehouse.members (organisation_id, user_id, roles) values ($1, $2, $3)', [
        organisation,
        id,
        roles,
      ]);
      await openSession(sql, session, organisation, id);
      return { kind: 'user', id, organisation, session, token: randomUUID() };
    },
    async key({ id: owner, organisation }, scopes, workspace) {
      const id = randomUUID().replaceAll('-', '').slice(0, 16);
      await sql(
        `insert into gatehouse.api_keys (id, organisation_id, name, owner_id, scopes, workspace_id)
         values ($1, $2, 'Key', $3, $4, $5)`,
        [id, organisation, owner, scopes, workspace],
      );
      return { kind: 'api_key', id, organisation };
    },
    async client(organisation, scopes) {
      const id = randomUUID();
      await sql(
        `insert into gatehouse.clients (id, organisation_id, name, kind, secret_hash, scopes)
         values ($1, $2, 'Client', 'confidential', 'hash', $3)`,
        [id, organisation, scopes],
      );
      return { kind: 'client', id, organisation };
    },
  };
}

const openSession = (sql: Tenants['sql'], session: string, organisation: string, user: string) =>
  sql(
    `insert into gatehouse.sessions (id, organisation_id, user_id, client_id, expires_at, ends_at)
     values ($1, $2, $3, 'gatehouse', now() + interval '7 days', now() + interval '30 days')`,
    [session, organisation, user],
  );

async function answerOf(handler: Handler, operation: Operation, { as, body, headers = {}, ...rest }: Asked) {
  const { method, path } = tenantRoutes[operation];
  const sent = event({
    method,
    resource: path,
    principal: as,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...rest,
  });
  const { statusCode: status, headers: answered = {}, body: text } = await handler(sent, context);
  return { status, headers: answered, text, body: Body.parse(text === '' ? {} : JSON.parse(text)) };
}

/** The id of what an answer speaks of. */
export function idOf({ body }: { readonly body: { readonly id?: string | undefined } }): string {
  if (body.id === undefined) throw new Error(`no id in ${JSON.stringify(body)}`);
  return body.id;
}

/** The statuses of answers that came in any order. */
export const statuses = (answers: readonly { readonly status: number }[]): number[] =>
  answers.map(({ status }) => status).toSorted((a, b) => a - b);

/** A name that no other test uses. */
export const fresh = (prefix: string) => `${prefix}-${randomUUID().slice(0, 8)}`;
