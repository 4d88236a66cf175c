import { randomBytes } from 'node:crypto';
import { derivedBytes } from '../shared/credentials/derive';
import { type Claims, signToken } from '../shared/credentials/jwt';
import { ACCESS_TOKEN_SECONDS } from '../shared/credentials/lifetimes';
import { secondsOf } from './oauth';
import type { SigningKeys } from './signing-keys';

const TOKEN_BYTES = 32;
const REFRESH = 'ghr_';
const CODE = 'ghc_';

/** The first refresh token of a session: 256 random bits. */
export const newRefreshToken = (random = randomBytes): string => REFRESH + random(TOKEN_BYTES).toString('base64url');

/**
 * The token that follows this one. It is derived, so that whoever repeats a refresh gets the same one although only
 * digests are stored; nobody computes it without the pepper.
 */
export const successorOf = (token: string, pepper: string): string =>
  REFRESH + derivedBytes(pepper, ['refresh token', token], TOKEN_BYTES).toString('base64url');

export const newCode = (random = randomBytes): string => CODE + random(TOKEN_BYTES).toString('base64url');

export const isRefreshToken = (token: string): boolean => token.startsWith(REFRESH);

/** Whom an access token speaks for. */
export interface Bearer {
  readonly subject: string;
  readonly client: string;
  readonly organisation: string;
  readonly session?: string;
  readonly workspace?: string | undefined;
  readonly roles: readonly string[];
  readonly plan: string;
}

interface Signing {
  readonly keys: SigningKeys;
  readonly issuer: string;
  readonly nowMs: number;
  readonly id: string;
}

/** An access token of RFC 9068 for the APIs behind this gateway. */
export function accessToken(bearer: Bearer, { keys, issuer, nowMs, id }: Signing): string {
  const { subject, client, organisation, session, workspace, roles, plan } = bearer;
  const iat = secondsOf(nowMs);
  const claims: Claims = {
    iss: issuer,
    aud: issuer,
    sub: subject,
    client_id: client,
    iat,
    nbf: iat,
    exp: iat + ACCESS_TOKEN_SECONDS,
    jti: id,
    sid: session,
    org: organisation,
    ws: workspace,
    roles: [...roles],
    plan,
    ver: 1,
  };
  const { kid, privateKey } = keys.signing;
  return signToken(claims, kid, privateKey);
}
