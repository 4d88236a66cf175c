import { createPublicKey, verify } from 'node:crypto';
import { createRequire } from 'node:module';
import * as jose from 'jose';
import { bearerOf } from '../lambdas/authorizer/bearer-of';
import { open, verifyForeign } from '../lambdas/shared/credentials/foreign-token';
import type { IssuerRecord } from '../lambdas/shared/credentials/issuer';
import { settingsOf } from '../lambdas/shared/credentials/issuer-fields';
import { vetted } from '../lambdas/shared/credentials/jwk';
import { type Claims, signToken, verificationKeys, verifyToken } from '../lambdas/shared/credentials/jwt';
import { newRing, publicKeys, signingKey } from '../lambdas/shared/credentials/key-ring';
import { compare, say, type Work } from './measure';

const ISSUER = 'https://api.example.com';

/** Verifying one token of ours, RS256 with 2048 bits, as the authorizer does and as others do. */
export async function tokens(): Promise<void> {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const ring = newRing();
  const { kid, privateKey } = signingKey(ring);
  const jwks = publicKeys(ring);
  const claims: Claims = {
    iss: ISSUER,
    aud: ISSUER,
    sub: '0b7c1f5e-3c0d-4f6a-8d1e-2a9b6c4d5e6f',
    client_id: 'gatehouse',
    iat: nowSeconds,
    nbf: nowSeconds,
    exp: nowSeconds + 900,
    jti: '7d4f5a3e-9a41-4b0c-8a7e-6f1d2c3b4a59',
    sid: '5c1d0b52-3f0e-4d8f-9f2b-1a2b3c4d5e6f',
    org: '3f0c9a52-8a35-4f0e-9d0a-6f0f1f5f7c11',
    roles: ['viewer'],
    plan: 'free',
    ver: 1,
  };
  const token = signToken(claims, kid, privateKey);
  const known = verificationKeys(jwks);
  const expected = { issuer: ISSUER, nowSeconds };

  const [head = '', body = '', signature = ''] = token.split('.');
  const [input, bytes, publicKey] = [
    Buffer.from(`${head}.${body}`),
    Buffer.from(signature, 'base64url'),
    createPublicKey(privateKey),
  ];
  const joseKeys = jose.createLocalJWKSet({ keys: [...jwks.keys] });
  const joseExpects = { issuer: ISSUER, audience: ISSUER, typ: 'at+jwt', algorithms: ['RS256'] };

  const settings = settingsOf({
    kind: 'oidc',
    issuer: ISSUER,
    audience: ISSUER,
    roles: { claim: 'roles', map: { viewer: 'viewer' } },
  });
  const record: IssuerRecord = {
    entry: claims.jti,
    version: 1,
    settings,
    belongs: { organisation: claims.org },
    keys: vetted(jwks, 'RS256'),
    fetchedAtSeconds: nowSeconds,
    expiresAtSeconds: nowSeconds,
  };
  const foreign = () => {
    const opened = open(token);
    const result = opened && verifyForeign(opened, settings, (id) => known.get(id), nowSeconds);
    return result?.ok ? result.claims : fail();
  };

  const amazons = amazonVerifier(jwks, token);
  await compare('Verification of a token (RS256, 2048 bits)', [
    { name: 'crypto.verify alone: no parsing, no claims', work: () => verify('sha256', input, publicKey, bytes) },
    { name: 'Gatehouse: a token of its own', work: () => verifyToken(token, known, expected).ok || fail(), goal: 0.6 },
    { name: "Gatehouse: another issuer's", work: foreign, goal: 0.6 },
    { name: "Gatehouse: another issuer's, with its user and roles", work: () => bearerOf(record, foreign()) },
    ...(amazons ? [{ name: 'aws-jwt-verify', work: amazons }] : []),
    { name: 'jose', work: () => jose.jwtVerify(token, joseKeys, joseExpects) },
  ]);
  if (!amazons) say('  (aws-jwt-verify is not installed)\n');
}

const fail = (): never => {
  throw new Error('the token does not pass');
};

/** Where it is installed. */
function amazonVerifier(jwks: object, token: string): Work | undefined {
  try {
    const { JwtVerifier } = createRequire(__filename)('aws-jwt-verify');
    const verifier = JwtVerifier.create({ issuer: ISSUER, audience: ISSUER, jwksUri: `${ISSUER}/jwks` });
    verifier.cacheJwks(jwks);
    return () => verifier.verifySync(token);
  } catch {
    return undefined;
  }
}
