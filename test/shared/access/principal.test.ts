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

test('the list of role names is the table of roles', () => {
  expect([...ROLE_NAMES].toSorted()).toEqual(Object.keys(ROLES).toSorted());
});
