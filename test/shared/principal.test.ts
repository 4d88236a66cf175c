import { ROLE_NAMES, ROLES } from '../../lambdas/shared/permissions';
import { principalOf } from '../../lambdas/shared/principal';
import { event, principal } from '../support/event';

const contextOf = (authorizer: Record<string, unknown>) => ({
  ...event({ resource: '/' }).requestContext,
  authorizer: { principalId: 'user-1', ...authorizer },
});
const good = { kind: 'user', organisation: '3f0c9a52-8a35-4f0e-9d0a-6f0f1f5f7c11', roles: 'viewer' };

test('what an authorizer hands on is what the function reads', () => {
  const sent = principal('admin', 'viewer');
  expect(principalOf(event({ resource: '/', principal: sent }).requestContext)).toEqual(sent);
});

test.each([
  ['no organisation', { ...good, organisation: undefined }],
  ['an organisation that is no id', { ...good, organisation: 'acme' }],
  ['an unknown role', { ...good, roles: 'viewer root' }],
  ['an unknown kind', { ...good, kind: 'robot' }],
  ['an empty id', { ...good, principalId: '' }],
])('a context with %s is no principal', (_, authorizer) => {
  expect(principalOf(contextOf(authorizer))).toBeUndefined();
  expect(principalOf(contextOf(good))).toBeDefined();
});

test('the list of role names is the table of roles', () => {
  expect([...ROLE_NAMES].toSorted()).toEqual(Object.keys(ROLES).toSorted());
});
