import { type VerificationKeys, verifyToken } from '../shared/jwt';
import { credential, type Identify } from './answer';
import { knownKeys } from './known-keys';

export interface KeySource {
  /** Asks the store for the keys in force. */
  readKeys(): Promise<VerificationKeys>;
  nowSeconds(): number;
}

const BEARER = /^Bearer ([\w.-]+)$/i;

/** Who bears an access token of ours. */
export function tokenIdentity({ readKeys, nowSeconds }: KeySource): Identify {
  const keys = knownKeys(readKeys, nowSeconds);
  return async (event) => {
    const token = BEARER.exec(credential(event, 'authorization'))?.[1];
    const issuer = event.stageVariables?.publicUrl;
    if (!token || !issuer) return { refused: 'not a bearer token' };
    const expected = { issuer, nowSeconds: nowSeconds() };
    let result = verifyToken(token, await keys(false), expected);
    if (!result.ok && result.reason === 'unknown key') result = verifyToken(token, await keys(true), expected);
    if (!result.ok) return { refused: result.reason };
    const { sub, org, roles } = result.claims;
    return { kind: 'user', id: sub, organisation: org, roles };
  };
}
