import { type KeyObject, sign } from 'node:crypto';
import { type Claims, verificationKeys } from '../../lambdas/shared/credentials/jwt';
import { newRing, publicKeys, signingKey } from '../../lambdas/shared/credentials/key-ring';

export const ISSUER = 'https://api.example.com';
export const NOW_SECONDS = 1_800_000_000;

/** A ring of keys, and what verifies with it. */
export function signer() {
  const ring = newRing();
  return { ring, ...signingKey(ring), keys: verificationKeys(publicKeys(ring)) };
}

export const goodClaims: Claims = {
  iss: ISSUER,
  aud: ISSUER,
  sub: '0b7c1f5e-3c0d-4f6a-8d1e-2a9b6c4d5e6f',
  client_id: 'gatehouse',
  iat: NOW_SECONDS,
  nbf: NOW_SECONDS,
  exp: NOW_SECONDS + 900,
  jti: '7d4f5a3e-9a41-4b0c-8a7e-6f1d2c3b4a59',
  org: '3f0c9a52-8a35-4f0e-9d0a-6f0f1f5f7c11',
  sid: '5a3c1b9e-2d4f-4c8a-9b7e-1f2d3c4b5a69',
  roles: ['viewer'],
  plan: 'free',
  ver: 1,
};

export const base64url = (text: string | Buffer) => Buffer.from(text).toString('base64url');

/** A JWS with a right RS256 signature over whatever stands in its header and its payload. */
export function jws(header: string, payload: string | Buffer, privateKey: KeyObject): string {
  const input = `${base64url(header)}.${base64url(payload)}`;
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
}
