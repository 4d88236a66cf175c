import type { Access } from '../shared/access/access';
import { namesOf } from '../shared/access/permissions';
import { bearerOf } from '../shared/credentials/bearer';
import type { Claims } from '../shared/credentials/jwt';
import { Refusal, refuse } from '../shared/errors';
import { Answer, type Operations } from '../shared/http/route';
import { limitHeaders } from '../shared/limits/standing';
import type { Origin } from '../shared/stores/audit';
import { type OpenPool, statementsOn } from '../shared/stores/postgres';
import type { Clients } from './clients';
import type { authRoutes } from './contract';
import { invalidClient, secondsOf } from './oauth';
import { findRefreshToken, stateOf } from './refresh';
import { isRefreshToken } from './tokens';

export interface IntrospectDeps {
  readonly pool: OpenPool;
  readonly access: Access;
  readonly clients: Clients;
  verify(token: string, issuer: string): Promise<Claims | undefined>;
}

const INACTIVE = { active: false } as const;
/** The scope a client needs: who may ask can learn whose token it has found. */
const SCOPE = 'tokens:introspect';

type Introspect = Pick<Operations<typeof authRoutes>, 'introspectToken'>;

/**
 * RFC 7662 for the APIs behind the gateway: active is what the gateway would admit now, asked in the same way. Of another
 * organisation's token a client learns no more than of one that is none.
 */
export const introspect = (deps: IntrospectDeps): Introspect => ({
  async introspectToken(call) {
    const { body, clientAuth, publicUrl, origin, arrivedAtMs } = call;
    const client = await deps.clients.identify(call);
    if (client.kind !== 'confidential' || client.organisation === undefined)
      return invalidClient(clientAuth !== undefined);
    if (!client.scopes.includes(SCOPE))
      return refuse('forbidden', `the client needs the scope ${SCOPE}`, {
        extensions: { error: 'insufficient_scope' },
      });
    const { organisation } = client;
    // Servers ask for each of their requests: they spend their own limits, as if they had come with a token.
    const asking = await deps.access.admit({ kind: 'client', id: client.id, organisation }, origin, 1);
    try {
      const answer = isRefreshToken(body.token)
        ? await refreshToken(deps, body.token, { organisation, issuer: publicUrl, nowMs: arrivedAtMs })
        : await accessToken(deps, body.token, { organisation, issuer: publicUrl, origin });
      return new Answer(answer, limitHeaders(asking.limits, Date.now()));
    } finally {
      asking.leave();
    }
  },
});

async function accessToken(
  { verify, access }: IntrospectDeps,
  token: string,
  { organisation, issuer, origin }: { readonly organisation: string; readonly issuer: string; readonly origin: Origin },
) {
  const claims = await verify(token, issuer);
  if (claims?.org !== organisation) return INACTIVE;
  // The caller asks about somebody else: nothing of that one's limits is spent.
  const admission = await access.admit(bearerOf(claims), origin, 0).catch((error: unknown) => {
    if (error instanceof Refusal && error.code === 'unauthenticated') return undefined;
    throw error;
  });
  if (!admission) return INACTIVE;
  const { roles, plan, permissions } = admission.principal;
  const { ver: _, ...rest } = claims;
  return {
    active: true,
    token_type: 'Bearer' as const,
    ...rest,
    roles: [...roles],
    plan,
    scope: namesOf(permissions).join(' '),
  };
}

async function refreshToken(
  { pool }: IntrospectDeps,
  token: string,
  { organisation, issuer, nowMs }: { readonly organisation: string; readonly issuer: string; readonly nowMs: number },
) {
  const row = await findRefreshToken(statementsOn(pool), token);
  if (row?.organisation_id !== organisation || !('membership' in stateOf(row, nowMs))) return INACTIVE;
  const { client_id, user_id: sub, session_id: sid, ends_at } = row;
  return { active: true, client_id, sub, sid, org: organisation, iss: issuer, exp: secondsOf(ends_at) };
}
