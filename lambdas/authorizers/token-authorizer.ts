import { type VerificationKeys, verifyToken } from '../shared/jwt';
import { credential, type Identify } from './answer';

export interface KeySource {
  /** The keys as known here; `fresh` asks the store again. */
  keys(fresh: boolean): Promise<VerificationKeys>;
  nowSeconds(): number;
}

const BEARER = /^Bearer ([\w.-]+)$/i;
/** However many tokens name a key that we do not know, the store is asked again at most this often. */
const REFRESH_SECONDS = 30;

/** Who bears an access token of ours. */
export function tokenIdentity({ keys, nowSeconds }: KeySource): Identify {
  let refreshedAt = Number.NEGATIVE_INFINITY;
  return async (event) => {
    const token = BEARER.exec(credential(event, 'authorization'))?.[1];
    const issuer = event.stageVariables?.publicUrl;
    if (!token || !issuer) return { refused: 'not a bearer token' };
    const expected = { issuer, nowSeconds: nowSeconds() };
    let result = verifyToken(token, await keys(false), expected);
    if (!result.ok && result.reason === 'unknown key' && expected.nowSeconds - refreshedAt >= REFRESH_SECONDS) {
      refreshedAt = expected.nowSeconds;
      result = verifyToken(token, await keys(true), expected);
    }
    if (!result.ok) return { refused: result.reason };
    const { sub, org, roles } = result.claims;
    return { kind: 'user', id: sub, organisation: org, roles };
  };
}
