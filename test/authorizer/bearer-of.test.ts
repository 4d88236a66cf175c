import * as fc from 'fast-check';
import { bearerOf, claimOf, rolesOf, userIdOf } from '../../lambdas/authorizer/bearer-of';
import type { IssuerRecord } from '../../lambdas/shared/credentials/issuer';
import { type IssuerFields, settingsOf } from '../../lambdas/shared/credentials/issuer-fields';
import type { Json } from '../../lambdas/shared/credentials/jws';
import { ORGANISATION } from '../support/event';

const ENTRY = '5c1d0b52-3f0e-4d8f-9f2b-1a2b3c4d5e6f';
const auth0: IssuerFields = {
  kind: 'auth0',
  issuer: 'https://acme.eu.auth0.com/',
  audience: 'api',
  defaultRoles: ['viewer'],
};
const clerk: IssuerFields = {
  kind: 'clerk',
  issuer: 'https://acme.clerk.accounts.dev',
  authorizedParties: ['https://app.acme.example'],
  roles: { map: { admin: 'admin', 'org:member': 'viewer' } },
};

const bearer = (fields: IssuerFields, all: Json = {}, change: Partial<IssuerRecord> = {}) =>
  bearerOf(
    {
      entry: ENTRY,
      version: 1,
      settings: settingsOf(fields),
      belongs: { organisation: ORGANISATION },
      keys: [],
      fetchedAtSeconds: 0,
      expiresAtSeconds: 0,
      ...change,
    },
    { iss: fields.issuer, sub: 'auth0|42', iat: 1000, exp: 2000, all },
  );

test('whoever bears a token is a user of the organisation that trusts its issuer, the same at every token', () => {
  expect(bearer(auth0, { email: 'ada@acme.example', name: 'Ada' })).toEqual({
    kind: 'user',
    id: userIdOf(ORGANISATION, auth0.issuer, 'auth0|42'),
    organisation: ORGANISATION,
    token: undefined,
    expiresAtSeconds: 2000,
    external: {
      entry: ENTRY,
      issuer: auth0.issuer,
      subject: 'auth0|42',
      roles: ['viewer'],
      issuedAtSeconds: 0,
      email: 'ada@acme.example',
      name: 'Ada',
    },
  });
});

describe('a user’s id', () => {
  test('is a UUID of version 8', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (issuer, subject) =>
        /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(
          userIdOf('stage', issuer, subject),
        ),
      ),
    );
  });

  test('is another for another subject, issuer, or organisation that trusts the issuer', () => {
    const ids = [
      userIdOf(ORGANISATION, 'a', 'bc'),
      userIdOf(ORGANISATION, 'ab', 'c'),
      userIdOf(ENTRY, 'a', 'bc'),
      userIdOf('stage', 'a', 'bc'),
    ];
    expect(new Set(ids).size).toBe(4);
  });
});

test.each([
  ['has the value', { org_id: 'org_abc' }, undefined],
  ['has another value', { org_id: 'org_other' }, 'required claim'],
  ['is missing', {}, 'required claim'],
  ['is a list', { org_id: ['org_abc'] }, 'required claim'],
])('where a claim is required, a token whose claim %s', (_, claims, refused) => {
  const found = bearer({ ...auth0, requiredClaim: { claim: 'org_id', value: 'org_abc' } }, claims);
  expect('refused' in found ? found.refused : undefined).toBe(refused);
});

describe('an issuer of the stage', () => {
  const belongs = { organisations: { map: { org_a: ORGANISATION } } };
  const ofStage = { entry: 'stage', belongs };

  test.each([
    ['Auth0', auth0, { org_id: 'org_a' }],
    ['Clerk, version 2', clerk, { o: { id: 'org_a', rol: 'admin' } }],
    ['Clerk, version 1', clerk, { org_id: 'org_a', org_role: 'org:admin' }],
  ])('finds the organisation in what %s says', (_, fields, claims) => {
    expect(bearer(fields, claims, ofStage)).toMatchObject({
      organisation: ORGANISATION,
      id: userIdOf('stage', fields.issuer, 'auth0|42'),
      external: expect.not.objectContaining({ entry: expect.anything() }),
    });
  });

  test.each([{}, { org_id: 'org_b' }, { org_id: '__proto__' }, { org_id: 'toString' }, { org_id: ['org_a'] }])(
    'gives %j no organisation',
    (claims) => {
      expect(bearer(auth0, claims, ofStage)).toEqual({ refused: 'no organisation' });
    },
  );

  test('may name another claim', () => {
    const named = { organisations: { claim: 'https://acme.example/tenant', map: { a: ORGANISATION } } };
    expect(bearer(auth0, { 'https://acme.example/tenant': 'a' }, { entry: 'stage', belongs: named })).toMatchObject({
      organisation: ORGANISATION,
    });
  });
});

const roles = (fields: Partial<IssuerFields>, claims: Json) => rolesOf(settingsOf({ ...auth0, ...fields }), claims);
const map = { Admin: 'admin', 'read:all': 'viewer', constructor: 'api_user' };

test.each<[string, Partial<IssuerFields>, Json, readonly string[]]>([
  ['in a list', { roles: { claim: 'groups', map } }, { groups: ['Admin', 'read:all'] }, ['admin', 'viewer']],
  ['as one text', { roles: { claim: 'role', map } }, { role: 'Admin' }, ['admin']],
  ['as a text that only contains a role', { roles: { claim: 'role', map } }, { role: 'not Admin' }, ['viewer']],
  ['in a scope, among others', { roles: { claim: 'scope', map } }, { scope: 'openid Admin' }, ['admin']],
  [
    'under a name with dots',
    { roles: { claim: 'https://a.example/roles', map } },
    { 'https://a.example/roles': ['Admin'] },
    ['admin'],
  ],
  ['inside others', { roles: { claim: 'realm_access.roles', map } }, { realm_access: { roles: ['Admin'] } }, ['admin']],
  ['in Auth0’s permissions', { roles: { map } }, { permissions: ['Admin'] }, ['admin']],
  ['in version 2 of Clerk', clerk, { o: { rol: 'admin' } }, ['admin']],
  ['in version 1 of Clerk', clerk, { org_role: 'org:admin' }, ['admin']],
  ['in version 1 of Clerk, with its prefix in the map', clerk, { org_role: 'org:member' }, ['viewer']],
  ['in version 2 of Clerk, with the prefix in the map', clerk, { o: { rol: 'member' } }, ['viewer']],
  ['that the map does not have', { roles: { claim: 'groups', map } }, { groups: ['Owner', 1, null] }, ['viewer']],
  ['that every object has', { roles: { claim: 'groups', map } }, { groups: ['toString', '__proto__'] }, ['viewer']],
  ['twice', { roles: { claim: 'groups', map } }, { groups: ['Admin', 'Admin'] }, ['admin']],
  ['nowhere', { roles: { claim: 'groups', map } }, {}, ['viewer']],
])('roles named %s', (_, fields, claims, expected) => {
  expect(roles({ ...fields, defaultRoles: ['viewer'] }, claims)).toEqual(expected);
});

test('who has not finished signing in to Clerk does not get in', () => {
  expect(bearer(clerk, { o: { rol: 'admin' }, sts: 'pending' })).toEqual({ refused: 'pending session' });
  expect(bearer(clerk, { o: { rol: 'admin' }, sts: 'active' })).toMatchObject({ kind: 'user' });
});

test('who has no role at all does not get in', () => {
  expect(bearer({ ...clerk }, { o: { rol: 'guest' } })).toEqual({ refused: 'no role' });
});

test('roles that the issuer names are as new as the token; default ones change nothing later', () => {
  expect(bearer(clerk, { o: { rol: 'admin' } })).toMatchObject({ external: { issuedAtSeconds: 1000 } });
  expect(bearer(auth0)).toMatchObject({ external: { issuedAtSeconds: 0 } });
});

test.each([
  ['an address that the issuer has not verified', { email: 'a@b.example', email_verified: false }],
  ['no address', { email: 'ada' }],
  ['an address with a NUL', { email: 'a\0@b.example' }],
  ['an address that is an object', { email: {} }],
])('%s is left out', (_, claims) => {
  expect(bearer(auth0, claims)).toMatchObject({ external: { email: undefined } });
});

test.each([
  ['a name with a newline', { name: 'a\nb' }],
  ['a name as long as a book', { name: 'x'.repeat(201) }],
])('%s is left out', (_, claims) => {
  expect(bearer(auth0, claims)).toMatchObject({ external: { name: undefined } });
});

test('only what a token itself holds is a claim of it', () => {
  expect(['toString', '__proto__', 'constructor.name', 'a.length'].map((path) => claimOf({ a: 'text' }, path))).toEqual(
    [undefined, undefined, undefined, undefined],
  );
});
