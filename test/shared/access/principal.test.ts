import * as fc from 'fast-check';
import { ROLE_NAMES, ROLES } from '../../../lambdas/shared/access/permissions';
import { type Identity, identityOf } from '../../../lambdas/shared/access/principal';
import { event, principal } from '../../support/event';

const contextOf = (authorizer: Record<string, unknown>) => ({
  ...event({ resource: '/' }).requestContext,
  authorizer: { principalId: 'user-1', ...authorizer },
});
const good = { kind: 'user', organisation: '3f0c9a52-8a35-4f0e-9d0a-6f0f1f5f7c11' };
const ID = '0b7c1f5e-3c0d-4f6a-8d1e-2a9b6c4d5e6f';

const ours: Identity = {
  kind: 'user',
  id: ID,
  organisation: good.organisation,
  workspace: ID,
  session: ID,
  token: ID,
  expiresAtSeconds: 1_800_000_000,
};

test.each([
  ['a user of an external issuer', principal('admin', 'viewer')],
  ['a session of ours', ours],
  ['an API key', { kind: 'api_key', id: 'ab'.repeat(8), organisation: good.organisation } as const],
])('what an authorizer hands on of %s is what the function reads', (_, sent) => {
  expect(identityOf(event({ resource: '/', principal: sent }).requestContext)).toEqual(sent);
});

test.each([
  ['no organisation', { ...good, organisation: undefined }],
  ['an organisation that is no id', { ...good, organisation: 'acme' }],
  ['a session that is no id', { ...good, session: 'mine' }],
  ['an unknown kind', { ...good, kind: 'robot' }],
  ['an empty id', { ...good, principalId: '' }],
])('a context with %s is no identity', (_, authorizer) => {
  expect(identityOf(contextOf(authorizer))).toBeUndefined();
  expect(identityOf(contextOf(good))).toBeDefined();
});

const read = (authorizer: Record<string, unknown>) =>
  identityOf({ ...event({ resource: '/' }).requestContext, authorizer });

test('what is read without the schema is what the schema reads', () => {
  const uuid = fc.oneof(fc.uuid(), fc.constantFrom(undefined, ID.toUpperCase(), `${ID}0`, 7, null));
  const context = fc.record({
    kind: fc.constantFrom('user', 'api_key', 'client', 'robot', undefined),
    principalId: fc.constantFrom('user-1', '', 3, undefined),
    organisation: uuid,
    workspace: uuid,
    session: uuid,
    token: fc.constantFrom(undefined, ID, 'x', 3),
    expires: fc.constantFrom(undefined, '1800000000', '0', '1.5', '-1', 'soon', '', 1_800_000_000, true),
  });
  fc.assert(
    // With an issuer whose user is not named it is nobody's but ours, and the schema reads it.
    fc.property(context, (found) => expect(read(found)).toEqual(read({ ...found, issuer: 'https://issuer.example' }))),
    { numRuns: 2_000 },
  );
  expect(read({ ...good, principalId: ID, expires: '1800000000' })?.expiresAtSeconds).toBe(1_800_000_000);
});

test('the list of role names is the table of roles', () => {
  expect([...ROLE_NAMES].toSorted()).toEqual(Object.keys(ROLES).toSorted());
});
