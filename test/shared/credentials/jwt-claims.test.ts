import { verifyToken } from '../../../lambdas/shared/credentials/jwt';
import { goodClaims, ISSUER, jws, NOW_SECONDS, signer } from '../../support/tokens';

const { kid, privateKey, keys } = signer();
const HEADER = JSON.stringify({ alg: 'RS256', typ: 'at+jwt', kid });

/** What our own key signed: only a fault or a break-in puts these claims into a token. */
const verdict = (payload: string | Buffer) =>
  verifyToken(jws(HEADER, payload, privateKey), keys, { issuer: ISSUER, nowSeconds: NOW_SECONDS });
const withClaims = (claims: object) => verdict(JSON.stringify({ ...goodClaims, ...claims }));

test('the claims that every case changes pass as they are', () => {
  expect(withClaims({})).toMatchObject({ ok: true });
});

test.each([
  ['has expired', { iat: NOW_SECONDS - 905, nbf: NOW_SECONDS - 905, exp: NOW_SECONDS - 5 }],
  ['is not valid yet', { nbf: NOW_SECONDS + 6 }],
  ['was issued in the future', { iat: NOW_SECONDS + 6 }],
  ['lives longer than an hour', { exp: NOW_SECONDS + 3601 }],
  ['lives for years, by an issue date in the future', { iat: NOW_SECONDS + 1e9, exp: NOW_SECONDS + 1e9 + 900 }],
  ['never expires', { exp: undefined }],
  ['expires at a fraction of a second', { exp: NOW_SECONDS + 0.5 }],
  ['expires beyond the safe integers', { iat: 2 ** 53, exp: 2 ** 53 }],
  ['expires at a text', { exp: String(NOW_SECONDS + 900) }],
  ['expires at null', { exp: null }],
  ['is of another issuer', { iss: 'https://other.example.com' }],
  ['is of our issuer with a slash', { iss: `${ISSUER}/` }],
  ['is for another audience', { aud: 'https://other.example.com' }],
  ['is for a list of audiences', { aud: [ISSUER] }],
  ['has no issuer', { iss: undefined }],
  ['has a subject that is no id', { sub: 'admin' }],
  ['has an organisation that is no id', { org: 'acme' }],
  ['has no organisation', { org: undefined }],
  ['has a role that is a number', { roles: [1] }],
  ['is of another version', { ver: 2 }],
  ['has no plan', { plan: undefined }],
  ['has a session that is no id', { sid: 'sess_1' }],
  ['has its roles as text', { roles: 'admin' }],
  ['has an id that is a number', { jti: 1 }],
])('a token that %s is refused by its claims', (_, claims) => {
  expect(withClaims(claims)).toEqual({ ok: false, reason: 'claims' });
});

test.each([
  ['null', 'null'],
  ['a list', '[]'],
  ['text', '"claims"'],
  ['not JSON', '{"iss":'],
  ['not UTF-8', Buffer.from('{"iss":"\xFF"}', 'latin1')],
  ['the claims with a space at the end', `${JSON.stringify(goodClaims)} `],
  ['the claims with roles given twice', `{"roles":["admin"],${JSON.stringify(goodClaims).slice(1)}`],
  ['the claims with a number in another notation', JSON.stringify(goodClaims).replace(String(NOW_SECONDS), '18e8')],
])('a payload that is %s is refused by its claims', (_, payload) => {
  expect(verdict(payload)).toEqual({ ok: false, reason: 'claims' });
});
