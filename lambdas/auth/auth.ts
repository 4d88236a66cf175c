import type { KeyObject } from 'node:crypto';
import { refuse } from '../shared/errors';
import { type Jwks, signToken } from '../shared/jwt';
import { ACCESS_TOKEN_SECONDS } from '../shared/lifetimes';
import { checkPassword } from '../shared/passwords';
import type { Operations } from '../shared/route';
import type { authRoutes } from './contract';
import type { Login, Users } from './users';

export interface SigningKeys {
  readonly signing: { readonly kid: string; readonly privateKey: KeyObject };
  readonly published: Jwks;
}

export interface AuthDeps {
  readonly users: Users;
  /** The keys in force. Rejects when the deployment has none yet. */
  keys(): Promise<SigningKeys>;
  readonly passwordGrant: boolean;
  nowSeconds(): number;
  newId(): string;
}

/** The client of RFC 9068's `client_id`: our own, the only one that may use the password grant. */
const FIRST_PARTY = 'gatehouse';

/** An error of RFC 6749 section 5.2. */
const oauth = (error: string, detail: string) => refuse('bad_request', detail, { extensions: { error } });

export const auth = ({ users, keys, passwordGrant, nowSeconds, newId }: AuthDeps): Operations<typeof authRoutes> => ({
  async issueToken({ body: { grant_type, username, password }, publicUrl, origin }) {
    if (grant_type !== 'password' || !passwordGrant)
      return oauth('unsupported_grant_type', 'this grant type is not offered here');
    if (username === undefined || password === undefined)
      return oauth('invalid_request', 'username and password are needed');
    const { userId, membership } = await signIn(users, username, password);
    const session = await users.openSession(userId, membership.organisation, FIRST_PARTY, origin);
    const { kid, privateKey } = (await keys()).signing;
    const iat = nowSeconds();
    const access_token = signToken(
      {
        iss: publicUrl,
        aud: publicUrl,
        sub: userId,
        client_id: FIRST_PARTY,
        iat,
        nbf: iat,
        exp: iat + ACCESS_TOKEN_SECONDS,
        jti: newId(),
        sid: session,
        org: membership.organisation,
        roles: membership.roles,
        plan: membership.plan,
        ver: 1,
      },
      kid,
      privateKey,
    );
    return { access_token, token_type: 'Bearer', expires_in: ACCESS_TOKEN_SECONDS };
  },

  async getJwks() {
    return (await keys()).published;
  },
});

/** One answer, after the same work, for an unknown user, a wrong password and a user without an organisation. */
async function signIn(users: Users, email: string, password: string) {
  const login: Login | undefined = await users.login(email);
  const right = await checkPassword(password, login?.passwordHash);
  if (!login?.membership || !right) return oauth('invalid_grant', 'the username or the password is wrong');
  return { userId: login.userId, membership: login.membership };
}
