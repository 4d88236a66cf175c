import * as z from 'zod/mini';
import { hiddenFrom } from '../shared/access/permissions';
import { CreatedKey, page, placeOf } from '../shared/http/page';
import { etag } from '../shared/http/request';
import { Answer, type Operations } from '../shared/http/route';
import { logger } from '../shared/telemetry';
import { changed } from './change-key';
import { type ApiKeyRoutes, MOST_DAYS } from './contract';
import { type Deps, notReady } from './deps';
import { makeKey } from './make-key';
import { rotateKey } from './rotate-key';
import { KEY_COLUMNS, KeyRow, keyOf, keyRecord, lockKey, oneKey, readKey } from './rows';

const LIST = `select ${KEY_COLUMNS} from gatehouse.api_keys
  where organisation_id = $1 and 'key:' || id <> all($2::text[])
    and ($3::timestamptz is null or (created_at, id) > ($3, $4))
  order by created_at, id limit $5`;
const UPDATE = `update gatehouse.api_keys set name = $3, scopes = $4, ip_ranges = $5, plan = $6, limits = $7, expires_at = $8,
    disabled_at = case when $9 then coalesce(disabled_at, now()) end, version = version + 1, updated_at = now()
  where organisation_id = $1 and id = $2 returning ${KEY_COLUMNS}`;
const DELETE = 'delete from gatehouse.api_keys where organisation_id = $1 and id = $2';

export const apiKeys = (deps: Deps): Operations<ApiKeyRoutes> => ({
  createKey: (call) => makeKey(deps, call),
  rotateKey: (call) => rotateKey(deps, call),

  async listKeys({ principal, query }) {
    const { limit, after } = placeOf(CreatedKey, query);
    const values = [principal.organisation, hiddenFrom(principal, 'keys:read'), ...(after ?? [null, null]), limit + 1];
    const { rows } = await deps.changes.read({ principal }, (sql) => sql.query(LIST, values));
    return page(z.array(KeyRow).parse(rows), limit, keyOf, ({ created_at, id }) => [created_at, id]);
  },

  async getKey({ principal, params }) {
    const row = await deps.changes.read({ principal }, (sql) => readKey(sql, principal.organisation, params.id));
    return new Answer(keyOf(row), { etag: etag(row.version) });
  },

  async updateKey({ principal, origin, params: { id }, body, ifMatch }) {
    const row = await deps.changes.change({ principal, origin }, { voids: [`api_key:${id}`] }, async (tx) => {
      const before = await lockKey(tx, principal.organisation, id, ifMatch);
      const settings = await changed(tx, principal, before, body, deps.nowMs());
      const { name, scopes, ipRanges, plan, limits, expiresAt, disabled } = settings;
      const values = [principal.organisation, id, name, scopes, ipRanges, plan, limits, expiresAt, disabled];
      const after = await oneKey(tx, UPDATE, values);
      tx.audit({ action: 'key.changed', target: `key:${id}`, before: keyRecord(before), after: keyRecord(after) });
      return after;
    });
    return new Answer(keyOf(row), { etag: etag(row.version) });
  },

  async deleteKey({ principal, origin, params: { id }, ifMatch }) {
    await deps.changes.change({ principal, origin }, { voids: [`api_key:${id}`] }, async (tx) => {
      const before = await lockKey(tx, principal.organisation, id, ifMatch);
      await tx.query(DELETE, [principal.organisation, id]);
      tx.audit({ action: 'key.deleted', target: `key:${id}`, before: keyRecord(before) });
    });
    // Without its row the key is refused already: a record that stays is litter, and no reason to fail.
    await deps.records.delete(id).catch((error: unknown) => {
      logger.warn('record of a deleted key stays', { error: error instanceof Error ? error : 'unknown failure' });
    });
    return undefined;
  },

  async getKeyUsage({ principal, params: { id }, query: { days = MOST_DAYS } }) {
    const row = await deps.changes.read({ principal }, (sql) => readKey(sql, principal.organisation, id));
    const dates = lastDays(days, deps.nowMs());
    const counts = await deps.usage(principal.organisation, id, dates).catch(notReady('the counts do not answer'));
    return { days: dates.map((date, at) => ({ date, requests: counts[at] ?? 0 })), lastUsedAt: row.last_used_at };
  },
});

const DAY_MS = 86_400_000;

/** Oldest first, today last. */
const lastDays = (count: number, nowMs: number) =>
  Array.from({ length: count }, (_, at) => new Date(nowMs - (count - 1 - at) * DAY_MS).toISOString().slice(0, 10));
