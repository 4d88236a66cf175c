import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { principalsBy } from '../../lambdas/graph/principals';
import { NO_PERMISSIONS, setOfRole } from '../../lambdas/shared/access/permissions';
import type { Principal } from '../../lambdas/shared/access/principal';

const ISSUER = 'https://api.example.com';
const caller: Principal = {
  kind: 'user',
  id: '11111111-1111-4111-8111-111111111111',
  organisation: '22222222-2222-4222-8222-222222222222',
  roles: ['viewer'],
  permissions: setOfRole('viewer'),
  grants: [],
  plan: 'free',
  organisationPlan: 'free',
};

function given(secret = 'a secret') {
  const clock = { nowMs: Date.parse('2026-01-01T00:00:00Z') };
  let reads = 0;
  const read = async () => {
    reads += 1;
    return secret;
  };
  const { token, jwks } = principalsBy({ secret: read, nowMs: () => clock.nowMs });
  const tokenOf = (subgraph = 'news', principal = caller) => token(principal, subgraph, ISSUER);
  const verify = async (text: string, audience = 'news') =>
    jwtVerify(text, createLocalJWKSet(await jwks()), {
      audience,
      issuer: ISSUER,
      typ: 'principal+jwt',
      algorithms: ['EdDSA'],
      currentDate: new Date(clock.nowMs),
    });
  return { clock, jwks, tokenOf, verify, reads: () => reads };
}

test('a token says who asks, and is good for a minute', async () => {
  const { clock, tokenOf, verify } = given();
  const token = await tokenOf();
  const iat = clock.nowMs / 1_000;
  expect((await verify(token)).payload).toEqual({
    iss: ISSUER,
    aud: 'news',
    sub: caller.id,
    kind: 'user',
    org: caller.organisation,
    roles: ['viewer'],
    scope: 'graph:query account:read account:write organisations:read workspaces:read',
    iat,
    exp: iat + 60,
  });
  clock.nowMs += 60_000;
  await expect(verify(token)).rejects.toThrow('exp');
});

test('a token is for one subgraph alone', async () => {
  const { tokenOf, verify } = given();
  await expect(verify(await tokenOf('other'))).rejects.toThrow('aud');
});

test('a token is sent again for half of its life, and for the same rights alone', async () => {
  const { clock, tokenOf } = given();
  const first = await tokenOf();
  clock.nowMs += 29_999;
  expect(await tokenOf()).toBe(first);
  const less = await tokenOf('news', { ...caller, roles: [], permissions: NO_PERMISSIONS });
  expect(decodeJwt(less)).toMatchObject({ roles: [], scope: '' });
  clock.nowMs += 1;
  expect(await tokenOf()).not.toBe(first);
});

test('the key is made of the secret: the same in every environment, another for another secret', async () => {
  const [one, same, other] = await Promise.all([given(), given(), given('another')].map(({ jwks }) => jwks()));
  expect(one).toEqual(same);
  expect(one).not.toEqual(other);
  expect(JSON.stringify(one)).not.toContain('"d"');
  await expect(given('another').verify(await given().tokenOf())).rejects.toThrow();
});

test('the secret is read once, and not before a token is needed', async () => {
  const { reads, tokenOf, jwks } = given();
  expect(reads()).toBe(0);
  await tokenOf('a');
  await tokenOf('b');
  await jwks();
  expect(reads()).toBe(1);
});
