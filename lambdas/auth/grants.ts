import type { Changes } from '../shared/access/change';
import { ACCESS_TOKEN_SECONDS } from '../shared/credentials/lifetimes';
import type { Call } from '../shared/http/route';
import type { Client, Clients } from './clients';
import type { Codes } from './codes';
import type { authRoutes } from './contract';
import type { Membership } from './membership';
import { FIRST_PARTY, needed, oauth } from './oauth';
import type { Refresh } from './refresh';
import { authorOf, deviceOf, type Granted, openSession } from './sessions';
import type { Passwords } from './sign-in';
import type { SigningKeys } from './signing-keys';
import { accessToken, newRefreshToken } from './tokens';

export interface GrantDeps {
  readonly passwords: Passwords;
  readonly clients: Clients;
  readonly codes: Codes;
  readonly refresh: Refresh;
  readonly changes: Changes;
  /** The keys in force. Rejects when the deployment has none yet. */
  keys(): Promise<SigningKeys>;
  readonly passwordGrant: boolean;
  now(): number;
  newId(): string;
}

type TokenCall = Call<(typeof authRoutes)['issueToken']>;

/** The token endpoint: one function a grant. */
export function grants(deps: GrantDeps) {
  const { passwords, clients, codes, refresh, changes, passwordGrant, now, newId } = deps;

  const sign = async (publicUrl: string, bearer: Parameters<typeof accessToken>[0]) => ({
    access_token: accessToken(bearer, { keys: await deps.keys(), issuer: publicUrl, nowMs: now(), id: newId() }),
    token_type: 'Bearer' as const,
    expires_in: ACCESS_TOKEN_SECONDS,
  });

  const answer = async ({ publicUrl }: TokenCall, client: Client, granted: Granted) => {
    const { membership, session, refreshToken } = granted;
    const { user: subject, ...rest } = membership;
    const signed = await sign(publicUrl, { ...rest, subject, client: client.id, session });
    return { ...signed, refresh_token: refreshToken, scope: membership.scope };
  };

  /** RFC 6749 section 4.3. First party only, and a stage may switch it off: RFC 9700 section 2.4 says why. */
  const password = async (call: TokenCall) => {
    const { body, origin } = call;
    if (!passwordGrant) return oauth('unsupported_grant_type', 'this grant type is not offered here');
    const client = await clients.identify(call);
    if (client.id !== FIRST_PARTY) return oauth('unauthorized_client', 'this grant is for our own client');
    const credentials = {
      ...body,
      email: needed(body.username, 'username'),
      password: needed(body.password, 'password'),
    };
    // Before anybody is signed in: without keys nothing can be issued.
    await deps.keys();
    const signedIn = await passwords.signIn(credentials, origin);
    const granted = signedIn && (await open(client, signedIn.membership, signedIn.passwordVersion, call));
    return answer(call, client, granted ?? oauth('invalid_grant', 'the username or the password is wrong'));
  };

  const open = async (client: Client, membership: Membership, passwordVersion: number, { origin }: TokenCall) => {
    const [session, refreshToken] = [newId(), newRefreshToken()];
    const author = authorOf(membership.user, membership.organisation, origin);
    const where = { device: deviceOf(origin), address: origin.sourceIp };
    const made = await changes.change(author, {}, (tx) =>
      openSession(tx, {
        id: session,
        membership,
        client: client.id,
        ...where,
        refreshToken,
        nowMs: now(),
        passwordVersion,
      }),
    );
    return made ? { membership, session, refreshToken } : undefined;
  };

  /** RFC 6749 section 4.4: a client for itself. No refresh token: it can always ask again. */
  const clientCredentials = async (call: TokenCall) => {
    const { body, origin, publicUrl } = call;
    const { organisation, ...client } = await clients.identify(call);
    if (client.kind === 'public' || organisation === undefined)
      return oauth('unauthorized_client', 'this grant is for confidential clients');
    const unknown = (body.scope ?? '').split(' ').filter((name) => name !== '' && !client.scopes.includes(name));
    if (unknown.length > 0) return oauth('invalid_scope', 'this is more than the client has');
    const { id, plan, scopes } = client;
    const signed = await sign(publicUrl, { subject: id, client: id, organisation, roles: [], plan });
    const author = { principal: { kind: 'client', id, organisation } as const, origin };
    await changes.change(author, {}, async (tx) => tx.audit({ action: 'token.issued', target: `client:${id}` }));
    return { ...signed, scope: scopes.join(' ') };
  };

  const grantTypes = new Map<
    string,
    (call: TokenCall) => ReturnType<typeof password> | ReturnType<typeof clientCredentials>
  >([
    ['password', password],
    ['client_credentials', clientCredentials],
    [
      'authorization_code',
      async (call) => {
        const client = await clients.identify(call);
        return answer(call, client, await codes.redeem(call, client));
      },
    ],
    [
      'refresh_token',
      async (call) => {
        const client = await clients.identify(call);
        return answer(call, client, await refresh(call, client));
      },
    ],
  ]);

  return {
    async issueToken(call: TokenCall) {
      const { grant_type, organisation, workspace } = call.body;
      const grant =
        grantTypes.get(grant_type) ?? oauth('unsupported_grant_type', 'this grant type is not offered here');
      if (grant_type !== 'password' && (organisation ?? workspace) !== undefined)
        oauth('invalid_request', 'organisation and workspace are chosen at sign-in');
      return grant(call);
    },
  };
}
