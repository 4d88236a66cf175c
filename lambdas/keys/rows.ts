import * as z from 'zod/mini';
import { refuse } from '../shared/errors';
import { LimitOverride } from '../shared/limits/plans';
import type { Sql } from '../shared/stores/tenancy';
import type { ApiKey } from './contract';

/** Times leave PostgreSQL as text with all their microseconds. */
export const time = (column: string) => `to_json(${column}) #>> '{}' as ${column}`;

export const KEY_COLUMNS = `id, name, owner_id, workspace_id, scopes, ip_ranges, plan, limits, ${time('expires_at')},
  disabled_at is not null as disabled, replaced_by, ${time('last_used_at')}, version, ${time('created_at')},
  ${time('updated_at')}, coalesce(expires_at <= now(), false) as expired`;

const text = z.nullable(z.string());
export const KeyRow = z.object({
  id: z.string(),
  name: z.string(),
  owner_id: z.string(),
  workspace_id: text,
  scopes: z.array(z.string()),
  ip_ranges: z.array(z.string()),
  plan: text,
  limits: z.nullable(LimitOverride),
  expires_at: text,
  disabled: z.boolean(),
  replaced_by: text,
  last_used_at: text,
  version: z.int(),
  created_at: z.string(),
  updated_at: z.string(),
  expired: z.boolean(),
});
export type KeyRow = z.output<typeof KeyRow>;

/** As a caller is shown it. */
export const keyOf = (row: KeyRow): ApiKey => ({
  id: row.id,
  name: row.name,
  owner: row.owner_id,
  workspace: row.workspace_id,
  scopes: row.scopes,
  ipRanges: row.ip_ranges,
  plan: row.plan,
  limits: row.limits,
  expiresAt: row.expires_at,
  disabled: row.disabled,
  replacedBy: row.replaced_by,
  lastUsedAt: row.last_used_at,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});

/** As the audit keeps it: all that a change can change. Use is none. */
export const keyRecord = (row: KeyRow) => ({ ...keyOf(row), lastUsedAt: undefined });

/** The one row that a statement gives, or the same refusal for one that does not exist and one of another tenant. */
export async function oneKey(sql: Sql, statement: string, values: readonly unknown[]): Promise<KeyRow> {
  const { rows } = await sql.query(statement, values);
  return z.array(KeyRow).parse(rows)[0] ?? refuse('not_found');
}

const SELECT = `select ${KEY_COLUMNS} from gatehouse.api_keys where organisation_id = $1 and id = $2`;

export const readKey = (sql: Sql, organisation: string, id: string) => oneKey(sql, SELECT, [organisation, id]);

/** Locked until the change commits; refused when it is at another version than the caller means. */
export async function lockKey(sql: Sql, organisation: string, id: string, ifMatch?: number): Promise<KeyRow> {
  const row = await oneKey(sql, `${SELECT} for update`, [organisation, id]);
  return ifMatch === undefined || ifMatch === row.version ? row : refuse('precondition_failed');
}
