import * as z from 'zod/mini';
import { refuse } from '../shared/errors';
import { LimitOverride } from '../shared/limits/plans';
import type { Sql } from '../shared/stores/tenancy';
import type { Client } from './client-contract';
import { time } from './rows';

/** No hash: whoever is shown a client is shown none. */
export const CLIENT_COLUMNS = `id, name, kind, scopes, redirect_uris, plan, limits, disabled_at is not null as disabled,
  ${time('previous_until')}, ${time('last_used_at')}, version, ${time('created_at')}, ${time('updated_at')}`;

const text = z.nullable(z.string());
export const ClientRow = z.object({
  id: z.uuid(),
  name: z.string(),
  kind: z.enum(['confidential', 'public']),
  scopes: z.array(z.string()),
  redirect_uris: z.array(z.string()),
  plan: text,
  limits: z.nullable(LimitOverride),
  disabled: z.boolean(),
  previous_until: text,
  last_used_at: text,
  version: z.int(),
  created_at: z.string(),
  updated_at: z.string(),
});
export type ClientRow = z.output<typeof ClientRow>;

/** As a caller is shown it. */
export const clientOf = (row: ClientRow): Client => ({
  id: row.id,
  name: row.name,
  kind: row.kind,
  scopes: row.scopes,
  redirectUris: row.redirect_uris,
  plan: row.plan,
  limits: row.limits,
  disabled: row.disabled,
  previousSecretUntil: row.previous_until,
  lastUsedAt: row.last_used_at,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

/** As the audit keeps it: all that a change can change. Use is none. */
export const clientRecord = (row: ClientRow) => ({ ...clientOf(row), lastUsedAt: undefined });

/** The one row that a statement gives, or the same refusal for one that does not exist and one of another tenant. */
export async function oneClient(sql: Sql, statement: string, values: readonly unknown[]): Promise<ClientRow> {
  const { rows } = await sql.query(statement, values);
  return z.array(ClientRow).parse(rows)[0] ?? refuse('not_found');
}

const SELECT = `select ${CLIENT_COLUMNS} from gatehouse.clients where organisation_id = $1 and id = $2`;

export const readClient = (sql: Sql, organisation: string, id: string) => oneClient(sql, SELECT, [organisation, id]);

/** Locked until the change commits; refused when it is at another version than the caller means. */
export async function lockClient(sql: Sql, organisation: string, id: string, ifMatch?: number): Promise<ClientRow> {
  const row = await oneClient(sql, `${SELECT} for update`, [organisation, id]);
  return ifMatch === undefined || ifMatch === row.version ? row : refuse('precondition_failed');
}
