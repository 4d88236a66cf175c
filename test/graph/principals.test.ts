import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { principalsBy } from '../../lambdas/graph/principals';
import { NO_PERMISSIONS, setOfRole } from '../../lambdas/shared/access/permissions';
import type { Principal } from '../../lambdas/shared/access/principal';
import { PUBLISHED_BEFORE_SECONDS, turned } from '../../lambdas/shared/credentials/subgraph-secret';

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

function given(secret = 'word') {
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

test('the secret is not read before a token is needed', async () => {
  const { reads, tokenOf } = given();
  expect(reads()).toBe(0);
  await tokenOf();
  expect(reads()).toBe(1);
});

describe('a turn of the keys', () => {
  const LONG_AGO = 10 * PUBLISHED_BEFORE_SECONDS;
  const turns = ['word'];
  for (const fresh of ['second', 'third', 'fourth', 'fifth']) turns.push(turned(turns.at(-1) ?? '', fresh, LONG_AGO));

  test('publishes a key before it signs, and as long after', () => {
    expect(turns).toEqual(['word', 'word second', 'second third word', 'third fourth second', 'fourth fifth third']);
  });

  test('is refused to nobody: a token verifies with the keys of the turn before and of the one after', async () => {
    for (const [index, text] of turns.entries()) {
      const token = await given(text).tokenOf();
      for (const other of [turns[index - 1], text, turns[index + 1]])
        if (other !== undefined) expect((await given(other).verify(token)).payload).toMatchObject({ sub: caller.id });
    }
  });

  test('is refused while somebody may not know the next key', () => {
    expect(() => turned('a b c', 'd', 10)).toThrow(/^rotate again in 595 s$/);
    expect(turned('a', 'b', 10)).toBe('a b');
  });

  test('is taken up by who has signed with the key before', async () => {
    let text = turns[1] ?? '';
    const now = { ms: Date.parse('2026-01-01T00:00:00Z') };
    const principals = principalsBy({ secret: async () => text, nowMs: () => now.ms });
    const kidOf = async () => decodeProtectedHeader(await principals.token(caller, 'news', ISSUER)).kid;
    const before = await kidOf();
    text = turns[2] ?? '';
    now.ms += 60_000;
    expect(await kidOf()).not.toBe(before);
    expect((await principals.jwks()).keys.map(({ kid }) => kid)).toContain(before);
  });
});

test('a secret without a word signs nothing', async () => {
  await expect(given(' ').tokenOf()).rejects.toThrow('is empty');
});
