import { createPrivateKey, createPublicKey } from 'node:crypto';
import { living, type SigningKeys } from './secrets';

/** RFC 8037: the public part of an ed25519 key. */
export interface PublicSigningKey {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly kid: string;
  readonly alg: 'EdDSA';
  readonly use: 'sig';
}

/** What `v1a` is verified with at this time, the newest first (RFC 7517). */
export const publicKeysOf = (signing: SigningKeys, nowMs: number): { readonly keys: readonly PublicSigningKey[] } => ({
  keys: living(signing, nowMs).keys.map(({ id, privateKey }) => publicJwk(id, privateKey)),
});

function publicJwk(kid: string, privateKey: string): PublicSigningKey {
  const key = createPrivateKey({ key: Buffer.from(privateKey, 'base64'), format: 'der', type: 'pkcs8' });
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' });
  return { kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'EdDSA', use: 'sig' };
}
