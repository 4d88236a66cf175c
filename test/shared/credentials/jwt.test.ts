import { createPrivateKey } from 'node:crypto';
import * as fc from 'fast-check';
import { createLocalJWKSet, importPKCS8, jwtVerify, SignJWT } from 'jose';
import { signToken, verifyToken } from '../../../lambdas/shared/credentials/jwt';
import { publicKeys } from '../../../lambdas/shared/credentials/key-ring';
import { goodClaims, ISSUER, jws, NOW_SECONDS, signer } from '../../support/tokens';

const { ring, kid, privateKey, keys } = signer();
const expected = { issuer: ISSUER, nowSeconds: NOW_SECONDS };
const header = { alg: 'RS256', typ: 'at+jwt', kid };
const ours = signToken(goodClaims, kid, privateKey);

test('a token of ours verifies here, with the claims it was signed with', () => {
  expect(verifyToken(ours, keys, expected)).toEqual({ ok: true, claims: goodClaims });
});

test('a token of ours verifies in jose with the published keys', async () => {
  const { payload, protectedHeader } = await jwtVerify(ours, createLocalJWKSet(publicKeys(ring)), {
    issuer: ISSUER,
    audience: ISSUER,
    typ: 'at+jwt',
    algorithms: ['RS256'],
    currentDate: new Date(NOW_SECONDS * 1000),
  });
  expect(payload).toEqual(goodClaims);
  expect(protectedHeader).toEqual(header);
});

test('a token that jose signs with our key verifies here', async () => {
  const key = await importPKCS8(ring.current.privateKey, 'RS256');
  const token = await new SignJWT({ ...goodClaims }).setProtectedHeader(header).sign(key);
  expect(verifyToken(token, keys, expected)).toEqual({ ok: true, claims: goodClaims });
});

test('claims that we do not know are not handed on', () => {
  const token = jws(JSON.stringify(header), JSON.stringify({ ...goodClaims, colour: 'gold' }), privateKey);
  expect(verifyToken(token, keys, expected)).toEqual({ ok: true, claims: goodClaims });
});

test('a token verifies from five seconds before its time to five seconds after, and no further', () => {
  const { nbf, exp } = goodClaims;
  const moments = [nbf - 6, nbf - 5, exp + 4, exp + 5];
  expect(moments.map((nowSeconds) => verifyToken(ours, keys, { ...expected, nowSeconds }).ok)).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test('the key that waits verifies too', () => {
  const waiting = signToken(goodClaims, ring.next.kid, createPrivateKey(ring.next.privateKey));
  expect(verifyToken(waiting, keys, expected)).toMatchObject({ ok: true });
});

describe('whatever arrives', () => {
  const part = fc.oneof(
    fc.base64String(),
    fc.json().map((json) => Buffer.from(json).toString('base64url')),
  );
  const arrivals = fc.oneof(
    fc.string(),
    fc.tuple(part, part, part).map((parts) => parts.join('.')),
  );

  test('verifying never throws', () => {
    fc.assert(fc.property(arrivals, (token) => !verifyToken(token, keys, expected).ok));
  });

  test('signed or not, a payload of another shape never throws and never passes', () => {
    fc.assert(
      fc.property(
        fc.json(),
        (payload) => !verifyToken(jws(JSON.stringify(header), payload, privateKey), keys, expected).ok,
      ),
      { numRuns: 30 },
    );
  });

  test('a changed character anywhere in a token makes it another token, which is refused', () => {
    const replaced = ours.split('').map((character, index) => {
      const other = character === 'A' ? 'B' : 'A';
      return ours.slice(0, index) + other + ours.slice(index + 1);
    });
    expect(replaced.filter((token) => verifyToken(token, keys, expected).ok)).toEqual([]);
  });
});
