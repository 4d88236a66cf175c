import * as z from 'zod/mini';
import type { Tx } from '../shared/access/change';
import type { Principal } from '../shared/access/principal';
import { hashKey, newApiKey } from '../shared/credentials/api-key';
import { etag } from '../shared/http/request';
import { Answer, type Call } from '../shared/http/route';
import type { Sql } from '../shared/stores/tenancy';
import { ApiKey, type ApiKeyRoutes } from './contract';
import { type Deps, notReady, pepperOf } from './deps';
import { assertFuture, wrong } from './fields';
import { issue } from './issue';
import { assertHolds, assertMayPlan, assertWithin, type Bounds, makerOf, ownerOf } from './rights';
import { KEY_COLUMNS, type KeyRow, keyOf, keyRecord, oneKey } from './rows';

type Creation = Call<ApiKeyRoutes['createKey']>;

const Kept = z.object({ key: ApiKey, salt: z.string() });

export async function makeKey(deps: Deps, call: Creation) {
  const { principal, body } = call;
  const pepper = await pepperOf(deps);
  const issued = issue(pepper, 'createKey', call, (take) => newApiKey(deps.stage, take));
  const creation = { operation: 'createKey', content: body, kept: Kept };
  const { key, salt } = await deps.changes.create(call, creation, async (tx) => {
    const settings = await settingsOf(tx, principal, body, deps.nowMs());
    const row = await storeKey(deps, tx, principal, { ...settings, ...issued.fresh, pepper });
    return { key: keyOf(row), salt: issued.salt };
  });
  return shownKey({ ...key, key: issued.again(salt).key });
}

export const shownKey = <K extends ApiKey>(key: K) =>
  new Answer(key, { etag: etag(1), location: `/v1/keys/${key.id}` });

interface NewSettings extends Bounds {
  readonly name: string;
  readonly owner: string;
  readonly scopes: readonly string[];
}

/** What is asked for, filled with what binds the maker's own key; refused where it is more than the maker has. */
async function settingsOf(sql: Sql, caller: Principal, asked: Creation['body'], nowMs: number): Promise<NewSettings> {
  const { name, scopes, workspace, ipRanges, plan, limits, expiresAt } = asked;
  assertFuture(expiresAt, nowMs);
  const maker = await makerOf(sql, caller);
  const { bounds } = maker;
  const wanted = {
    workspace: workspace ?? bounds.workspace,
    ipRanges: [...new Set(ipRanges ?? bounds.ipRanges)],
    plan: plan ?? bounds.plan,
    limits: limits ?? bounds.limits,
    expiresAt: expiresAt === undefined ? bounds.expiresAt : expiresAt,
  };
  const owner = ownerOf(maker);
  assertHolds(caller, scopes);
  assertMayPlan(caller, wanted, bounds);
  assertWithin(bounds, wanted);
  if (wanted.workspace !== null) await assertWorkspace(sql, caller.organisation, wanted.workspace);
  return { name, owner, scopes: [...new Set(scopes)], ...wanted };
}

/** Locked against being deleted before the key is there. */
const WORKSPACE = 'select from gatehouse.workspaces where organisation_id = $1 and id = $2 for key share';

async function assertWorkspace(sql: Sql, organisation: string, workspace: string): Promise<void> {
  const { rowCount } = await sql.query(WORKSPACE, [organisation, workspace]);
  if (rowCount !== 1) wrong('workspace', 'is none of your organisation');
}

const INSERT = `insert into gatehouse.api_keys
    (organisation_id, id, name, owner_id, workspace_id, scopes, ip_ranges, plan, expires_at, limits)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning ${KEY_COLUMNS}`;

interface StoredKey extends NewSettings {
  readonly id: string;
  readonly key: string;
  readonly pepper: string;
}

/**
 * The row, then what verifies the key, then the commit: without its row a key is refused, so that a process that dies in
 * between leaves a record that nobody can use.
 */
export async function storeKey(deps: Deps, tx: Tx, { organisation }: Principal, stored: StoredKey): Promise<KeyRow> {
  const { id, key, pepper, name, owner, workspace, scopes, ipRanges, plan, limits, expiresAt } = stored;
  const values = [organisation, id, name, owner, workspace, scopes, ipRanges, plan, expiresAt, limits];
  const row = await oneKey(tx, INSERT, values);
  const record = { hash: hashKey(key, pepper), organisation };
  await deps.records.put(id, record).catch(notReady('the table of keys does not answer'));
  tx.audit({ action: 'key.created', target: `key:${id}`, after: keyRecord(row) });
  return row;
}
