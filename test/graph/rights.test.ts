import type { Rule } from '../../lambdas/graph/execute/operation';
import { type Caller, textOfRules, unmetRules } from '../../lambdas/graph/rights';
import { NO_PERMISSIONS, permissionSet, ROLES, setOfRole } from '../../lambdas/shared/access/permissions';

const caller = (more: Partial<Caller> = {}): Caller => ({
  kind: 'user',
  roles: [],
  permissions: NO_PERMISSIONS,
  ...more,
});
const admin = caller({ roles: ['admin'], permissions: setOfRole('admin') });
const scopes = (...anyOf: string[][]): Rule => ({ kind: 'scopes', anyOf });
const policies = (...anyOf: string[][]): Rule => ({ kind: 'policies', anyOf });

test.each<[string, Rule, Caller | undefined, boolean]>([
  ['who is signed in is authenticated', { kind: 'authenticated' }, caller(), true],
  ['who is not is not', { kind: 'authenticated' }, undefined, false],
  ['who is not signed in holds nothing', scopes([]), undefined, false],
  ['a scope is a permission', scopes(['keys:read']), caller({ permissions: permissionSet(['keys:read']) }), true],
  ['another one is not it', scopes(['keys:write']), caller({ permissions: permissionSet(['keys:read']) }), false],
  ['all of an alternative count', scopes(['keys:read', 'audit:read']), admin, true],
  ['and no less', scopes(['keys:read', 'settings:read']), admin, false],
  ['one alternative is enough', scopes(['settings:read'], ['keys:read']), admin, true],
  ['no alternative is none that is met', scopes(), admin, false],
  ["a name that is no permission is nobody's", scopes(['toString']), admin, false],
  ['a policy is a role', policies(['admin']), admin, true],
  ['a role is not a scope', scopes(['admin']), admin, false],
  ["a key with less than its owner's role does not have it", policies(['admin']), keyOf(['graph:query']), false],
  ['a key with all of it does', policies(['admin']), keyOf(ROLES.admin), true],
  ['a role of the organisation counts', policies(['finance']), caller({ roles: ['finance'] }), true],
  ['but not for a key', policies(['finance']), caller({ kind: 'api_key', roles: ['finance'] }), false],
  ["an operator's role counts where it is in force", policies(['operator']), { ...admin, roles: ['operator'] }, false],
])('%s', (_, rule, who, isMet) => {
  expect(unmetRules({ rules: [rule] }, who)).toEqual(isMet ? [] : [rule]);
});

function keyOf(names: readonly string[]): Caller {
  return caller({ kind: 'api_key', roles: ['admin'], permissions: permissionSet(names) });
}

test('the same rules have the same name in whatever order they stand', () => {
  const rules = [scopes(['a'], ['b']), policies(['a']), scopes(['a', 'b'])];
  expect(textOfRules(rules)).toBe(textOfRules(rules.toReversed()));
  expect(textOfRules(rules)).not.toBe(textOfRules([scopes(['a'], ['b']), policies(['a'])]));
});
