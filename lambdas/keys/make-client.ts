import * as z from 'zod/mini';
import type { Tx } from '../shared/access/change';
import type { Principal } from '../shared/access/principal';
import { hashKey, newClientSecret } from '../shared/credentials/api-key';
import { refuse } from '../shared/errors';
import { etag } from '../shared/http/request';
import { Answer, type Call } from '../shared/http/route';
import { Client, type clientRoutes } from './client-contract';
import { CLIENT_COLUMNS, type ClientRow, clientOf, clientRecord, lockClient, oneClient } from './client-rows';
import { type Deps, pepperOf } from './deps';
import { DEFAULT_OVERLAP_SECONDS } from './fields';
import { issue } from './issue';
import { assertHolds, assertMayPlan, assertUnbound, makerOf } from './rights';

type Creation = Call<(typeof clientRoutes)['createClient']>;
type Rotation = Call<(typeof clientRoutes)['rotateClient']>;

const Kept = z.object({ client: Client, version: z.int(), salt: z.string() });

const INSERT = `insert into gatehouse.clients (organisation_id, name, kind, secret_hash, scopes, redirect_uris, plan, limits)
  values ($1, $2, $3, $4, $5, $6, $7, $8) returning ${CLIENT_COLUMNS}`;

export async function makeClient(deps: Deps, call: Creation) {
  const { principal, body } = call;
  const pepper = await pepperOf(deps);
  const issued = issue(pepper, 'createClient', call, (take) => newClientSecret(deps.stage, take));
  const creation = { operation: 'createClient', content: body, kept: Kept };
  const { client, version, salt } = await deps.changes.create(call, creation, async (tx) => {
    const hash = body.kind === 'confidential' ? hashKey(issued.fresh, pepper) : null;
    const row = await oneClient(tx, INSERT, [principal.organisation, ...(await settingsOf(tx, principal, body, hash))]);
    tx.audit({ action: 'client.created', target: `client:${row.id}`, after: clientRecord(row) });
    return { client: clientOf(row), version: row.version, salt: issued.salt };
  });
  return shown(client.kind === 'confidential' ? { ...client, secret: issued.again(salt) } : client, version);
}

const shown = <C extends Client>(client: C, version: number) =>
  new Answer(client, { etag: etag(version), location: `/v1/clients/${client.id}` });

const NO_PLAN = { plan: null, limits: null };

/** The values of a new row, in the order of its columns. */
async function settingsOf(tx: Tx, caller: Principal, body: Creation['body'], hash: string | null) {
  const scopes = body.kind === 'confidential' ? [...new Set(body.scopes)] : [];
  const redirectUris = body.kind === 'public' ? [...new Set(body.redirectUris)] : [];
  const { plan = null, limits = null } = body;
  assertHolds(caller, scopes);
  assertMayPlan(caller, { plan, limits }, NO_PLAN);
  if (body.kind === 'confidential') assertUnbound((await makerOf(tx, caller)).bounds);
  return [body.name, body.kind, hash, scopes, redirectUris, plan, limits];
}

/** Without an overlap the secret before it ends at once; one that was still good from a rotation before ends in any case. */
const ROTATE = `update gatehouse.clients set secret_hash = $3,
    previous_secret_hash = case when $4::float8 > 0 then secret_hash end,
    previous_until = case when $4::float8 > 0 then now() + make_interval(secs => $4) end,
    version = version + 1, updated_at = now()
  where organisation_id = $1 and id = $2 returning ${CLIENT_COLUMNS}`;

export async function rotateClient(deps: Deps, call: Rotation) {
  const { principal, params, body } = call;
  const pepper = await pepperOf(deps);
  const issued = issue(pepper, 'rotateClient', call, (take) => newClientSecret(deps.stage, take));
  const content = { ...body, id: params.id };
  const creation = { operation: 'rotateClient', content, kept: Kept, voids: [`client:${params.id}`] };
  const { client, version, salt } = await deps.changes.create(call, creation, async (tx) => {
    const before = await lockClient(tx, principal.organisation, params.id);
    assertMayRotate(principal, before);
    assertUnbound((await makerOf(tx, principal)).bounds);
    const { overlapSeconds = DEFAULT_OVERLAP_SECONDS } = body;
    const values = [principal.organisation, params.id, hashKey(issued.fresh, pepper), overlapSeconds];
    const after = await oneClient(tx, ROTATE, values);
    const [was, is] = [clientRecord(before), clientRecord(after)];
    tx.audit({ action: 'client.rotated', target: `client:${params.id}`, before: was, after: is });
    return { client: clientOf(after), version: after.version, salt: issued.salt };
  });
  return shown({ ...client, secret: issued.again(salt) }, version);
}

/** Whoever is shown a secret can do what its client can. */
function assertMayRotate(caller: Principal, { kind, scopes }: ClientRow): void {
  if (kind === 'public') refuse('conflict', 'a public client has no secret');
  assertHolds(caller, scopes);
}
