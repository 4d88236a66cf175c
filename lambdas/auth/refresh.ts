import * as z from 'zod/mini';
import type { Changes } from '../shared/access/change';
import { digestOf } from '../shared/credentials/digest';
import { NO_ORGANISATION, type Origin } from '../shared/stores/audit';
import type { OpenPool } from '../shared/stores/postgres';
import { inTenant, type Sql } from '../shared/stores/tenancy';
import type { Client } from './clients';
import { MEMBERSHIP, MembershipRow, membershipJoins, membershipOf } from './membership';
import { needed, oauth } from './oauth';
import { authorOf, endSession, type Granted, IDLE } from './sessions';
import { successorOf } from './tokens';

/**
 * How long a token that has a successor is answered with the same one: two tabs that refresh at once and an answer that
 * was lost must not look like a theft. Counted to the arrival of the request, however long it waits here.
 */
export const GRACE_MS = 10_000;

const Row = z.extend(MembershipRow, {
  session_id: z.uuid(),
  client_id: z.string(),
  workspace_id: z.nullable(z.uuid()),
  rotated_at: z.nullable(z.number()),
  ends_at: z.number(),
  ended: z.boolean(),
});

/** A refresh token with its session as they are now. */
export const REFRESH_TOKEN = `
  select s.id as session_id, s.client_id, s.workspace_id, ${MEMBERSHIP}, s.ended_at is not null as ended,
    extract(epoch from t.rotated_at)::float8 * 1000 as rotated_at,
    extract(epoch from least(s.expires_at, s.ends_at))::float8 * 1000 as ends_at
  from gatehouse.refresh_tokens t join gatehouse.sessions s on s.id = t.session_id ${membershipJoins('s')}
  where t.digest = $1`;

const Found = z.array(Row);
export async function findRefreshToken(sql: Sql, token: string, { lock = false } = {}) {
  const text = lock ? `${REFRESH_TOKEN} for update of s, t` : REFRESH_TOKEN;
  return Found.parse((await sql.query(text, [digestOf(token)])).rows)[0];
}
type Found = z.output<typeof Row>;

/** What the token is good for at this moment; a member who was removed or disabled has nothing more. */
export function stateOf(row: Found, atMs: number) {
  const membership = membershipOf(row, row.workspace_id ?? undefined);
  if (row.ended || row.ends_at <= atMs || !membership) return { state: 'over' } as const;
  if (row.rotated_at !== null && atMs - row.rotated_at > GRACE_MS) return { state: 'reused' } as const;
  return { state: row.rotated_at === null ? 'fresh' : 'repeated', membership } as const;
}

const ROTATE = `
  with before as (update gatehouse.refresh_tokens set rotated_at = to_timestamp($3) where digest = $1), made as (
    insert into gatehouse.refresh_tokens (digest, session_id, created_at) values ($2, $4, to_timestamp($3))
  )
  update gatehouse.sessions set last_seen_at = to_timestamp($3),
    expires_at = least(to_timestamp($3) + interval '${IDLE}', ends_at)
  where id = $4`;

interface Deps {
  readonly pool: OpenPool;
  readonly changes: Changes;
  pepper(): Promise<string>;
}

interface RefreshCall {
  readonly body: { readonly refresh_token?: string | undefined };
  readonly arrivedAtMs: number;
  readonly origin: Origin;
}

export type Refresh = (call: RefreshCall, client: Client) => Promise<Granted>;

const refused = () => oauth('invalid_grant', 'the refresh token is not valid any more');

/**
 * Makes the successor of a refresh token, or gives the same one again within the grace. The session's row is locked
 * meanwhile: refreshes of one family have one order, and after a revocation none succeeds.
 */
export const refreshing =
  ({ pool, changes, pepper }: Deps): Refresh =>
  async ({ body, arrivedAtMs, origin }, client) => {
    const token = needed(body.refresh_token, 'refresh_token');
    const refreshToken = successorOf(token, await pepper());
    const found = await inTenant(pool, { organisation: NO_ORGANISATION }, async (sql) => {
      const row = (await findRefreshToken(sql, token, { lock: true })) ?? refused();
      // RFC 6749 section 6: a token is its client's alone.
      if (row.client_id !== client.id) return refused();
      const now = stateOf(row, arrivedAtMs);
      if (now.state === 'fresh')
        await sql.query(ROTATE, [digestOf(token), digestOf(refreshToken), arrivedAtMs / 1000, row.session_id]);
      return { row, now };
    });
    const { session_id: session, user_id, organisation_id } = found.row;
    if (found.now.state === 'reused') {
      const ending = { session, why: 'refresh token reused', action: 'session.reuse_detected' };
      await endSession(changes, authorOf(user_id, organisation_id, origin), ending);
    }
    return 'membership' in found.now ? { membership: found.now.membership, session, refreshToken } : refused();
  };
