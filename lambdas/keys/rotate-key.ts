import * as z from 'zod/mini';
import type { Tx } from '../shared/access/change';
import { newApiKey } from '../shared/credentials/api-key';
import { refuse } from '../shared/errors';
import type { Call } from '../shared/http/route';
import { ApiKey, type ApiKeyRoutes, Replaced } from './contract';
import { type Deps, pepperOf } from './deps';
import { assertFuture, DEFAULT_OVERLAP_SECONDS } from './fields';
import { issue } from './issue';
import { shownKey, storeKey } from './make-key';
import { assertHolds, assertWithin, makerOf, ownerOf } from './rights';
import { KEY_COLUMNS, type KeyRow, keyOf, keyRecord, lockKey, oneKey } from './rows';

type Rotation = Call<ApiKeyRoutes['rotateKey']>;

const Kept = z.object({ key: ApiKey, salt: z.string(), replaces: Replaced });

export async function rotateKey(deps: Deps, call: Rotation) {
  const { principal, params, body } = call;
  const pepper = await pepperOf(deps);
  const issued = issue(pepper, 'rotateKey', call, (take) => newApiKey(deps.stage, take));
  const content = { ...body, id: params.id };
  const creation = { operation: 'rotateKey', content, kept: Kept, voids: [`api_key:${params.id}`] };
  const { key, salt, replaces } = await deps.changes.create(call, creation, async (tx) => {
    const old = await lockKey(tx, principal.organisation, params.id);
    const settings = await settingsAfter(tx, call, old, deps.nowMs());
    const row = await storeKey(deps, tx, principal, { ...settings, ...issued.fresh, pepper });
    return { key: keyOf(row), salt: issued.salt, replaces: await endOld(tx, call, old, row.id) };
  });
  return shownKey({ ...key, key: issued.again(salt).key, replaces });
}

/**
 * The same settings, but it belongs to whoever is shown it: a key that somebody else knows would outlive their own
 * membership.
 */
async function settingsAfter(tx: Tx, { principal, body: { expiresAt } }: Rotation, old: KeyRow, nowMs: number) {
  if (old.replaced_by !== null) refuse('conflict', `this key was rotated already: rotate ${old.replaced_by}`);
  if (old.disabled || old.expired) refuse('conflict', 'this key is disabled or has ended: make a new one');
  assertFuture(expiresAt, nowMs);
  const maker = await makerOf(tx, principal);
  const owner = ownerOf(maker);
  const bounds = {
    workspace: old.workspace_id,
    ipRanges: old.ip_ranges,
    plan: old.plan,
    limits: old.limits,
    expiresAt: expiresAt === undefined ? old.expires_at : expiresAt,
  };
  assertHolds(principal, old.scopes);
  assertWithin(maker.bounds, bounds);
  return { name: old.name, owner, scopes: old.scopes, ...bounds };
}

const END = `update gatehouse.api_keys set expires_at = least(expires_at, now() + make_interval(secs => $3)),
    replaced_by = $4, version = version + 1, updated_at = now()
  where organisation_id = $1 and id = $2 returning ${KEY_COLUMNS}`;

async function endOld(tx: Tx, { principal, body }: Rotation, old: KeyRow, replacedBy: string) {
  const { overlapSeconds = DEFAULT_OVERLAP_SECONDS } = body;
  const after = await oneKey(tx, END, [principal.organisation, old.id, overlapSeconds, replacedBy]);
  tx.audit({ action: 'key.rotated', target: `key:${old.id}`, before: keyRecord(old), after: keyRecord(after) });
  return { id: old.id, expiresAt: z.string().parse(after.expires_at) };
}
