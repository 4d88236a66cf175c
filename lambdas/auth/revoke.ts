import type { Changes } from '../shared/access/change';
import { type Identity, subjectOf } from '../shared/access/principal';
import { bearerOf } from '../shared/credentials/bearer';
import type { Claims } from '../shared/credentials/jwt';
import type { Operations } from '../shared/http/route';
import type { Origin } from '../shared/stores/audit';
import type { OpenPool } from '../shared/stores/postgres';
import { statementsOn } from '../shared/stores/postgres';
import type { Client, Clients, Named } from './clients';
import type { authRoutes } from './contract';
import { oauth } from './oauth';
import { findRefreshToken } from './refresh';
import { authorOf, endSession } from './sessions';
import { isRefreshToken } from './tokens';

export interface RevokeDeps {
  readonly pool: OpenPool;
  readonly changes: Changes;
  readonly clients: Clients;
  /** The claims of an access token of ours that has not expired. */
  verify(token: string, issuer: string): Promise<Claims | undefined>;
}

/** RFC 7009: what is no token, or none any more, is answered as if it had been revoked now. */
export const revoke = ({
  pool,
  changes,
  clients,
  verify,
}: RevokeDeps): Pick<Operations<typeof authRoutes>, 'revokeToken'> => ({
  async revokeToken(call) {
    const { body, publicUrl, origin } = call;
    const client = await namedIn(call, clients);
    if (isRefreshToken(body.token)) {
      const row = await findRefreshToken(statementsOn(pool), body.token);
      if (!row) return {};
      await allow(row.client_id, client, clients);
      const author = authorOf(row.user_id, row.organisation_id, origin);
      await endSession(changes, author, { session: row.session_id, why: 'refresh token revoked' });
      return {};
    }
    const claims = await verify(body.token, publicUrl);
    if (!claims) return {};
    await allow(claims.client_id, client, clients);
    await revokeAccess(changes, bearerOf(claims), origin);
    return {};
  },
});

/** The client that the request names, where it names one. */
async function namedIn(named: Named, clients: Clients): Promise<Client | undefined> {
  const isNamed = named.clientAuth !== undefined || named.body.client_id !== undefined;
  return isNamed ? clients.identify(named) : undefined;
}

/** RFC 7009 section 2.1: a confidential client's token is for that client alone to revoke, and nobody revokes another's. */
async function allow(owner: string, client: Client | undefined, clients: Clients): Promise<void> {
  if (client?.id === owner) return;
  if (client !== undefined || (await clients.find(owner))?.kind === 'confidential')
    oauth('unauthorized_client', 'the token is of another client');
}

const REVOKE = `
  with gone as (
    delete from gatehouse.revoked_tokens where organisation_id = $2 and subject = $3 and expires_at < now()
  )
  insert into gatehouse.revoked_tokens (token_id, organisation_id, subject, expires_at)
  values ($1, $2, $3, to_timestamp($4)) on conflict do nothing`;

/** Whoever shows this one token is refused from now on; the session goes on. */
export async function revokeAccess(changes: Changes, bearer: Identity, origin: Origin): Promise<void> {
  const { token, organisation, expiresAtSeconds } = bearer;
  const subject = subjectOf(bearer);
  await changes.change({ principal: bearer, origin }, { voids: [subject] }, async (tx) => {
    const { rowCount } = await tx.query(REVOKE, [token, organisation, subject, expiresAtSeconds]);
    if (rowCount === 1) tx.audit({ action: 'token.revoked', target: `token:${token}` });
  });
}
