import * as z from 'zod/mini';
import type { TrustedIssuer } from '../shared/credentials/issuer';
import { IssuerSettings } from '../shared/credentials/issuer-settings';
import type { Sql } from '../shared/stores/tenancy';
import type { Issuer } from './contract';

/** An issuer as PostgreSQL has it. */
const Row = z.object({
  id: z.string(),
  organisation_id: z.string(),
  settings: IssuerSettings,
  disabled: z.boolean(),
  version: z.int(),
  created_at: z.string(),
  updated_at: z.string(),
});
export type Row = z.output<typeof Row>;

/** Times leave PostgreSQL as text with all their microseconds: a cursor made of a rounded one would skip rows. */
const COLUMNS = `id, organisation_id, settings, disabled_at is not null as disabled, version,
  to_json(created_at) #>> '{}' as created_at, to_json(updated_at) #>> '{}' as updated_at`;

const rowsOf = ({ rows }: { readonly rows: unknown[] }): Row[] => z.array(Row).parse(rows);

export const shown = ({ id, settings, disabled, created_at, updated_at }: Row): Issuer => ({
  id,
  ...settings,
  disabled,
  createdAt: created_at,
  updatedAt: updated_at,
});

/** The issuer as authorizers are to know it. */
export const trustedOf = ({ id, organisation_id, settings, version }: Row): TrustedIssuer => ({
  entry: id,
  version,
  settings,
  belongs: { organisation: organisation_id },
});

const LIST = `select ${COLUMNS} from gatehouse.issuers
  where organisation_id = $1 and ($2::timestamptz is null or (created_at, id) > ($2, $3::uuid))
  order by created_at, id limit $4`;

export const list = async (sql: Sql, organisation: string, after: readonly string[] | undefined, limit: number) =>
  rowsOf(await sql.query(LIST, [organisation, ...(after ?? [null, null]), limit]));

const FIND = `select ${COLUMNS} from gatehouse.issuers where organisation_id = $1 and id = $2`;

export const find = async (sql: Sql, organisation: string, id: string) =>
  rowsOf(await sql.query(FIND, [organisation, id]))[0];

const INSERT = `insert into gatehouse.issuers (organisation_id, issuer, audience, settings) values ($1, $2, $3, $4)
  on conflict do nothing returning ${COLUMNS}`;

/** Nothing where somebody has one of this issuer and audience. */
export const insert = async (sql: Sql, organisation: string, settings: IssuerSettings) =>
  rowsOf(await sql.query(INSERT, [organisation, settings.issuer, settings.audience, JSON.stringify(settings)]))[0];

const COUNT = 'select count(*)::int as count from gatehouse.issuers where organisation_id = $1';

export async function count(sql: Sql, organisation: string): Promise<number> {
  const { rows } = await sql.query(COUNT, [organisation]);
  return z.object({ count: z.int() }).parse(rows[0]).count;
}

const UPDATE = `update gatehouse.issuers set settings = $4, version = version + 1, updated_at = now(),
    disabled_at = case when $5 then coalesce(disabled_at, now()) end
  where organisation_id = $1 and id = $2 and version = $3 returning ${COLUMNS}`;

/** Nothing where it is at another version. */
export const update = async (sql: Sql, { organisation_id, id, version }: Row, to: IssuerSettings, disabled: boolean) =>
  rowsOf(await sql.query(UPDATE, [organisation_id, id, version, JSON.stringify(to), disabled]))[0];

const DELETE = `delete from gatehouse.issuers where organisation_id = $1 and id = $2
  and ($3::int is null or version = $3) returning ${COLUMNS}`;

export const remove = async (sql: Sql, organisation: string, id: string, version: number | undefined) =>
  rowsOf(await sql.query(DELETE, [organisation, id, version ?? null]))[0];

const ENABLED = `select ${COLUMNS} from gatehouse.issuers where disabled_at is null and id > $1 order by id limit $2`;

/** Those of all organisations that are in use, in pages by id; for the login that sees them all. */
export const enabled = async (sql: Sql, after: string, limit: number) =>
  rowsOf(await sql.query(ENABLED, [after, limit]));
