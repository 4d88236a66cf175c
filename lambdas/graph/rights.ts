import { holds, isPermission, isRole, isWithin, setOfRole } from '../shared/access/permissions';
import type { Principal } from '../shared/access/principal';
import type { Operation, Rule } from './execute/operation';

/** Who asks, as far as the schema's rules are about it; nobody where no one has signed in. */
export type Caller = Pick<Principal, 'kind' | 'permissions' | 'roles'>;

const NONE: readonly Rule[] = [];

/** The rules of an operation that its caller does not meet. */
export const unmetRules = ({ rules }: Pick<Operation, 'rules'>, caller?: Caller): readonly Rule[] =>
  rules ? rules.filter((rule) => !isMet(rule, caller)) : NONE;

/** Scopes are permissions, policies are roles. A name that nobody can hold is one that nobody meets. */
function isMet(rule: Rule, caller: Caller | undefined): boolean {
  if (!caller) return false;
  if (rule.kind === 'authenticated') return true;
  const has = rule.kind === 'scopes' ? hasScope : hasRole;
  return rule.anyOf.some((all) => all.every((name) => has(caller, name)));
}

const hasScope = ({ permissions }: Caller, name: string): boolean => isPermission(name) && holds(permissions, name);

/**
 * A key has the roles of its owner, and its scopes may be less; an operator's role counts in one organisation alone. A role
 * of the house counts where all that it holds is there. What a role of an organisation's own holds is not known here, so
 * that a key never has one.
 */
function hasRole({ kind, roles, permissions }: Caller, name: string): boolean {
  if (!roles.includes(name)) return false;
  return isRole(name) ? isWithin(setOfRole(name), permissions) : kind !== 'api_key';
}

/** The same text for the same rules, in whatever order they stand. */
export const textOfRules = (rules: readonly Rule[]): string => rules.map(textOfRule).toSorted().join(' ');
export const textOfRule = (rule: Rule): string =>
  rule.kind === 'authenticated' ? rule.kind : `${rule.kind}${JSON.stringify(rule.anyOf)}`;
