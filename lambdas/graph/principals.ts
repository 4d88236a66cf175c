import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { namesOf } from '../shared/access/permissions';
import type { Principal } from '../shared/access/principal';
import { BoundedMap } from '../shared/bounded-map';
import { derivedBytes } from '../shared/credentials/derive';
import { wordsOf } from '../shared/credentials/subgraph-secret';
import type { SubgraphJwks } from './contract';

/** Tells subgraphs who asks: by a token that each verifies with our public key, and that is of no use anywhere else. */
export interface Principals {
  /** A token for this subgraph alone. */
  token(principal: Principal, subgraph: string, issuer: string): Promise<string>;
  jwks(): Promise<SubgraphJwks>;
}

interface PrincipalsOptions {
  /** What the keys are made of (credentials/subgraph-secret.ts); asked for when a key is needed. */
  secret(): Promise<string>;
  /** Milliseconds since 1970. */
  nowMs(): number;
}

const LIFE_SECONDS = 60;
/** A token is sent again while at least half of its life is left: signing takes more time than all else here. */
const REUSE_MS = (LIFE_SECONDS / 2) * 1_000;
const MOST_TOKENS = 1_000;
/** RFC 8725 section 3.11: no verifier of another kind of token takes this one for its own. */
const TYPE = 'principal+jwt';

export function principalsBy({ secret, nowMs }: PrincipalsOptions): Principals {
  const tokens = new BoundedMap<string, { readonly token: string; readonly signedAtMs: number }>(MOST_TOKENS);
  let made: { readonly of: string; readonly keys: readonly Key[] } | undefined;
  const keys = async () => {
    const text = await secret();
    if (made?.of !== text) made = { of: text, keys: wordsOf(text).map(keyOf) };
    return made.keys;
  };
  return {
    async token(principal, subgraph, issuer) {
      const claims = claimsOf(principal, subgraph, issuer);
      // All that it says: what the caller may do a moment later is another token.
      const name = JSON.stringify(claims);
      const kept = tokens.get(name);
      if (kept && nowMs() - kept.signedAtMs < REUSE_MS) return kept.token;
      const signedAtMs = nowMs();
      const iat = Math.floor(signedAtMs / 1_000);
      const [key] = await keys();
      if (!key) throw new Error('the secret of the key for subgraphs is empty');
      const token = signed(key, { ...claims, iat, exp: iat + LIFE_SECONDS });
      tokens.set(name, { token, signedAtMs });
      return token;
    },
    jwks: async () => ({ keys: (await keys()).map(({ jwk }) => jwk) }),
  };
}

/** @param scope what the caller may do everywhere in its organisation, as in RFC 8693 section 4.2 */
const claimsOf = ({ kind, id, organisation, workspace, roles, permissions }: Principal, aud: string, iss: string) => ({
  iss,
  aud,
  sub: id,
  kind,
  org: organisation,
  ...(workspace !== undefined && { ws: workspace }),
  roles,
  scope: namesOf(permissions).join(' '),
});

interface Key {
  readonly privateKey: KeyObject;
  readonly jwk: SubgraphJwks['keys'][number];
}

/** RFC 8410 section 7: what stands before the 32 bytes of an Ed25519 key in PKCS #8. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The same word gives the same key, so that nobody has to make one and write it back. */
function keyOf(word: string): Key {
  const seed = derivedBytes(word, ['subgraph principals'], 32);
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  const base = { crv: 'Ed25519', kty: 'OKP', x } as const;
  // RFC 7638: the members that make the key, in this order.
  const kid = createHash('sha256').update(JSON.stringify(base)).digest('base64url');
  return { privateKey, jwk: { ...base, kid, alg: 'EdDSA', use: 'sig' } };
}

const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');

function signed({ privateKey, jwk: { kid } }: Key, claims: object): string {
  const input = `${encode({ alg: 'EdDSA', typ: TYPE, kid })}.${encode(claims)}`;
  return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`;
}
